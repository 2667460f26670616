from __future__ import annotations

from math import inf

from sealock.rules.kit import UNKNOWN, Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man


class SettingNotInForce(Rule[Enforced]):
    """Sysctl or ulimit differs from its declaration.

    The engine keeps what the container was started with. A parameter of its namespaces may have been written since, by
    a process with the right to, or from the host; a process's limits may have been raised (`prlimit`), and so may the
    protection from the out-of-memory killer. What a program lowers for itself is its own affair and not told.
    """

    id = "K017"
    keywords = ("sysctl", "ulimit", "oom_score_adj")
    severity = Severity.MEDIUM
    references = (cis_docker("5.19"), man("getrlimit", 2), man("sysctl", 8))
    remedy = "Start the container anew, and find out who changed it: the engine does not."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"sysctls": [{"name": "net.ipv4.ip_forward", '
            '"value": "0"}]}, "effective": {}, "process": {"pid": 7, "sysctls": [["net.ipv4.ip_forward", "1"]]}}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"ulimits": [{"name": "nofile", "soft": 100, '
            '"hard": 200}]}, "effective": {}, "process": {"pid": 7, "limits": [["nofile", 100, -1]]}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"ulimits": [{"name": "nofile", "soft": 100, '
            '"hard": 200}], "sysctls": [{"name": "net.ipv4.ip_forward", "value": "0"}]}, "effective": {}, '
            '"process": {"pid": 7, "limits": [["nofile", 50, 200]], "sysctls": [["net.ipv4.ip_forward", "0"]]}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        declared, process = enforced.declared, enforced.process
        shown = dict(given(process.sysctls, ()))
        for one in given(declared.sysctls, ()):
            there, asked = shown.get(one.name), " ".join(one.value.split())
            if there is None:
                yield self.skip(f"the kernel parameter {one.name} could not be read")
            elif there != asked:
                yield self.finding(f"should have {one.name} = {asked}, and has {there}", evidence=one.name)
        limits = {name: hard for name, _, hard in given(process.limits, ())}
        for limit in given(declared.ulimits, ()):
            hard = limits.get(limit.name)
            if hard is None:
                yield self.skip(f"the limit {limit.name} could not be read")
            elif _number(hard) > _number(limit.hard):
                words = f"may raise {limit.name} to {_said(hard)}, and should stop at {_said(limit.hard)}"
                yield self.finding(words, evidence=limit.name)
        asked_score, score = declared.oom_score_adj, process.oom_score_adj
        if isinstance(asked_score, int) and score is UNKNOWN:
            yield self.skip("its place with the out-of-memory killer could not be read")
        elif isinstance(asked_score, int) and not isinstance(score, Absent) and score < asked_score:
            words = f"has an oom_score_adj of {score}, and should have {asked_score}: others are ended before it"
            yield self.finding(words, evidence="oom_score_adj", severity=Severity.LOW)


def _number(limit: int) -> float:
    """A limit, -1 being none."""
    return inf if limit < 0 else limit


def _said(limit: int) -> str:
    return "no end" if limit < 0 else str(limit)

from __future__ import annotations

from math import inf

from sealock.rules.kit import UNKNOWN, Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man


class SettingNotInEffect(Rule[Enforced]):
    """Sysctl or ulimit differs from its declaration.

    Since the container started, a process with the right to, or a user of the host, has changed a sysctl of its
    namespaces, raised a ulimit (`prlimit`) or lowered oom_score_adj. A limit that a program lowers for itself is not
    reported.
    """

    id = "K017"
    keywords = ("sysctl", "ulimit", "oom_score_adj")
    severity = Severity.MEDIUM
    references = (cis_docker("5.19"), man("getrlimit", 2), man("sysctl", 8))
    remedy = "Restart the container, and find out who changed it: the engine does not."
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
        sysctls = dict(given(process.sysctls, ()))
        for sysctl in given(declared.sysctls, ()):
            actual, expected = sysctls.get(sysctl.name), " ".join(sysctl.value.split())
            if actual is None:
                yield self.skip(f"the sysctl {sysctl.name} could not be read")
            elif actual != expected:
                yield self.finding(f"should have {sysctl.name} = {expected}, but has {actual}", evidence=sysctl.name)
        limits = {name: hard for name, _, hard in given(process.limits, ())}
        for limit in given(declared.ulimits, ()):
            hard = limits.get(limit.name)
            if hard is None:
                yield self.skip(f"the ulimit {limit.name} could not be read")
            elif _number(hard) > _number(limit.hard):
                message = f"can raise {limit.name} to {_text(hard)}, but its ulimit is {_text(limit.hard)}"
                yield self.finding(message, evidence=limit.name)
        expected_score, score = declared.oom_score_adj, process.oom_score_adj
        if isinstance(expected_score, int) and score is UNKNOWN:
            yield self.skip("oom_score_adj could not be read")
        elif isinstance(expected_score, int) and not isinstance(score, Absent) and score < expected_score:
            message = (
                f"should have oom_score_adj {expected_score}, but has {score}: the OOM killer prefers other processes"
            )
            yield self.finding(message, evidence="oom_score_adj", severity=Severity.LOW)


def _number(limit: int) -> float:
    """A limit for comparison; -1 means unlimited."""
    return inf if limit < 0 else limit


def _text(limit: int) -> str:
    return "unlimited" if limit < 0 else str(limit)

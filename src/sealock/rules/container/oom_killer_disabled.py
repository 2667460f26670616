from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs, given


class OomKillerDisabled(Rule[Container]):
    """OOM killer is disabled or biased away from the container.

    When memory runs out, the OOM killer stops a process. With oom_kill_disable or a strongly negative oom_score_adj it
    spares this container, however much memory it uses, and stops the host's own services; without a memory limit the
    whole host can hang. Set a memory limit and leave the choice to the kernel.
    """

    id = "C034"
    keywords = ("OOM killer", "OOM", "oom_score_adj", "oom_kill_disable")
    severity = Severity.MEDIUM
    reads = ("oom_kill_disable", "oom_score_adj")
    separate = True
    references = (
        cwe(770),
        docker_docs("engine/containers/resource_constraints/#understand-the-risks-of-running-out-of-memory"),
    )
    remedy = "Remove the setting, and limit the container's memory."
    bad = (
        "docker run --oom-kill-disable alpine",
        "docker run --oom-score-adj -1000 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    oom_kill_disable: true\n    mem_limit: 1g\n",
    )
    good = (
        "docker run --oom-score-adj 500 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    oom_score_adj: -100\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        limited = given(container.memory, 0) > 0
        if container.oom_kill_disable is True:
            yield self.finding(
                "disables the OOM killer, so it hangs when its memory runs out"
                if limited
                else "disables the OOM killer without a memory limit: the host hangs or kills other processes",
                "oom_kill_disable",
                fix=Set("oom_kill_disable", UNSET),
                severity=Severity.LOW if limited else Severity.MEDIUM,
            )
        score = given(container.oom_score_adj, 0)
        if score <= -500:
            yield self.finding(
                f"makes the OOM killer choose other processes first (oom_score_adj {score})",
                "oom_score_adj",
                fix=Set("oom_score_adj", UNSET),
                severity=Severity.LOW if limited else Severity.MEDIUM,
            )

from __future__ import annotations

from sealock.model.container import Restart
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class RestartUnlimited(Rule[Container]):
    """Unlimited restart policy.

    A container that crashes on every start restarts for ever: it fills the log, hides the fault, and gives an attacker
    who guesses memory addresses another try. `on-failure:5` gives up after five. It does not start the container when
    the host boots, so keep `unless-stopped` where you want that, and monitor the restarts.
    """

    id = "C043"
    keywords = ("restart policy", "restart: always")
    severity = Severity.LOW
    pedantic = True
    reads = ("restart",)
    references = (cis_docker("5.15"), docker_docs("engine/containers/start-containers-automatically/"))
    remedy = "Use on-failure:5, or monitor how often the container restarts."
    bad = (
        "docker run --restart always alpine",
        "docker run --restart on-failure alpine",
        "services:\n  app:\n    image: alpine:3.20\n    restart: unless-stopped\n",
    )
    good = ("docker run --restart on-failure:5 alpine", "docker run alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        restart = container.restart
        if not isinstance(restart, Restart) or restart.policy in {"no", ""}:
            return
        tries = restart.retries or 0
        if restart.policy != "on-failure" or not 0 < tries <= 10:
            limit = f"up to {tries} times" if restart.policy == "on-failure" and tries else "without a limit"
            yield self.finding(
                f"restarts {limit} ({restart.policy})", "restart", fix=Set("restart", Restart("on-failure", 5))
            )

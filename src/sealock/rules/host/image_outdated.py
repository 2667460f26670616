from __future__ import annotations

from sealock.rules.commands import quoted
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, given


class ImageOutdated(Rule[Host]):
    """Container runs an outdated image.

    The tag was pulled or rebuilt, but the container was not recreated: what the new image fixes is still vulnerable in
    the container, although `docker image ls` shows the new image.
    """

    id = "H023"
    keywords = ("outdated image", "outdated", "image", "pull")
    severity = Severity.MEDIUM
    reads = ("outdated",)
    references = (cis_docker("5.28"),)
    remedy = "Recreate the container from its tag (`docker compose up -d`, or `docker rm` and `docker run`)."
    fixable = False
    bad = ('{"observed": {"host": {"outdated": [["web", "nginx:1.27"]]}}}',)
    good = ('{"observed": {"host": {"outdated": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for name, image in given(host.outdated, ()):
            yield self.finding(
                f"runs {quoted(name)} from an older image than {quoted(image)} now is", evidence=f"{name} {image}"
            )

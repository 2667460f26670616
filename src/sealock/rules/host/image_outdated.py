from __future__ import annotations

from sealock.rules.host._commands import shown
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, given


class ImageOutdated(Rule[Host]):
    """Container runs an outdated image.

    Somebody pulled or built the tag anew, and the container was not made anew with it: what was mended in the image is
    still open in the container, and `docker image ls` shows the new one.
    """

    id = "H023"
    keywords = ("outdated image", "outdated", "image", "pull")
    severity = Severity.MEDIUM
    reads = ("outdated",)
    references = (cis_docker("5.28"),)
    remedy = "Make the container anew from its tag (`docker compose up -d`, or `docker rm` and `docker run`)."
    fixable = False
    bad = ('{"observed": {"host": {"outdated": [["web", "nginx:1.27"]]}}}',)
    good = ('{"observed": {"host": {"outdated": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for name, image in given(host.outdated, ()):
            yield self.finding(
                f"runs {shown(name)} from an older image than {shown(image)} names by now", evidence=f"{name} {image}"
            )

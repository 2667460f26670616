"""Links to other containers."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.change import Remove
from sealock.model.container import Container
from sealock.model.finding import Fault, Severity
from sealock.rules.container._networks import on_default_bridge
from sealock.rules.references import cwe, docker_docs
from sealock.rules.rule import Rule


class LegacyLink(Rule[Container]):
    """Legacy link joins two containers.

    On the default bridge a link copies all environment variables of the other container into this one, its secrets too,
    and goes stale when the other restarts. On a user-defined network containers find each other by name, so links are
    not needed: `docker network create app`, then `--network app` for both. The services of a compose project share
    such a network already.
    """

    id = "C055"
    severity = Severity.LOW
    reads = ("links",)
    references = (cwe(497), docker_docs("engine/network/links/"))
    remedy = "Let both join a user-defined network (docker network create app; --network app), and drop the link."
    bad = (
        "docker run --link db:database alpine",
        "services:\n  db:\n    image: postgres:16\n  app:\n    image: alpine:3.20\n    links: [db]\n",
    )
    good = (
        "docker run --network app alpine",
        "services:\n  db:\n    image: postgres:16\n  app:\n    image: alpine:3.20\n    depends_on: [db]\n",
    )
    mends = False

    def check(self, container: Container, /) -> Iterator[Fault]:
        """Look at each link; where a network serves already, one that gives no other name can go without harm."""
        served = not on_default_bridge(container)
        for index, link in enumerate(given(container.links, ())):
            plain = link.alias == link.target
            yield self.fault(
                f"is linked to {link.target}"
                + ("" if served else ", and is given all of its environment variables, secrets included"),
                ("links", index),
                mend=Remove("links", link) if served and plain else (),
                safe=served and plain,
                severity=Severity.INFO if served else Severity.LOW,
                remedy=""
                if plain or not served
                else f"Give {link.target} the network alias {link.alias}, and drop the link.",
            )

from __future__ import annotations

from sealock.model.change import Change
from sealock.model.container import Link, Network
from sealock.model.project import Service
from sealock.rules.container._networks import on_default_bridge
from sealock.rules.kit import Add, Iterator, On, Project, Remove, Rule, RuleFinding, Severity, cwe, docker_docs, given


class LegacyLink(Rule[Project]):
    """Legacy --link between containers.

    On the default bridge a link copies all environment variables of the other container into this one, including
    secrets, and breaks when the other restarts. On a user-defined network containers find each other by name, so links
    are not needed: `docker network create app`, then `--network app` for both. The services of a compose project share
    a network already.
    """

    id = "P012"
    keywords = ("--link", "link", "links", "legacy")
    severity = Severity.LOW
    references = (cwe(497), docker_docs("engine/network/links/"))
    remedy = "Let both join a user-defined network (docker network create app; --network app), and remove the link."
    bad = (
        "docker run -d --name db postgres:16\ndocker run -d --link db alpine\n",
        "docker run -d --name db postgres:16\ndocker run -d --link db:database alpine\n",
        "services:\n  db:\n    image: postgres:16\n  app:\n    image: alpine:3.20\n    links: [db]\n",
    )
    good = (
        "docker run --network app alpine",
        "services:\n  db:\n    image: postgres:16\n  app:\n    image: alpine:3.20\n    depends_on: [db]\n",
    )

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        named: dict[str, Service] = {}
        for service in project.services:
            for name in (service.name, service.container.name):
                if isinstance(name, str):
                    named.setdefault(name, service)
        for service in project.services:
            for index, link in enumerate(given(service.container.links, ())):
                bridge = on_default_bridge(service.container)
                aliased = link.alias != link.target
                yield self.finding(
                    f"links {service.name} to {link.target}"
                    + (", and copies the other's environment variables into it, including secrets" if bridge else ""),
                    ("services", service.name, "links", index),
                    fix=_fix(project, service, link, named.get(link.target)),
                    severity=Severity.LOW if bridge else Severity.INFO,
                    # Compose starts what is linked first, as it does what the service depends on.
                    safe=not bridge and not aliased and any(link.target == on.service for on in service.depends_on),
                    remedy=_remedy(service, link, project) if not bridge else "",
                )
            for index, name in enumerate(service.external_links):
                yield self.finding(
                    f"links {service.name} to {name or 'a container'} outside the project",
                    ("services", service.name, "external_links", index),
                    remedy="Let both join an external network.",
                )


def _remedy(service: Service, link: Link, project: Project) -> str:
    """What keeps the name and the order of start that a link of a compose service gives."""
    if project.kind != "compose":
        return (
            f"Give {link.target} the network alias {link.alias}, and remove the link."
            if link.alias != link.target
            else ""
        )
    steps = [f"give {link.target} the network alias {link.alias}"] if link.alias != link.target else []
    if not any(link.target == on.service for on in service.depends_on):
        steps.append(f"name {link.target} under depends_on, which starts it first")
    *first, last = [*steps, "remove the link"]
    text = f"{', '.join(first)}, and {last}" if first else last
    return f"{text[0].upper()}{text[1:]}."


def _fix(project: Project, service: Service, link: Link, other: Service | None) -> tuple[Change, ...]:
    """Remove the link if both containers share a network that resolves the linked name, or can join one."""
    drop = On(service.subject, Remove("links", link))
    if other is None:
        return ()
    aliases = () if link.alias == link.target else (link.alias,)
    bridged = [on_default_bridge(each.container) for each in (service, other)]
    if project.kind == "compose":
        return () if any(bridged) or aliases else (drop,)
    if other.container.name != link.target or not all(bridged):
        return ()
    return (
        On(other.subject, Add("networks", Network("app", aliases))),
        On(service.subject, Add("networks", Network("app"))),
        drop,
    )

"""A network of a service's own in its project: with the services that it talks to, and away from all others.

It leaves each network on which others are too, and those that it talks to join the new one. Who talks to it is what
the file says (dependencies, links, names in settings) and what the profile saw it connect to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from msgspec import Struct

from sealock.model.absent import UNSET, given
from sealock.model.change import FieldChange, On, Set
from sealock.model.container import Container, Network
from sealock.model.profile import ContactedAddress, Profile
from sealock.model.project import Project, Service
from sealock.rules.project._members import networks_of, refers_to  # the rules know which service is on which network


class OwnNetwork(Struct, frozen=True):
    """The network of a service, the services that join it, the networks that it leaves, and the changes that do so.

    `name` is "" where it has one already, or where none can be given: `why` says then what speaks against it.
    """

    name: str = ""
    peers: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    changes: tuple[FieldChange | On, ...] = ()
    why: str = ""


def own_network(project: Project, subject: str, profile: Profile) -> OwnNetwork:
    """What gives a service of a compose project a network of its own."""
    service = next((service for service in project.services if service.subject == subject), None)
    if service is None or project.kind != "compose":
        return OwnNetwork()
    others = tuple(other for other in project.services if other is not service)
    names = {contact.name for contact in profile.contacted if contact.name}
    peers = tuple(other for other in others if _talks(service, other, names))
    shared = {network.name for network in project.networks if network.external}
    left = tuple(
        network
        for network in networks_of(service)
        if network not in shared and any(network in networks_of(other) and other not in peers for other in others)
    )
    if not left:
        return OwnNetwork()
    if why := _unknown(service, others, profile):
        return OwnNetwork(why=f"it is on {_listed(left)} with services that it may need: {why}")
    kept = {network for network in networks_of(service) if network not in left}
    joining = [
        other
        for other in peers
        if not kept.intersection(networks_of(other)) and {*left}.intersection(networks_of(other))
    ]
    name = _free(service.name, project)
    changes: list[FieldChange | On] = [Set("networks", _joined(service, left, name, stays=False))]
    changes += [On(other.subject, Set("networks", _joined(other, left, name, stays=True))) for other in joining]
    return OwnNetwork(name, tuple(other.name for other in joining), left, tuple(changes))


def shares_default(asked: Container) -> bool:
    """Whether it joins the engine's default network, and names neither a network nor a container there."""
    return asked.network_mode is UNSET and not given(asked.networks, ()) and not given(asked.links, ())


def _talks(service: Service, other: Service, names: Iterable[str]) -> bool:
    return (
        refers_to(service, other.name) or refers_to(other, service.name) or any(_means(other, name) for name in names)
    )


def _means(service: Service, name: str) -> bool:
    """Whether a name that was looked up, or of a container on its networks, is that of a service."""
    container = service.container
    known = {service.name, container.name, container.hostname}
    known.update(alias for network in given(container.networks, ()) for alias in network.aliases)
    # Compose names the containers of "db" PROJECT-db-1, and older versions PROJECT_db_1.
    composed = name.rstrip("0123456789")
    return name in known or (composed != name and composed.endswith((f"-{service.name}-", f"_{service.name}_")))


def _unknown(service: Service, others: tuple[Service, ...], profile: Profile) -> str:
    """What is not known of whom it talks to, "" for nothing."""
    container = service.container
    unseen = sorted({run.mechanism for run in profile.runs} & {"log", "notify"})
    if unseen or any("address" in lost for run in profile.runs for lost in run.lost):
        return "the profile does not show all that it connected to"
    if nameless := next((contact.address for contact in profile.contacted if _is_nameless(contact)), ""):
        return f"the profile has no name for {nameless}"
    listens = any(port.protocol != "unix" for port in profile.ports)
    if listens and not container.ports and not any(refers_to(other, service.name) for other in others):
        return f"it listens, and no service names {service.name}"
    return ""


def _is_nameless(contact: ContactedAddress) -> bool:
    """Whether it is an address within networks that no name is known of."""
    if contact.name:
        return False
    try:
        address = ip_address(contact.address)
    except ValueError:
        return False
    return address.is_private and not (address.is_loopback or address.is_unspecified)


def _joined(service: Service, left: tuple[str, ...], name: str, *, stays: bool) -> tuple[Network, ...]:
    """The networks of a service with the new one, in which it has the names that it had on those that are left."""
    before = given(service.container.networks, ()) or tuple(map(Network, networks_of(service)))
    aliases = dict.fromkeys(alias for network in before if network.name in left for alias in network.aliases)
    return (*(network for network in before if stays or network.name not in left), Network(name, tuple(aliases)))


def _free(name: str, project: Project) -> str:
    """A network's name that the project does not use."""
    used = {network.name for network in project.networks}
    used.update(network for service in project.services for network in networks_of(service))
    return next(free for free in _names(name) if free not in used)


def _names(name: str) -> Iterator[str]:
    yield from (name, f"{name}-own")
    number = 2
    while True:
        yield f"{name}-own{number}"
        number += 1


def _listed(names: tuple[str, ...]) -> str:
    return f"network {names[0]}" if len(names) == 1 else f"networks {', '.join(names)}"

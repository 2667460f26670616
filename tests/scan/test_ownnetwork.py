"""A service gets a network of its own with those that it talks to, and stays where that is not known."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.model.container import Container
from sealock.model.location import Source
from sealock.model.profile import ContactedAddress, LearningRun, ListeningPort
from sealock.model.project import Project
from sealock.scan.ownnetwork import OwnNetwork, own_network
from sealock.scan.settingtexts import change_settings
from support.profiles import web

PROXY = "  proxy:\n    image: p\n    ports: ['80:80']\n    depends_on: [app]\n"
APP = "  app:\n    image: a\n    environment:\n      DB: postgres://db:5432/x\n"
DB = "  db:\n    image: d\n"
CACHE = "  cache:\n    image: c\n"
TALK = f"services:\n{PROXY}{APP}{DB}{CACHE}"
FRONT_BACK = (
    f"services:\n{PROXY}    networks: [front]\n{APP}    networks:\n      front:\n        aliases: [api]\n      back:\n{DB}"
    f"    networks: [back]\n{CACHE}    networks: [front]\nnetworks:\n  front:\n  back:\n"
)


def own(text: str, name: str, *contacted: ContactedAddress, **changes: object) -> tuple[OwnNetwork, str]:
    """What is decided for a service, and the text then; each change can be written."""
    source = Source("compose.yaml", text)
    document = formats.read("compose", source)
    (project,) = [subject.noun for subject in document.subjects if isinstance(subject.noun, Project)]
    profile = web(**{"contacted": contacted, **changes})
    decided = own_network(project, f"service {name}", profile)
    changed, _ = change_settings(source, name, lambda _container: decided.changes)
    assert changed.left == ()
    again = formats.read("compose", Source("compose.yaml", changed.text))
    assert again.errors == ()
    (project,) = [subject.noun for subject in again.subjects if isinstance(subject.noun, Project)]
    # What it has then is its own: nothing more is to be changed.
    assert own_network(project, f"service {name}", profile).changes == ()
    return decided, changed.text


def members(text: str) -> dict[str, set[str]]:
    """The services on each network of a text."""
    document = formats.read("compose", Source("compose.yaml", text))
    on: dict[str, set[str]] = {}
    for subject in document.subjects:
        if isinstance(subject.noun, Container):
            for network in subject.noun.networks or ():  # type: ignore[union-attr]  # they are known
                on.setdefault(network.name, set()).add(subject.name.removeprefix("service "))
    return on


NOTHING = ContactedAddress("tcp", "127.0.0.1", 80)


@pytest.mark.parametrize(
    ("text", "name", "contacted", "expected"),
    [
        # Who depends on it, and whose settings name it.
        (TALK, "app", NOTHING, {"app": {"app", "proxy", "db"}, "default": {"proxy", "db"}}),
        (TALK, "proxy", NOTHING, {"proxy": {"proxy", "app"}, "default": {"app"}}),
        (TALK, "db", NOTHING, {"db": {"db", "app"}, "default": {"app"}}),
        # What the profile saw: a name that it asked for, or that of a container, of compose's old and new form.
        (TALK, "db", ContactedAddress("tcp", "172.18.0.9", 6379, "cache"),
         {"db": {"db", "app", "cache"}, "default": {"app", "cache"}}),
        (TALK, "db", ContactedAddress("tcp", "172.18.0.9", 6379, "sealock-learn-1f-cache-1"),
         {"db": {"db", "app", "cache"}, "default": {"app", "cache"}}),
        (TALK, "db", ContactedAddress("tcp", "172.18.0.9", 6379, "x_cache_2"),
         {"db": {"db", "app", "cache"}, "default": {"app", "cache"}}),
        (TALK, "db", ContactedAddress("tcp", "172.18.0.9", 6379, "other"), {"db": {"db", "app"}, "default": {"app"}}),
        # A network with nobody else on it stays, and its name is not taken again.
        (FRONT_BACK, "app", NOTHING, {"app": {"app", "proxy"}, "back": {"app", "db"}, "front": {"proxy", "cache"}}),
        (FRONT_BACK.replace("back", "app"), "app", NOTHING,
         {"app-own": {"app", "proxy"}, "app": {"app", "db"}, "front": {"proxy", "cache"}}),
        (FRONT_BACK.replace("back", "app") + "  app-own:\n", "app", NOTHING,
         {"app-own2": {"app", "proxy"}, "app": {"app", "db"}, "front": {"proxy", "cache"}}),
        (FRONT_BACK.replace("back", "app") + "  app-own:\n  app-own2:\n", "app", NOTHING,
         {"app-own3": {"app", "proxy"}, "app": {"app", "db"}, "front": {"proxy", "cache"}}),
    ],
)  # fmt: skip
def test_those_that_talk_share_a_network(
    text: str, name: str, contacted: ContactedAddress, expected: dict[str, set[str]]
) -> None:
    decided, changed = own(text, name, contacted)
    assert decided.why == ""
    assert members(changed) == expected
    assert ("        aliases: [api]" in text) == ("          - api" in changed or "aliases: [api]" in changed)


@pytest.mark.parametrize(
    ("text", "name", "changes", "why"),
    [
        (TALK, "cache", {}, "it listens, and no service names cache"),
        (TALK, "db", {"contacted": (ContactedAddress("tcp", "10.1.2.3", 80),)}, "the profile has no name for 10.1.2.3"),
        (TALK, "db", {"runs": (LearningRun(mechanism="log"),)}, "does not show all that it connected to"),
        (TALK, "db", {"runs": (LearningRun(lost=("addresses beyond 20000",)),)}, "does not show all"),
    ],
)
def test_what_is_not_known_keeps_a_service_where_it_is(
    text: str, name: str, changes: dict[str, object], why: str
) -> None:
    decided, changed = own(text, name, **changes)
    assert why in decided.why
    assert changed == text


@pytest.mark.parametrize(
    "text",
    [
        f"services:\n{DB}",
        f"services:\n{APP}{DB}",
        f"services:\n{DB}    network_mode: none\n{CACHE}",
        f"services:\n{DB}    network_mode: host\n{CACHE}",
        f"services:\n{DB}    networks: [o]\n{CACHE}    networks: [o]\nnetworks:\n  o:\n    external: true\n",
    ],
)
def test_nothing_changes_where_nobody_else_is_or_the_file_says_which_network(text: str) -> None:
    assert own(text, "db") == (OwnNetwork(), text)


def test_a_service_without_a_port_leaves_all_others() -> None:
    _, changed = own(TALK, "cache", NOTHING, ports=(ListeningPort("unix", 0),))
    assert members(changed) == {"cache": {"cache"}}

"""Values of a create body that Podman reads as words of its own command line, and gives more for than Docker does.

Podman makes of each value what `podman create` would get: of a volume's path an argument of -v, of a mount one of
--mount, of a namespace one that may name any file of the host, of a Dockerfile's name a list or an address. So only
the words that both know pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sealock.guard.decision.case import Case
from sealock.guard.decision.jsonvalues import as_objects, text_of

_MODES: Final[Mapping[str, frozenset[str]]] = {
    "PidMode": frozenset({"", "host", "private", "container:"}),
    "IpcMode": frozenset({"", "host", "none", "private", "shareable", "container:"}),
    "UTSMode": frozenset({"", "host", "private"}),
    "UsernsMode": frozenset({"", "host", "private", "auto", "auto:", "keep-id", "keep-id:", "nomap"}),
    "CgroupnsMode": frozenset({"", "host", "private"}),
}
"""The modes of namespaces; a colon stands for any word that follows."""
_BIND_OPTIONS: Final = frozenset({
    "", "ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated", "bind", "rbind", "nosuid", "nodev",
    "noexec", "private", "rprivate", "slave", "rslave", "shared", "rshared",
})  # fmt: skip
_PLAIN: Final = "name one that `docker run` knows, or leave it out"


def check_words(case: Case, body: Mapping[str, Any], host: Mapping[str, Any]) -> None:
    """Deny what Podman would read as more than the guard does."""
    for key, known in _MODES.items():
        if not (mode := text_of(host, key) if key in host else ""):
            continue
        kind, colon, _ = mode.partition(":")
        if kind + colon not in known:
            case.deny("G004", f"{key} {host[key][:60]!r} is no mode that the guard knows", _PLAIN)
    for path in body.get("Volumes") or ():
        if ":" in path:
            why = f"the volume at {path[:80]!r} has a colon, before which Podman reads a path of the host"
            case.deny("G004", why, "name the path in the container alone")
    for text in host.get("Binds", ()):
        _, _, options = text.partition(":")[2].partition(":")
        if unknown := set(options.split(",")) - _BIND_OPTIONS:
            case.deny("G004", f"a bind has the option {min(unknown)[:60]!r}, which the guard does not know", _PLAIN)
    for mount in host.get("Mounts", ()):
        if any("," in text for text in _texts(mount)):
            target = text_of(mount, "Target")[:80]
            why = f"the mount at {target!r} has a comma, after which Podman reads another option"
            case.deny("G004", why, "name paths without commas")
    if (path := host.get("ContainerIDFile")) and _is_podman(case):
        why = f"names the file {path[:80]!r} for the container's id, which Podman removes with the container"
        case.deny("G006", why, "leave ContainerIDFile out: docker run --cidfile writes the file itself")
    if "keep-groups" in host.get("GroupAdd", ()) and "C047" not in case.setting.accept:
        why = "Process belongs to a privileged group: keep-groups gives it those of Podman itself"
        case.deny("C047", why, "name the groups that the program needs")
    check_variables(case, body)


def check_variables(case: Case, body: Mapping[str, Any]) -> None:
    """Deny variables without a value where the engine is Podman, which takes them from its own environment."""
    names = [text for text in body.get("Env", ()) if text and "=" not in text]
    if names and _is_podman(case):
        why = f"the variable {names[0][:60]!r} has no value, so Podman would give the one of its own environment"
        case.deny("G004", why, f"write {names[0][:60]}=VALUE")


def check_dockerfile(case: Case, name: str) -> None:
    """Deny names of a Dockerfile that Podman reads as a list of names, as an address, or as input of a preprocessor."""
    plain = name.strip().lower()
    if plain.startswith(("[", "http:", "https:")) or plain in {"null", '""'} or plain.endswith(".in"):
        why = f"the Dockerfile's name {name[:60]!r} stands for something else where the engine is Podman"
        case.deny("G004", why, "give the file another name, without .in at its end")


def _is_podman(case: Case) -> bool:
    """Whether the engine is Podman; false while that is not known."""
    parts = as_objects((case.engine("/version") or {}).get("Components"))
    return any(text_of(part, "Name") == "Podman Engine" for part in parts)


def check_namespaces(case: Case, host: Mapping[str, Any]) -> None:
    """Deny a container that exists and is in a namespace which a path of the host names."""
    for key in (*_MODES, "NetworkMode"):
        if text_of(host, key).startswith("ns:"):
            why = f"Container joins another container's namespace: {key} {host[key][:60]!r}, by a path of the host"
            case.deny("C024", why, "use another container")


def _texts(value: Any) -> Iterable[str]:  # noqa: ANN401  a JSON value
    """The strings of a mount, but for its labels and the options of its driver, which become no words."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, element in value.items():
            if key not in {"Labels", "DriverConfig"}:
                yield from _texts(element)

"""Recognizes commands of container engines: the engine, the verb, and the start of the arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.location import Place
from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily

ENGINES: Final = ("docker", "podman", "nerdctl")
_GLOBAL_OPTIONS: Final = {
    "docker": frozenset({
        "-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey",
    }),
    "podman": frozenset({
        "--url", "--connection", "-c", "--identity", "--root", "--runroot", "--runtime", "--runtime-flag",
        "--storage-driver", "--storage-opt", "--log-level", "--cgroup-manager", "--conmon", "--events-backend",
        "--hooks-dir", "--module", "--namespace", "--network-cmd-path", "--network-config-dir", "--ssh", "--tmpdir",
        "--volumepath", "--imagestore", "--default-mounts-file", "--out",
    }),
    "nerdctl": frozenset({
        "-a", "--address", "-H", "--host", "-n", "--namespace", "--snapshotter", "--storage-driver", "--cgroup-manager",
        "--cni-path", "--cni-netconfpath", "--data-root", "--hosts-dir", "--host-gateway-ip", "--bridge-ip",
    }),
}  # fmt: skip
"""Global options of the engine that take the next word."""
_COMPOSE_OPTIONS: Final = frozenset({
    "-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory", "--ansi", "--progress",
    "--parallel",
})  # fmt: skip
"""Options of Compose, before its verb, that take the next word."""
_COMPOSE: Final = {"docker-compose": "docker", "podman-compose": "podman"}
"""The programs that are Compose, and the engines that they talk to."""
_NETWORK_OPTIONS: Final = frozenset({
    "-d", "--driver", "--aux-address", "--config-from", "--gateway", "--ip-range", "--ipam-driver", "--ipam-opt",
    "--label", "-o", "--opt", "--scope", "--subnet", "--dns", "--interface-name", "--route",
})  # fmt: skip


_CHOSEN: Final = r"(?:sudo[ \t]+(?:-\w+[ \t]+)*)?(?:[\w./~-]*/)?(docker|podman|nerdctl)(?:\.exe)?"
_CHOICES: Final = tuple(
    compile_lazily(pattern, re.DOTALL)
    for pattern in (
        rf"\s*{_CHOSEN}\s*",
        rf"\$\{{\w+:?[-=]{_CHOSEN}\}}",
        rf"(?:\$\(|`).{{0,200}}?\b(?:which|command -v|type -[pP])[ \t]+{_CHOSEN}\b.{{0,200}}[)`]",
        rf"\$[({{](?:or|if)[ \t].{{0,200}},[ \t]*{_CHOSEN}[ \t]*[)}}]",
    )
)
"""Values of a variable that stands for an engine: its name, a default, what is looked up here, or what make chooses."""
_LOOKED_UP: Final = compile_lazily(r"^(?:which|command -v|type -p) +")
_VARIABLE: Final = compile_lazily(r"[\"']?\$(?:\w+|[({]\w+(?::?[-=?][^{}$`]*)?[)}])[\"']?|\$?\{\{[^{}]{1,100}\}\}")
"""A word that is a variable, or what a template engine fills in."""
_PART: Final = compile_lazily(r"[A-Z]?[a-z]+|[A-Z]+")
_OTHER_TOOLS: Final = frozenset({"compose", "machine", "hub", "kube", "k8s", "kubectl"})
_ENGINE_PARTS: Final = frozenset({"engine", "container", "containers", "oci", "runtime", "cre"})
"""Parts of the name of a variable that stands for an engine, whichever it is."""
_ONLY_ENGINES: Final = frozenset({
    "--privileged", "--network", "--net", "--pid", "--ipc", "--uts", "--userns", "--cgroupns", "--security-opt",
    "--mount", "--device", "--gpus", "--tmpfs", "--read-only", "--memory", "--memory-swap", "--cpus", "--pids-limit",
    "--add-host", "--hostname", "--shm-size", "--ulimit", "--log-driver", "--log-opt", "--cap-add", "--cap-drop",
    "--volumes-from", "--cidfile", "--sysctl", "--group-add",
})  # fmt: skip
"""Options of `run` that only engines have: neither Compose nor kubectl, uv or any other program with a verb `run`."""
_STARTS: Final = frozenset({"run", "create", "container"})
_RUNNER: Final = compile_lazily(
    r"(?=(?:\w*+[./-])*+[^\WA-Za-z]*+[A-Za-z]\w*+$)(?!(?:.*/)?(?:echo|e?print\w*|puts|cat|say|log|info|warn\w*|error|fatal|die|fail|msg|note|debug|e?grep|rg|ag|sed|awk"
    r"|man|which|type|alias|complete|test|\[+|for|case|p?kill\w*|pgrep|ps|apt\S*|yum|dnf|apk|pip\S*|brew|snap"
    r"|systemctl|service|usermod|gpasswd|groupadd|chown|docker\S*|podman\S*|nerdctl)$)"
)
"""The name of a command, without those whose arguments are never a command that they run."""
EngineVerb: TypeAlias = Literal[
    "run", "create", "exec", "update", "build", "service create", "service update", "compose run", "compose exec"
]
"""The verbs that say what a container gets."""
_VERBS: Final[dict[tuple[str, ...], EngineVerb]] = {
    ("run",): "run",
    ("create",): "create",
    ("exec",): "exec",
    ("update",): "update",
    ("build",): "build",
    ("container", "run"): "run",
    ("container", "create"): "create",
    ("container", "exec"): "exec",
    ("container", "update"): "update",
    ("image", "build"): "build",
    ("builder", "build"): "build",
    ("buildx", "build"): "build",
    ("buildx", "b"): "build",
    ("service", "create"): "service create",
    ("service", "update"): "service update",
    ("compose", "run"): "compose run",
    ("compose", "exec"): "compose exec",
}


class EngineCall(Struct, frozen=True, gc=False):
    """The engine and verb of a command, and the indices of the engine's word and of the verb's last.

    `guessed` where a variable that could be any program stands for the engine.
    """

    engine: str
    verb: EngineVerb
    engine_at: int
    verb_at: int
    guessed: bool = False


class CreatedNetwork(Struct, frozen=True, gc=False):
    """A network that a command creates."""

    name: str
    place: Place
    internal: bool


def parse_engine_call(command: Command) -> EngineCall | None:
    """The engine and verb of a command that says what a container gets, else None."""
    found = _find_verb(command)
    if found is None:
        return None
    engine, engine_at, at = found
    words = command.words
    if composes := (words[at].text == "compose" or at == engine_at):
        at = _after_options(words, at + 1, _COMPOSE_OPTIONS)
    texts = (*(("compose",) if composes else ()), *(word.text for word in words[at : at + 2]))[:2]
    count = 1 if texts[:1] in _VERBS else 2
    verb = _VERBS.get(texts[:count])
    last = at + count - 1 - composes
    if verb is None or (last + 1 < len(words) and words[last + 1].text.startswith("[")):
        return None  # "docker run [OPTIONS] IMAGE" explains the command
    word = words[engine_at]
    return EngineCall(engine, verb, engine_at, last, guessed=not word.literal and not engine_of(word))


def unknown_verb(command: Command) -> int:
    """The index of the word that stands where an engine's verb does and is not known; 0 where there is none."""
    words = command.words
    engine = engine_of(words[0]) if words and words[0].literal else ""
    at = _after_options(words, 1, _GLOBAL_OPTIONS[engine]) if engine else len(words)
    return at if at < len(words) and not words[at].literal else 0


def parse_network_create(command: Command) -> CreatedNetwork | None:
    """The network that a command creates, else None."""
    verb = _find_verb(command)
    if verb is None:
        return None
    words = command.words[verb[2] :]
    if len(words) < 3 or words[0].text != "network" or words[1].text != "create":
        return None
    internal, name, skip = False, "", False
    for word in words[2:]:
        text = word.text
        if skip:
            skip = False
        elif text.startswith("-") and len(text) > 1:
            skip = text in _NETWORK_OPTIONS
            if text == "--internal" or text.startswith("--internal="):
                internal = text.partition("=")[2].lower() in {"", "1", "t", "true"}
        else:
            name = text
    place = Place(command.words[verb[1]].place.start, words[-1].place.end, "", words[-1].place.file)
    return CreatedNetwork(name, place, internal) if name else None


def parse_built_images(command: Command) -> tuple[str, ...]:
    """The names that a command gives to an image that it makes: `build -t NAME`, `tag IMAGE NAME`, `commit`."""
    verb = _find_verb(command)
    if verb is None:
        return ()
    texts = [word.text for word in command.words[verb[2] :]]
    if texts[0] in {"image", "buildx", "builder", "container"}:
        texts = texts[1:]
    if texts[:1] == ["build"]:
        options = command.words[verb[2] :]
        named = [after.text for word, after in pairwise(options) if word.text in {"-t", "--tag"}]
        return (*named, *(text.partition("=")[2] for text in texts if text.startswith("--tag=")))
    plain = [text for text in texts if not text.startswith("-")]
    return tuple(plain[2:3]) if plain[:1] in (["tag"], ["commit"]) else ()


def _find_verb(command: Command) -> tuple[str, int, int] | None:
    """The engine, the index of its word, and the index of the first word after its global options."""
    words = command.words
    engine_at = 0
    if words and words[0].literal and (engine := _COMPOSE.get(command.name, "")):
        return engine, 0, 0  # its own word stands for `compose`
    engine = engine_of(words[0]) if words else ""
    if not engine and len(words) > 1 and not words[0].literal:
        engine_at = 1  # $SUDO docker run …
        engine = engine_of(words[1])
    if not engine:
        engine_at = _passed_on(command)
        engine = engine_of(words[engine_at]) if engine_at else ""
    if not engine:
        engine_at = 1 if _stands_for_engine(words[1:]) and not words[0].literal else 0
        engine = "docker" if engine_at or _stands_for_engine(words) else ""
    if not engine:
        return None
    at = _after_options(words, engine_at + 1, _GLOBAL_OPTIONS[engine])
    return (engine, engine_at, at) if at < len(words) else None


def _after_options(words: tuple[Word, ...], at: int, takes: frozenset[str]) -> int:
    """The index of the first word that is no option; `takes` are the options that take the next word."""
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in takes else 1
    return at


def _stands_for_engine(words: tuple[Word, ...]) -> bool:
    """Whether a variable that starts a command can only be an engine, by its name or by the options after its verb."""
    if len(words) < 3 or words[0].literal or words[1].text not in _STARTS or not _VARIABLE.fullmatch(words[0].text):
        return False
    parts = {part.lower() for part in _PART.findall(words[0].text)}
    return _has_engine_option(words, named=not parts.isdisjoint(_ENGINE_PARTS) and parts.isdisjoint(_OTHER_TOOLS))


def is_like_engine_call(command: Command) -> bool:
    """Whether a command has a verb of engines and an option that only they have, whatever its name is."""
    words = command.words
    return len(words) > 2 and words[0].literal and words[1].text in _STARTS and _has_engine_option(words, named=False)


def _has_engine_option(words: tuple[Word, ...], *, named: bool) -> bool:
    """Whether an option that only engines have stands before the first argument; any option, where it is `named`."""
    before = Word("", Place())
    for word in words[2:]:
        if not word.text.startswith("-"):
            if before.text[:1] == "-" or word.text in _STARTS:
                before = word
                continue
            return False
        if word.literal and (named or word.text.partition("=")[0] in _ONLY_ENGINES):
            return True
        before = word
    return False


def _passed_on(command: Command) -> int:
    """The index of an engine's name among the arguments of another command, as in `retry 3 docker run --rm x`."""
    words = command.words
    if len(words) < 4 or command.nested or not _RUNNER.match(words[0].text):
        return 0
    pairs = enumerate(pairwise(words[1:]), 1)
    return next((at for at, (word, after) in pairs if after.text in _STARTS and word.literal and engine_of(word)), 0)


def chosen_engine(values: Iterable[str]) -> str:
    """The engine that a variable with one of these values stands for, the first if there are several; "" for none.

    `E=$(command -v docker || command -v podman)` chooses docker, and so does `E=${1:-docker}`.
    """
    for value in values:
        for pattern in _CHOICES:
            if (match := pattern.fullmatch(value)) is not None:
                return match.group(1)
    return ""


def engine_of(word: Word) -> str:
    """The engine that a word names, or that the name or default of its variable suggests; "" for none."""
    text = word.text
    if word.literal:
        name = text.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
        name = "podman" if name == "podman-remote" else name
        return name if name in ENGINES else ""
    name = _LOOKED_UP.sub("", text.strip("${}()`").lower())
    variable, _, default = name.partition(":-")
    default = default.rpartition("/")[2]
    parts = _PART.findall(variable)
    if not _OTHER_TOOLS.isdisjoint(parts):
        return ""
    for engine in ENGINES:
        if default == engine or (not default and engine in parts):
            return engine
    return ""

"""Accumulates a stage's instructions into its image configuration, with the place of each part."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from sealock.formats.dockerfile.scope import DEFAULT_SHELL
from sealock.formats.dockerfile.variables import VariableScope
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.build import (
    Arg,
    BuildText,
    Cmd,
    Env,
    Expose,
    From,
    Healthcheck,
    Instruction,
    LabelSet,
    Shell,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from sealock.model.container import Container, Health, Label, Mount, Variable, container
from sealock.model.durations import parse_duration
from sealock.model.location import At, Place

DOCKERFILE_FIELDS: Final = (
    "image", "platform", "entrypoint", "command", "working_dir", "stop_signal", "environment", "labels", "user",
    "mounts", "expose", "health",
)  # fmt: skip
"""The fields of a Container that a Dockerfile sets."""
DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BUILD_CONTROLS: Final = frozenset({
    "BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE", "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
    "BUILDKIT_MULTI_PLATFORM",
})  # fmt: skip
"""ARGs that control BuildKit and never become variables."""


class StageState:
    """A stage's configuration after each instruction; it starts as that of the base stage."""

    __slots__ = (
        "command_is_own", "environment", "expose", "given", "labels", "mounts", "scope", "shell", "triggers",
        "unresolved", "values", "where",
    )  # fmt: skip

    def __init__(self, base: StageState | None, given: Mapping[str, Maybe[str]]) -> None:
        self.given = given
        """The build arguments that the build sets."""
        self.values: dict[str, Any] = dict(base.values) if base else {}
        self.where: dict[At, Place] = dict(base.where) if base else {}
        self.unresolved: dict[str, str] = dict(base.unresolved) if base else {}
        self.environment: dict[str, tuple[str, Place]] = dict(base.environment) if base else {}
        self.labels: dict[str, tuple[str, Place]] = dict(base.labels) if base else {}
        self.expose: dict[str, Place] = dict(base.expose) if base else {}
        self.mounts: dict[str, Place] = dict(base.mounts) if base else {}
        self.shell: tuple[str, ...] = base.shell if base else DEFAULT_SHELL
        self.scope: VariableScope = VariableScope({}, complete=False)
        if base:
            self.scope = VariableScope(dict(base.scope.names), complete=base.scope.complete)
        self.command_is_own = False
        self.triggers: list[Any] = []

    def size(self) -> int:
        """How many entries a stage inherits that builds on this one."""
        configured = len(self.where) + len(self.environment) + len(self.labels) + len(self.expose) + len(self.mounts)
        return configured + len(self.scope.names) + len(self.triggers)

    def start_from_image(self, start: From) -> None:
        """Start from a base image."""
        self._set("image", start.image)
        if start.image.value == "":  # of an argument that nothing sets: the image has a base, which is not named
            self.values["image"], self.unresolved["image"] = UNKNOWN, start.image.raw
        if start.image.value == "scratch":
            self.scope = VariableScope({"PATH": DEFAULT_PATH}, complete=True)
        if start.platform is not None:
            self._set("platform", start.platform)
        if _is_windows(start):
            self.shell = ("cmd", "/S", "/C")

    def apply(self, instruction: Instruction, meta_args: dict[str, Maybe[str]]) -> None:  # noqa: C901  one case for each
        """Apply an instruction; `meta_args` holds the ARGs before the first FROM."""
        match instruction:
            case Env():
                self._env(instruction)
            case Arg():
                self._arg(instruction, meta_args)
            case LabelSet():
                for pair in instruction.pairs:
                    self.labels[pair.name] = (pair.value.text if pair.value else "", pair.place)
                    self._note_unresolved("labels", pair.value)
            case User():
                self._set("user", instruction.user)
            case Workdir():
                self._workdir(instruction.path)
            case Expose():
                for port in instruction.ports:
                    self._note_unresolved("expose", port)
                    for word in port.text.split():
                        self.expose[normalize_port(word)] = port.place
            case Volume():
                for path in instruction.paths:
                    self.mounts[path.text] = path.place
                    self._note_unresolved("mounts", path)
            case StopSignal():
                self._set("stop_signal", instruction.signal)
            case Healthcheck():
                self.values["health"] = read_health(instruction)
                self.where["health",] = instruction.place
            case Shell():
                self.shell = tuple(word.text for word in instruction.words)
            case Cmd():
                self._cmd(instruction)
            case _:
                pass

    def _env(self, env: Env) -> None:
        for pair in env.pairs:
            if (value := pair.value) is not None:
                # `PATH=/x:$PATH` extends the base image's value; the Dockerfile leaves nothing else unresolved.
                extends_base = pair.name not in self.scope.names and value.raw.count("$") == 1
                if not (extends_base and _is_reference_to(value.raw, pair.name)):
                    self._note_unresolved("environment", value)
                self.environment[pair.name] = (value.text, pair.place)
        for pair in env.pairs:
            self.scope.names[pair.name] = pair.value.value if pair.value else ""

    def _arg(self, arg: Arg, meta_args: dict[str, Maybe[str]]) -> None:
        for pair in arg.pairs:
            value = pair.value.value if pair.value else meta_args.get(pair.name, UNKNOWN)
            value = self.given.get(pair.name, value)
            stays = pair.value is None and value is UNKNOWN and pair.name in self.scope.names
            if not stays and pair.name not in _BUILD_CONTROLS:
                self.scope.names[pair.name] = value

    def _cmd(self, cmd: Cmd) -> None:
        words = tuple(word.text for word in cmd.words) if cmd.line is None else (*self.shell, cmd.line)
        field = "command" if cmd.keyword == "CMD" else "entrypoint"
        self.values[field] = words
        self.where[field,] = cmd.place
        if field == "command":
            self.command_is_own = True
        elif not self.command_is_own:
            # As in BuildKit, an ENTRYPOINT clears an inherited CMD, which belongs to the inherited ENTRYPOINT.
            self.values.pop("command", None)
            self.where.pop(("command",), None)

    def _workdir(self, path: BuildText) -> None:
        before = self.values.get("working_dir", "/" if self.scope.complete else UNKNOWN)
        self.where["working_dir",] = path.place
        value = path.value
        if isinstance(value, str) and not value.startswith("/") and not _is_windows_path(value):
            value = posixpath.join(before, value) if isinstance(before, str) else UNKNOWN
        if isinstance(value, Absent):
            self.unresolved["working_dir"] = f"WORKDIR {path.raw}"
        else:
            self.unresolved.pop("working_dir", None)
            value = value if _is_windows_path(value) else _normalize_path(value)
        self.values["working_dir"] = value

    def _set(self, field: str, text: BuildText) -> None:
        self.values[field] = text.value if text.value != "" or field == "user" else UNSET
        self.where[field,] = text.place
        if isinstance(text.value, Absent):
            self.unresolved[field] = text.raw
        else:
            self.unresolved.pop(field, None)

    def _note_unresolved(self, field: str, text: BuildText | None) -> None:
        if text is not None and isinstance(text.value, Absent):
            earlier = self.unresolved.get(field)
            self.unresolved[field] = f"{earlier}, {text.raw}" if earlier else text.raw

    def container(self) -> Container:
        """The configuration as a Container."""
        values = dict(self.values)
        if self.environment:
            values["environment"] = tuple(Variable(name, text) for name, (text, _) in self.environment.items())
        if self.labels:
            values["labels"] = tuple(Label(name, text) for name, (text, _) in self.labels.items())
        if self.expose:
            values["expose"] = tuple(self.expose)
        if self.mounts:
            values["mounts"] = tuple(Mount("volume", None, path) for path in self.mounts)
        return container(says=DOCKERFILE_FIELDS, image_role="base", **values)

    def places(self, start: Place) -> dict[At, Place]:
        """The places of the Container's fields; the stage's FROM for the whole."""
        where = {(): start, **self.where}
        for field, pairs in (("environment", self.environment), ("labels", self.labels)):
            for index, (_, place) in enumerate(pairs.values()):
                where[field, index] = place
        for field, places in (("expose", self.expose), ("mounts", self.mounts)):
            for index, place in enumerate(places.values()):
                where[field, index] = place
        return where


def normalize_port(word: str) -> str:
    """A port of EXPOSE with its protocol: "80" becomes "80/tcp"; an address or host port before it has no effect."""
    port, _, protocol = word.rpartition(":")[2].partition("/")
    return f"{port}/{protocol.lower() or 'tcp'}"


def read_health(healthcheck: Healthcheck) -> Health:
    """A HEALTHCHECK as a Health."""
    if healthcheck.disabled:
        return Health(disabled=True)
    test = (
        ("CMD-SHELL", healthcheck.line)
        if healthcheck.line is not None
        else ("CMD", *(word.text for word in healthcheck.words))
    )
    flag = healthcheck.flag("retries")
    retries = int(flag.value.text) if flag and flag.value and flag.value.text else None
    return Health(
        test=test,
        interval=_time(healthcheck, "interval"),
        timeout=_time(healthcheck, "timeout"),
        start_period=_time(healthcheck, "start-period"),
        start_interval=_time(healthcheck, "start-interval"),
        retries=retries or None,
    )


def _time(healthcheck: Healthcheck, name: str) -> float | None:
    """The duration of a flag; 0 means the engine's default, as a missing flag does."""
    flag = healthcheck.flag(name)
    return (parse_duration(flag.value.text) or None) if flag and flag.value else None


def _is_windows(start: From) -> bool:
    platform = start.platform.text.lower() if start.platform else ""
    image = start.image.text.lower()
    return platform.startswith("windows") or "nanoserver" in image or "servercore" in image or "/windows" in image


def _is_windows_path(path: str) -> bool:
    return path[1:2] == ":" or path.startswith("\\")


def _is_reference_to(raw: str, name: str) -> bool:
    """Whether the only variable in a text is this one."""
    after = raw.partition("$")[2].removeprefix("{")
    return after.startswith(name) and not (
        after[len(name) : len(name) + 1].isalnum() or after[len(name) :].startswith("_")
    )


def _normalize_path(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned

"""Determines the base image of an image: by its labels, its history and its distribution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.advice import Base
from sealock.model.container import Container
from sealock.model.inventory import Inventory
from sealock.patterns import compile_lazily

_NAME: Final = "org.opencontainers.image.base.name"
_DIGEST: Final = "org.opencontainers.image.base.digest"
_ROOTFS: Final = compile_lazily(
    r"# debian\.sh --arch '?(?P<arch>[\w-]+)'? out/ '?(?P<suite>[\w-]+)'?"
    r"|(?P<alpine>alpine)-minirootfs-(?P<version>[\d.]+)"
    r"|ADD (?:file:|rootfs)\S* (?:in )?/\s*$|(?P<bazel>bazel build|apko|ko build|nix|buildpacks?)"
)
"""The history of the first layer of well-known base images."""
_ENV: Final = compile_lazily(r"ENV (\w+)_VERSION[ =]v?([\w.+-]+)")
_LAST: Final = compile_lazily(r"^(?:/bin/sh -c )?#?\(?n?o?p?\)?\s*(?:CMD|ENTRYPOINT)\b")
_LANGUAGES: Final = frozenset(
    {"PYTHON", "NODE", "RUBY", "PHP", "GOLANG", "JAVA", "NGINX", "PERL", "RUST", "PG", "REDIS"}
)


def origin(inventory: Inventory) -> Base:
    """Determine the base, with the evidence."""
    container = inventory.container
    labels = {label.name: label.value for label in given(container.labels, ())}
    name, digest = labels.get(_NAME, ""), labels.get(_DIGEST, "")
    history = given(container.history, ())
    says: list[str] = []
    if name or digest:
        says.append(f"the label {_NAME if name else _DIGEST}")
    guessed, why = _by_history(history)
    system = inventory.distribution
    if not name:
        name = guessed
    says += why
    if system is not None and (system.id or system.name):
        release = system.name or f"{system.id} {system.version}"
        says.append(f"os-release: {release}")
        if not name:
            name = f"{system.id}:{system.codename if system.id == 'debian' and system.codename else system.version}"
    return Base(name, digest, _layers_of_base(inventory, container), tuple(says))


def _by_history(history: tuple[str, ...]) -> tuple[str, list[str]]:
    """The name of the well-known base with this history, and the evidence."""
    name, says = "", []
    matches = (_ROOTFS.search(line[:2000]) for line in history[:4])
    if (match := next(filter(None, matches), None)) is not None:
        if match["suite"]:
            name = f"debian:{match['suite']}"
        elif match["alpine"]:
            name = f"alpine:{match['version']}"
        bazel = match["bazel"]
        says.append(f"the history: {bazel}" if bazel else f"the history's first line: {match.string.strip()[:80]}")
    # Official images set this variable before their other instructions.
    if language := next((pair for pair in _versions(history) if pair[0] in _LANGUAGES), None):
        variable, version = language
        says.append(f"the history: ENV {variable}_VERSION {version}")
        name = f"{variable.lower()}:{version}" + (f" on {name}" if name else "")
    return name, says


def _versions(history: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for line in history[:60]:
        if match := _ENV.search(line[:2000]):
            yield match[1], match[2]


def _layers_of_base(inventory: Inventory, container: Container) -> int:
    """Count the layers up to the last CMD or ENTRYPOINT that further layers follow: a base image ends with it."""
    history = given(container.history, ())
    made = [layer.created_by for layer in inventory.layers]
    if not history or not any(made):
        return 0
    passed = base = 0
    for line in history:
        if passed < len(made) and line == made[passed]:
            passed += 1
        elif _LAST.match(line) and passed < len(made):
            base = passed
    return base

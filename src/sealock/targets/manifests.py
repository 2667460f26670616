"""Reads the Kubernetes manifests of files and directories, those without any container too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from sealock import formats
from sealock.errors import TargetError
from sealock.formats.files import FileRefusedError
from sealock.formats.recognition import is_manifest
from sealock.model.location import Source
from sealock.patterns import compile_lazily
from sealock.targets.files import read_input, read_named
from sealock.targets.projects import link_out
from sealock.targets.rendernames import is_part, is_renderable, named_parts
from sealock.targets.walk import Walk

_ALSO: Final = compile_lazily(rb"apiVersion|\\[xuU]")
"""What a walk looks for besides: a key of manifests, or an escape that may hide a key."""
_ENDINGS: Final = (".yaml", ".yml", ".json")
_NO_MANIFESTS: Final = frozenset({"helm", "kustomize"})
"""Forms with the keys of a manifest that are none before a program has made manifests of them."""


class ManifestText(Struct, frozen=True):
    """A file with manifests; `error` says why it could not be read, `skipped` why it is not evaluated."""

    path: str
    source: Source = Source("", "")
    error: str = ""
    skipped: str = ""


def read_manifests(
    targets: Iterable[str],
    excluded: Callable[[str, str], bool] = lambda _named, _path: False,
    *,
    rendered: bool = False,
) -> Iterator[ManifestText]:
    """Read every file that is named and every manifest in a directory that is named, each once; "-" is standard input.

    `excluded` gets a directory that was named and a path in it, and decides whether it is left out. With `rendered`,
    kustomizations and charts are read as the manifests that they make, with the files that a kustomization names.
    """
    done: set[str] = set()
    for target in targets:
        for path, walked in _paths(target, excluded, rendered=rendered):
            full = os.path.realpath(path.path) if path.path != "-" else "-"
            if full in done:
                continue
            done.add(full)
            if path.error:
                yield path
            elif (text := _read(path.path, walked=walked, rendered=rendered)) is not None:
                yield text


def _rendered(path: str) -> ManifestText:
    from sealock.targets.rendering import render  # noqa: PLC0415  only with --render

    try:
        return ManifestText(path, Source(f"{path} (rendered)", render(path)))
    except TargetError as error:
        return ManifestText(path, error=f"{path} {error}")


def _paths(target: str, excluded: Callable[[str, str], bool], *, rendered: bool) -> Iterator[tuple[ManifestText, bool]]:
    if target == "-" or not os.path.isdir(target):
        yield ManifestText(target), False
        return
    if why := link_out(target):
        yield ManifestText(target, error=f"{why}, and was not walked: name the directory itself"), False
        return
    errors: list[ManifestText] = []
    passed: list[str] = []
    walk = Walk(
        target,
        lambda name: excluded(target, os.path.join(target, name)),
        lambda at, why: errors.append(ManifestText(at, error=f"{at} could not be read: {why}")),
        also=_ALSO,
        unexamined=passed.append,
        rendered=rendered,
    )
    # Whatever else the walk would not read, as what is no UTF-8 text, is an error when it is read.
    found = [file.path for file in walk.files() if not file.image]
    # Kubernetes takes what a link of this name leads to, which may lie outside of the directory.
    paths = list(map(os.path.normpath, [*found, *filter(os.path.islink, passed)]))
    parts = {part for path in paths if rendered for part in named_parts(path)}
    for path in paths:
        if (rendered and is_renderable(path)) or (path.lower().endswith(_ENDINGS) and path not in parts):
            yield ManifestText(path), True
    yield from ((error, True) for error in errors)


def _read(path: str, *, walked: bool, rendered: bool) -> ManifestText | None:
    """A file; None for one of a directory that is no manifest."""
    if rendered and is_renderable(path):
        return None if walked and is_part(path) else _rendered(path)
    try:
        text = read_input() if path == "-" else read_named(path, outside=walked)
    except FileRefusedError as refusal:
        return ManifestText(path, error=str(refusal).removeprefix(path).lstrip(", :"))
    recognition = formats.recognize(os.path.abspath(path).replace(os.sep, "/"), text)
    templates = [form.reason for form in recognition.unevaluated if form.kind in _NO_MANIFESTS]
    if templates:
        return ManifestText(path, skipped="; ".join(templates))
    if recognition.kind == "kubernetes" or is_manifest(text) or not walked:
        return ManifestText(path, Source(path, text))
    return None

"""Changes how services are built, in their own text: takes rights away from a build."""

from __future__ import annotations

from collections.abc import Sequence as Several

from sealock.errors import FormatError
from sealock.formats.buildchanges import expected_builds, refuse_other_builds
from sealock.formats.compose.owntext import OwnText, interpolated, target_text
from sealock.formats.compose.reader import ComposeDocument, reread
from sealock.formats.textedits import apply_edits
from sealock.formats.yamltree import Scalar, Sequence
from sealock.model.change import Edit, OnBuild, Remove, Set
from sealock.model.document import Document


def edits(document: Document, changes: Several[OnBuild]) -> tuple[Edit, ...]:
    """Return the edits for changes of builds; FormatError where one of them cannot be made in this text."""
    if not isinstance(document, ComposeDocument):
        msg = f"{document.source.name} is not a compose file"
        raise FormatError(msg)
    expected = expected_builds(document, changes)
    subjects = {subject.name.removeprefix("service "): subject for subject in document.subjects}
    planned: dict[tuple[str, str], list[str]] = {}
    for each in changes:
        match each.change:
            case Remove(field=field, value=value):
                planned.setdefault((each.service, field), []).append(value)
            case Set(field=field, value=None | False):
                planned.setdefault((each.service, field), [])
            case _:
                msg = "only what gives a build rights is taken away"
                raise FormatError(msg)
    texts = {name: OwnText(document, subjects[name]) for name, _ in planned}
    result = tuple(edit for (name, field), values in planned.items() for edit in _removal(texts[name], field, values))
    after = reread(document, apply_edits(document.source.text, result))
    refuse_other_builds(document, after, expected)
    return result


def _removal(own: OwnText, field: str, values: list[str]) -> list[Edit]:
    """Remove a key of the build, or these items of its list."""
    build, node = own.own(("build",)), own.own(("build", field))
    own.guard(build if id(build) in own.shared else None)
    if node is None:
        msg = "it is not written in the service itself"
        raise FormatError(msg)
    if not values or not isinstance(node, Sequence):
        own.guard(node if values or not isinstance(node, Scalar) else None)
        return [own.drop(("build", field))]
    own.guard(node)
    texts = ["" if interpolated(text := target_text(item)) else text for item in node.items]
    indexes = [index for index, text in enumerate(texts) if text in values]
    if len(indexes) == len(node.items):
        return [own.drop(("build", field))]
    return [own.writer.remove(node, index) for index in indexes]

"""Reads a bake file into a project of builds, and the images that builds take as contexts."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, Final

from sealock.errors import FormatError
from sealock.formats import jsontext
from sealock.formats.bake.targets import BakeFile, BakeTarget
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.hcl.expressions import HclValue, Unresolved
from sealock.formats.hcl.grammar import MAX_LENGTH, HclText
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlNode, target
from sealock.model.change import Edit, SubjectChange
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source
from sealock.model.project import Project, Service, ServiceBuild
from sealock.patterns import compile_lazily
from sealock.shell.nesting import DEEPEST, is_too_deep

_IMAGE: Final = "docker-image://"
_DEEPEST: Final = 50
_TEMPLATE: Final = compile_lazily(r"\$\$\{|(?P<expression>\$\{[^{}]*\})|[^$]+|\$")
"""The parts of a template: an expression without braces in it, and what is none."""
_SILENT: Final = "a bake file has no run-time settings"


class BakeDocument(Document, frozen=True):
    """A bake file, with its evaluated targets and groups."""

    targets: tuple[BakeTarget, ...] = ()


def comments(source: Source) -> tuple[Place, ...]:
    """Find the comments of a bake file."""
    if jsontext.is_json_name(source.name) or _refusal(source.text):
        return ()
    return tuple(HclText(source.text).comments())


def edits(document: Document, _subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """A bake file has no settings of containers to change; `buildeditor` changes how it builds."""
    if isinstance(change, Edit):
        return (change,)
    msg = f"{document.source.name} sets how images are built, and nothing of how they run"
    raise FormatError(msg)


def read(source: Source, _files: FileWindow = NOTHING) -> BakeDocument:
    """Read every target."""
    if why := _refusal(source.text):
        return BakeDocument("bake", {"": source}, (), (InputError(why, source.location(Place(0, 0))),))
    errors: list[InputError] = []
    text = source.text
    spans: list[tuple[int, int, Place]] | None = None
    if jsontext.is_json_name(source.name):
        tree = jsontext.parse(text)
        errors += [InputError(flaw.message, source.location(Place(flaw.start, flaw.end))) for flaw in tree.flaws]
        node = next(iter(tree.documents), None)
        text, spans = _as_hcl(node)
    hcl = HclText(text)
    reader = _BakeReader(source, BakeFile(hcl), spans)
    errors += [InputError("this is not valid HCL", source.location(reader.place(place))) for place in hcl.faults()]
    errors += [InputError(fault.message, source.location(reader.place(fault.place))) for fault in reader.file.faults]
    errors += [
        InputError(f'there is no variable "{name}"', source.location(reader.place(place)))
        for name, place in reader.file.evaluator.unknown.items()
    ]
    subjects = reader.subjects()
    return BakeDocument("bake", {"": source}, subjects, tuple(errors), targets=tuple(reader.file.targets.values()))


def _refusal(text: str) -> str:
    """Why the grammar must not read a text, "" if it may."""
    if len(text) > MAX_LENGTH:
        return f"larger than {MAX_LENGTH} characters, the limit for a bake file"
    return f"more than {DEEPEST} open brackets, the limit for a bake file" if is_too_deep(text) else ""


class _HclWriter:
    """Writes the HCL that JSON stands for: strings are templates in both. `spans` lead back to the JSON."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.spans: list[tuple[int, int, Place]] = []
        self.length = 0

    def put(self, text: str, place: Place | None = None) -> None:
        """Write a text, which stands for what is at a place."""
        if place is not None:
            self.spans.append((self.length, self.length + len(text), place))
        self.parts.append(text)
        self.length += len(text)

    def value(self, node: YamlNode, depth: int) -> None:
        """Write a value."""
        inner = target(node)
        if isinstance(inner, Scalar):
            is_text = isinstance(inner.value, str)
            text = f'"{_TEMPLATE.sub(_outside, inner.text)}"' if is_text else inner.text or "null"
            self.put(text, Place(inner.start, inner.end))
        elif depth > _DEEPEST:
            self.put("null")
        elif isinstance(inner, Sequence):
            self.put("[")
            for item in inner.items:
                self.value(item, depth + 1)
                self.put(", ")
            self.put("]")
        else:
            self.put("{")
            for key, item in inner.entries:
                self.put(json.dumps(key.text, ensure_ascii=False) if isinstance(key, Scalar) else '""')
                self.put(" = ")
                self.value(item, depth + 1)
                self.put(", ")
            self.put("}")

    def block(self, kind: str, name: Scalar, body: Mapping) -> None:
        """Write a block."""
        self.put(f"{kind} {json.dumps(name.text)}", Place(name.start, name.end))
        self.put(" {\n")
        for key, inner in body.entries:
            if isinstance(key, Scalar) and key.text.replace("-", "").replace("_", "").isalnum():
                self.put(f"  {key.text} = ")
                self.value(inner, 0)
                self.put("\n")
        self.put("}\n")


def _outside(match: re.Match[str]) -> str:
    """A part of a template as HCL has it: the quotes within an expression are its own."""
    return match[0] if match["expression"] else json.dumps(match[0], ensure_ascii=False)[1:-1]


def _as_hcl(node: YamlNode | None) -> tuple[str, list[tuple[int, int, Place]]]:
    """The HCL that JSON stands for, and for each stretch of it the place in the JSON."""
    writer = _HclWriter()
    top = target(node) if node is not None else None
    for kind, value in top.entries if isinstance(top, Mapping) else ():
        blocks = target(value)
        if not isinstance(kind, Scalar) or kind.text not in {"target", "group", "variable", "function"}:
            continue
        for name, inner in blocks.entries if isinstance(blocks, Mapping) else ():
            body = target(inner)
            if isinstance(name, Scalar) and isinstance(body, Mapping):
                writer.block(kind.text, name, body)
    return "".join(writer.parts), writer.spans


class _BakeReader:
    def __init__(self, source: Source, file: BakeFile, spans: list[tuple[int, int, Place]] | None) -> None:
        self.source, self.file, self.spans = source, file, spans
        self.unresolved: dict[str, str] = {}
        self.where: dict[At, Place] = {}
        self.seen: set[tuple[str, int, int, str | None]] = set()

    def place(self, place: Place) -> Place:
        """The place in the file's own text."""
        if self.spans is None:
            return place
        first = max(bisect_right(self.spans, place.start, key=lambda span: span[0]) - 1, 0)
        last = bisect_right(self.spans, max(place.end - 1, place.start), key=lambda span: span[0]) - 1
        within = [own for start, end, own in self.spans[first : last + 1] if start < place.end and place.start < end]
        if not within:
            return Place(0, 0)
        return Place(min(own.start for own in within), max(own.end for own in within))

    def subjects(self) -> tuple[Subject, ...]:
        """The project of all builds, and a container for each image that is a context."""
        services: list[Service] = []
        images: list[Subject] = []
        for name, bake in self.file.targets.items():
            services.append(Service(name, f"target {name}", Container(), self.build(name, bake)))
            self.where["services", name] = self.place(bake.place)
            images += self.images(name, bake)
        if not services:
            return ()
        self.where[()] = self.place(next(iter(self.file.targets.values())).place)
        unresolved = (
            {"services": ", ".join(list(dict.fromkeys(self.unresolved.values()))[:20])} if self.unresolved else {}
        )
        project = Subject("bake file", Project("bake", tuple(services)), self.where, unresolved, silent=_SILENT)
        return (project, *images)

    def note(self, name: str, attribute: str, value: HclValue) -> None:
        """Remember what is not decided."""
        if isinstance(value.data, Unresolved):
            self.unresolved[f"{name}.{attribute}"] = value.data.words

    def own(self, bake: BakeTarget, attribute: str) -> HclValue | None:
        """An attribute, unless another target had it from the same words, by inheritance or a matrix."""
        value = bake.attributes.get(attribute)
        if value is None:
            return None
        self.note(bake.name, attribute, value)
        return value if isinstance(value.data, list | dict) or self.is_new(attribute, value) else None

    def is_new(self, attribute: str, value: HclValue) -> bool:
        """Whether no other target has this value from the same words."""
        key = (attribute, value.place.start, value.place.end, value.text)
        if key in self.seen:
            return False
        self.seen.add(key)
        return True

    def listed(self, bake: BakeTarget, attribute: str) -> list[str]:
        """The elements of a list, with their places."""
        value = self.own(bake, attribute)
        found: list[str] = []
        for item in value.data if value is not None and isinstance(value.data, list) else ():
            self.note(bake.name, attribute, item)
            if (text := item.text) is not None and self.is_new(attribute, item):
                self.where["services", bake.name, "build", attribute, len(found)] = self.place(item.place)
                found.append(text)
        return found

    def build(self, name: str, bake: BakeTarget) -> ServiceBuild:
        """How a target builds."""
        values: dict[str, Any] = {}
        for field, attribute in (
            ("context", "context"), ("dockerfile", "dockerfile"), ("inline", "dockerfile-inline"), ("target", "target"),
            ("network", "network"),
        ):  # fmt: skip
            value = self.own(bake, attribute)
            if value is None or (field == "inline" and value.text == ""):
                continue  # an empty Dockerfile is none
            self.where["services", name, "build", field] = self.place(value.place)
            if value.text is not None:
                values[field] = value.text
        arguments: list[tuple[str, str | None]] = []
        given = self.own(bake, "args")
        for key, value in given.data.items() if given is not None and isinstance(given.data, dict) else ():
            self.note(name, "args", value)
            if value.data is not None and self.is_new(f"args.{key}", value):
                self.where["services", name, "build", "args", len(arguments)] = self.place(value.place)
                arguments.append((key, value.text))
        contexts = self.own(bake, "contexts")
        pairs = contexts.data if contexts is not None and isinstance(contexts.data, dict) else {}
        return ServiceBuild(
            args=tuple(arguments),
            secrets=tuple(self.listed(bake, "secret")),
            ssh=tuple(self.listed(bake, "ssh")),
            entitlements=tuple(self.listed(bake, "entitlements")),
            additional_contexts=tuple((key, value.text or "") for key, value in pairs.items()),
            **values,
        )

    def images(self, name: str, bake: BakeTarget) -> list[Subject]:
        """The images that a target takes as contexts."""
        contexts = self.own(bake, "contexts")
        found: list[Subject] = []
        for key, value in contexts.data.items() if contexts is not None and isinstance(contexts.data, dict) else ():
            text = value.text
            if text is None or not text.startswith(_IMAGE) or not self.is_new(f"contexts.{key}", value):
                continue
            place = self.place(value.place)
            container = Container(image=text.removeprefix(_IMAGE))
            where: dict[At, Place] = {(): place, ("image",): place}
            found.append(Subject(f"context {key} of target {name}", container, where, silent=_SILENT, partial=True))
        return found

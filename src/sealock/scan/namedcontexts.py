"""The named contexts that compose and bake files give to builds: `FROM base` may then be no image of a registry.

A run learns of them after it has read a Dockerfile, which is then evaluated again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from sealock.formats.buildcontexts import Contexts, NamedBuild
from sealock.model.build import Build, BuildText, Copy, Stage, context_name
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.finding import Skipped
from sealock.model.report import TargetReport
from sealock.policy.trust import UNTRUSTED

RULES: Final = frozenset({"B010", "B062", "B192", "C046", "C080", "C081", "C086", "T001"})
"""The rules that go by the names of images in a Dockerfile."""
_IMAGE: Final = "docker-image://"
_OF_IMAGE: Final = 2
"""The first subjects of a Dockerfile: the build, and the image's configuration; run lines come after them."""


def join_builds(builds: Iterable[NamedBuild], known: Collection[str]) -> dict[str, Contexts]:
    """The contexts that all builds of a known Dockerfile give, by its path; without those of which some has none."""
    joined: dict[str, Mapping[str, str]] = {}
    for build in builds:
        if not (path := build.path(known)):
            continue
        names = dict(build.contexts)
        before = joined.get(path)
        joined[path] = names if before is None else {name: before[name] for name in before if name in names}
    return {path: tuple(names.items()) for path, names in joined.items() if names}


def with_contexts(document: Document, contexts: Contexts) -> Document:
    """The document of a Dockerfile as a build with these contexts reads it: a name may stand for another image."""
    read = next(document.nouns(Build), None)
    if read is None or read.final is None:
        return document
    build = _in_build(read, dict(contexts))
    image = build.stages[-1].container.image
    subjects = tuple(
        replace(subject, noun=build if isinstance(subject.noun, Build) else replace(subject.noun, image=image))
        if at < _OF_IMAGE and isinstance(subject.noun, Build | Container)
        else subject
        for at, subject in enumerate(document.subjects)
    )
    return replace(document, subjects=subjects)


def _in_build(build: Build, contexts: Mapping[str, str]) -> Build:
    stages: list[Stage] = []
    for stage in build.stages:
        start = stage.start
        value = contexts.get(context_name(start.image.text)) if start.stage is None else None
        if value is not None:
            image = _image(start.image, value)
            start = replace(start, image=image or start.image, context=image is None)
        below = stages[start.stage] if start.stage is not None and start.stage < len(stages) else None
        container = stage.container
        if below is not None:
            container = replace(container, image=below.container.image)
        elif start.image is not stage.start.image:
            container = replace(container, image=start.image.value)
        instructions = tuple(
            replace(copy, source_image=_image(copy.source_image, given) or copy.source_image)
            if isinstance(copy, Copy)
            and copy.stage is None
            and copy.source_image is not None
            and (given := contexts.get(context_name(copy.source_image.text))) is not None
            else copy
            for copy in stage.instructions
        )
        stages.append(replace(stage, start=start, instructions=instructions, container=container))
    opaque = frozenset(name for name, value in contexts.items() if not value.startswith(_IMAGE))
    return replace(build, stages=tuple(stages), contexts=opaque)


def _image(text: BuildText, value: str) -> BuildText | None:
    """The image that a context is, None where it is none."""
    return replace(text, value=value.removeprefix(_IMAGE)) if value.startswith(_IMAGE) else None


def joined_reports(plain: TargetReport, built: TargetReport, contexts: Contexts) -> TargetReport:
    """The report on a Dockerfile as it is built with these contexts, which names what is found only without them.

    A compose file in a directory is not the user's word: whoever builds without it builds on the image of a registry.
    So what the trust policy says of that image stays a finding, and other rules count as skipped.
    """
    left = {(finding.fingerprint, finding.message) for finding in built.findings}
    skipped = {(skipped.rule, skipped.subject) for skipped in built.skipped}
    hidden = [
        finding
        for finding in plain.counted
        if (finding.fingerprint, finding.message) not in left and (finding.rule, finding.subject) not in skipped
    ]
    names = ", ".join(name for name, _ in contexts)
    why = f"a compose or bake file builds it with {names} as named context, in place of an image"
    return replace(
        built,
        findings=(*built.findings, *(finding for finding in hidden if finding.rule == UNTRUSTED)),
        skipped=(
            *built.skipped,
            *(
                Skipped(finding.rule, finding.subject, f"{why}; without it: {finding.message}")
                for finding in hidden
                if finding.rule != UNTRUSTED
            ),
        ),
    )

"""Where a Dockerfile names images: FROM, COPY --from and RUN --mount=…,from=."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.build import Build, BuildText, Copy, From, Run, context_name
from sealock.model.imagename import ImageName, parse
from sealock.rules.images import NamedImage


def base_images(build: Build) -> Iterator[NamedImage]:
    """The image of every FROM that names one."""
    for stage in build.stages:
        start: From = stage.start
        if start.stage is None and start.image.text.lower() != "scratch" and not start.context:
            text = start.image.text or start.image.raw
            yield NamedImage(text, _read(start.image), start.image.place, ("stages", stage.index), "builds on")


def copied_images(build: Build) -> Iterator[NamedImage]:
    """The images that COPY --from and RUN --mount=…,from= name, without stages and known named contexts.

    A bare word may also be a named build context of the command line.
    """
    names = {stage.name.lower() for stage in build.stages} | {str(stage.index) for stage in build.stages}
    for at, _, copy in build.each(Copy):
        if copy.source_image is not None and copy.stage is None:
            image = copy.source_image
            if image.text.lower() not in names and context_name(image.text) not in build.contexts:
                yield NamedImage(image.text, _read(image), image.place, at, "copies from")
    for at, _, run in build.each(Run):
        for mount in run.mounts:
            text = mount.get("from")
            if text and text.lower() not in names and context_name(text) not in build.contexts:
                yield NamedImage(text, parse(text), mount.place, at, "copies from")


def _read(image: BuildText) -> ImageName | None:
    return parse(image.value) if isinstance(image.value, str) else None


def is_context(named: NamedImage) -> bool:
    """Whether it may also be a build context of the command line: a bare word without tag, path or host."""
    return not any(sign in named.text for sign in ":/@")

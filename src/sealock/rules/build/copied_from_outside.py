from __future__ import annotations

from sealock.model.build import AddFile, BuildText, Copy
from sealock.rules.build._ignored import first_of, holds_kept, is_ignored
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class CopiedFromOutside(Rule[Build]):
    """COPY source is not in the build context.

    A file above the context, or one that .dockerignore excludes, never reaches the builder: the build fails, or drops
    `..` silently and copies another file of that name.
    """

    id = "B152"
    keywords = ("COPY", "build context", ".dockerignore")
    aliases = ("CopyIgnoredFile",)
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/copy-ignored-file/"),)
    remedy = "Build from the parent directory, name the other directory with --build-context, or correct .dockerignore."
    bad = ("FROM debian:12\nCOPY ../shared/app.conf /etc/\n", "FROM debian:12\nADD a/../../b /\n")
    good = (
        "FROM debian:12\nCOPY a/../b /etc/\n",
        "FROM debian:12 AS a\nRUN x\nFROM debian:12\nCOPY --from=a ../x /\n",
        "FROM debian:12\nADD https://example.org/../x /\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, copy in build.each(Copy, AddFile):
            if isinstance(copy, Copy) and copy.source_image is not None:
                continue
            for source in copy.sources:
                why = "" if copy.heredocs and source.raw.startswith("<<") else _why(build, source)
                if why:
                    yield self.finding(f"copies {source.text[:80]}, which {why}", at, place=source.place)


def _why(build: Build, source: BuildText) -> str:
    path = source.value
    if not isinstance(path, str) or "://" in path or path.startswith("git@"):
        return ""
    depth = 0
    for part in path.replace("\\", "/").split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            return "is above the build context"
    ignored, entries = build.context.ignored, build.context.entries
    # What is not in the Dockerfile's directory may come from another context, or may be made before the build.
    here = isinstance(entries, tuple) and first_of(path) in entries
    plain = not any(sign in path for sign in "*?[")
    if here and plain and isinstance(ignored, tuple) and is_ignored(path, ignored) and not holds_kept(path, ignored):
        return ".dockerignore excludes"
    return ""

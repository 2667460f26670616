from __future__ import annotations

import re
from fnmatch import fnmatchcase

from sealock.model.build import AddFile, BuildContext, Copy
from sealock.rules.build._credentials import credential_file
from sealock.rules.kit import (
    UNKNOWN,
    UNSET,
    Build,
    Confidence,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)


class ContextUnfiltered(Rule[Build]):
    """Whole build context is copied (COPY . without .dockerignore).

    `COPY .` takes all that .dockerignore does not keep out: `.git` with every secret that was ever committed,
    `.env`, keys, test data. Name what the image needs, or write a .dockerignore that starts with `*` and lets in
    just that.
    """

    id = "B012"
    keywords = ("build context", ".dockerignore", "COPY")
    severity = Severity.MEDIUM
    references = (cis_docker("4.10"), cwe(538), docker_docs("build/concepts/context/#dockerignore-files"))
    remedy = "Copy by name what the image needs, or keep .git, .env and keys out with a .dockerignore."
    fixable = False
    bad = ("FROM debian:12\nCOPY .git /app/.git\n",)
    good = ("FROM debian:12\nCOPY src/ /app/\n", "FROM debian:12 AS b\nFROM debian:12\nCOPY --from=b . .\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, copy in build.each(Copy, AddFile):
            if isinstance(copy, Copy) and copy.source_image is not None:
                continue
            kept_out = [flag.value.text for flag in copy.flags if flag.name == "exclude" and flag.value]
            for source in copy.sources:
                path = re.sub(r"^(?:\./|/)+", "", source.text).rstrip("/")
                if path in {".git", ".hg", ".svn"}:
                    yield self.finding(f"holds {path}, the whole history of the project", at, place=source.place)
                elif path in {"", ".", "*"}:
                    silent, message, confidence = _evaluate(build.context, kept_out)
                    if silent:
                        yield self.skip(message, at)
                    elif message:
                        yield self.finding(message, at, place=source.place, evidence="COPY .", confidence=confidence)


def _evaluate(context: BuildContext, kept_out: list[str]) -> tuple[bool, str, Confidence]:
    """Whether it is unknown; what is wrong, "" for nothing; how sure that is."""
    names = context.entries if isinstance(context.entries, tuple) else ()
    patterns = [*(context.ignored if isinstance(context.ignored, tuple) else ()), *kept_out]
    sensitive = [name for name in names if name in {".git", ".hg", ".svn"} or credential_file(name)]
    open_to_all = [path for path in sensitive if not ignores(patterns, path)]
    if open_to_all:
        return False, f"copies {', '.join(open_to_all[:5])} with all the rest of the context", Confidence.HIGH
    if context.ignored is UNKNOWN:
        return True, "whether a .dockerignore keeps secrets out cannot be seen from here", Confidence.HIGH
    if context.ignored is not UNSET:
        return False, "", Confidence.HIGH
    return False, "copies the whole context, and no .dockerignore keeps .git and .env out", Confidence.MEDIUM


def ignores(patterns: list[str], name: str) -> bool:
    """Whether .dockerignore patterns keep a name at the context's top out; the last one that fits decides."""
    out = False
    for pattern in patterns:
        wanted = pattern.startswith("!")
        bare = re.sub(r"^(?:\*\*/)+", "", pattern.lstrip("!").strip().strip("/").removeprefix("./"))
        bare = re.sub(r"/\*\*?$", "", bare)
        if bare and fnmatchcase(name, bare):
            out = not wanted
    return out

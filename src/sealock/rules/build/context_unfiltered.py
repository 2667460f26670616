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

    `COPY .` copies everything that .dockerignore does not exclude: `.git` with every secret ever committed, `.env`,
    keys, test data. Copy the needed files by name, or write a .dockerignore that starts with `*` and includes only
    those.
    """

    id = "B012"
    keywords = ("build context", ".dockerignore", "COPY")
    severity = Severity.MEDIUM
    references = (cis_docker("4.10"), cwe(538), docker_docs("build/concepts/context/#dockerignore-files"))
    remedy = "Copy the needed files by name, or exclude .git, .env and keys with a .dockerignore."
    fixable = False
    bad = ("FROM debian:12\nCOPY .git /app/.git\n",)
    good = ("FROM debian:12\nCOPY src/ /app/\n", "FROM debian:12 AS b\nFROM debian:12\nCOPY --from=b . .\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, copy in build.each(Copy, AddFile):
            if isinstance(copy, Copy) and copy.source_image is not None:
                continue
            excluded_by_flag = [flag.value.text for flag in copy.flags if flag.name == "exclude" and flag.value]
            for source in copy.sources:
                path = re.sub(r"^(?:\./|/)+", "", source.text).rstrip("/")
                if path in {".git", ".hg", ".svn"}:
                    yield self.finding(f"copies {path}, the whole history of the project", at, place=source.place)
                elif path in {"", ".", "*"}:
                    unknown, message, confidence = _evaluate(build.context, excluded_by_flag)
                    if unknown:
                        yield self.skip(message, at)
                    elif message:
                        yield self.finding(message, at, place=source.place, evidence="COPY .", confidence=confidence)


def _evaluate(context: BuildContext, excluded_by_flag: list[str]) -> tuple[bool, str, Confidence]:
    """Whether the answer is unknown, the message ("" for no finding), and its confidence."""
    entries = context.entries if isinstance(context.entries, tuple) else ()
    patterns = [*(context.ignored if isinstance(context.ignored, tuple) else ()), *excluded_by_flag]
    names = [name for name in entries if name not in context.without_secret]
    sensitive = [name for name in names if name in {".git", ".hg", ".svn"} or credential_file(name)]
    exposed = [path for path in sensitive if not ignores(patterns, path)]
    if exposed:
        return False, f"copies {', '.join(exposed[:5])} with the rest of the build context", Confidence.HIGH
    if context.ignored is UNKNOWN:
        return True, "the .dockerignore is unknown, so the copied files are too", Confidence.HIGH
    if context.ignored is not UNSET or all(ignores(excluded_by_flag, name) for name in (".git", ".env")):
        return False, "", Confidence.HIGH
    return False, "copies the whole build context, and no .dockerignore excludes .git and .env", Confidence.MEDIUM


def ignores(patterns: list[str], name: str) -> bool:
    """Whether .dockerignore patterns exclude a top-level name of the context; the last one that matches decides."""
    excluded = False
    for pattern in patterns:
        included = pattern.startswith("!")
        bare = re.sub(r"^(?:\*\*/)+", "", pattern.lstrip("!").strip().strip("/").removeprefix("./"))
        bare = re.sub(r"/\*\*?$", "", bare)
        if bare and fnmatchcase(name, bare):
            excluded = not included
    return excluded

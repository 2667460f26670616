from __future__ import annotations

from sealock.model.imagename import reference_fault
from sealock.patterns import compile_lazily
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_BUILT_IN: Final = compile_lazily(r"(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)")
_USE: Final = compile_lazily(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])[^}]*)?\}?)")


class UndeclaredArgument(Rule[Build]):
    """FROM uses an undeclared build argument or one without a default.

    FROM can only use an ARG declared before the first FROM. An undeclared one is empty, whatever the command line sets,
    so the image name differs from what the file suggests; one without a default makes a plain `docker build` fail, or
    use an untested image.
    """

    id = "B006"
    keywords = ("build argument", "ARG", "FROM")
    aliases = ("InvalidDefaultArgInFrom", "UndefinedArgInFrom")
    severity = Severity.LOW
    references = (
        docker_docs("reference/build-checks/undefined-arg-in-from/"),
        docker_docs("reference/build-checks/invalid-default-arg-in-from/"),
    )
    remedy = "Declare the argument before the first FROM, with a default."
    fixable = False
    bad = (
        "FROM debian:${TAG}\n",
        "ARG TAG\nFROM debian:$TAG\n",
        'ARG DIGEST=""\nFROM debian:12@${DIGEST}\n',
    )
    good = (
        "ARG TAG=12.8\nFROM debian:${TAG}\n",
        "FROM debian:${TAG:-12.8}\n",
        'ARG VARIANT=""\nFROM debian:12${VARIANT}\n',
        "FROM --platform=$BUILDPLATFORM debian:12\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        declared = {pair.name: pair.value for argument in build.arguments for pair in argument.pairs}
        for stage in build.stages:
            platform = stage.start.platform.raw if stage.start.platform else ""
            for match in _USE.finditer(f"{platform} {stage.start.image.raw}"):
                name = match[1] or match[2]
                at, place = ("stages", stage.index), stage.start.image.place
                if match[3] or _BUILT_IN.fullmatch(name):
                    continue
                value = stage.start.image.value
                fails = isinstance(value, str) and bool(reference_fault(value))
                default = declared.get(name)
                if name not in declared:
                    yield self.finding(
                        f"uses {name}, which no ARG before the first FROM declares"
                        + (": it is empty, and the build fails" if fails else ""),
                        at,
                        place=place,
                        severity=Severity.MEDIUM if fails else None,
                    )
                elif default is not None:
                    if fails and not default.value:
                        yield self.finding(
                            f"uses {name}, whose default is empty: without --build-arg FROM names no image",
                            at,
                            place=place,
                            severity=Severity.MEDIUM,
                        )
                else:
                    blank = not _USE.sub("", stage.start.image.raw).strip("\"'")
                    yield self.finding(
                        f"uses {name}, which has no default"
                        + (": without --build-arg the image's name is blank, and the build fails" if blank else ""),
                        at,
                        place=place,
                        severity=Severity.MEDIUM if blank else Severity.INFO,
                    )

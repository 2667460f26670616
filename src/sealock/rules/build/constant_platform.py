from __future__ import annotations

from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class ConstantPlatform(Rule[Build]):
    """FROM --platform is a constant.

    `--platform=linux/amd64` fixes the platform for everyone: on other machines the program runs under emulation, slowly
    and without some of the kernel's protections, and a multi-platform build silently contains the same binaries twice.
    Remove it, or write `$BUILDPLATFORM` or `$TARGETPLATFORM`.
    """

    id = "B005"
    keywords = ("platform", "FROM")
    aliases = ("DL3029", "FromPlatformFlagConstDisallowed")
    differs = (("DL3029", "only with `--pedantic`"), ("FromPlatformFlagConstDisallowed", "only with `--pedantic`"))
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("reference/build-checks/from-platform-flag-const-disallowed/"),)
    remedy = "Remove --platform; choose the platform when you build: `docker build --platform …`."
    bad = ("FROM --platform=linux/amd64 debian:12.8\n",)
    good = ("FROM --platform=$BUILDPLATFORM golang:1.23 AS build\nFROM scratch\n", "FROM debian:12.8\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            platform, flag = stage.start.platform, stage.start.flag("platform")
            if platform is not None and flag is not None and "$" not in platform.raw:
                image = stage.start.image.place.start
                fix = (Edit(Place(flag.place.start, image), ""),) if len(stage.start.flags) == 1 else ()
                yield self.finding(
                    f"builds for {platform.text} only", ("stages", stage.index), place=flag.place, fix=fix
                )

from __future__ import annotations

from sealock.model.build import Copy
from sealock.model.distributions import distributions
from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known
from sealock.rules.build._ran import calls, lineage, ran
from sealock.rules.build._written import settings
from sealock.rules.kit import Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, page

_GLIBC: Final = frozenset({"debian", "redhat", "suse", "arch"})
_DATA: Final = compile_lazily(
    r"(?i)(?:^|/)(?:etc|certs?|ca-certificates|share|conf(?:ig)?|public|html|static|assets|dist|templates|migrations|"
    r"docs?|locales?|wwwroot|www|resources|schemas?|licenses?|sql|scripts|include|boot|firmware|lib/modules)(?:/|$)|"
    r"\.(?:html?|css|[cm]?js|json|ya?ml|toml|xml|conf|cfg|ini|crt|pem|txt|md|sql|jar|war|ear|class|py|sh|php|rb|pl|"
    r"map|svg|png|ico|ttf|woff2?|wasm|proto|tmpl|tpl|zip|tgz|tar(?:\.\w+)?|pub|asc|gpg|dll|"
    r"h|ko|dtb|efi|bpf\.o)$|^/(?:passwd|group)$|(?:^|/)(?:[bzu]?Image|vmlinu[xz]|kernel|initrd|initramfs|System\.map)[^/]*$"
)
"""Files that no C library has to run: settings, certificates, web content, scripts, byte code, and kernels."""
_KERNEL_TARGETS: Final = frozenset({
    "Image", "bzImage", "zImage", "uImage", "vmlinux", "modules", "modules_install", "modules_prepare", "dtbs",
    "headers_install",
})  # fmt: skip
"""What make builds of Linux, which links with no C library."""
_FLAGS: Final = (
    "CGO_ENABLED", "LDFLAGS", "CFLAGS", "CXXFLAGS", "CGO_LDFLAGS", "GOFLAGS", "GO_LDFLAGS", "BUILD_LDFLAGS",
    "EXTRA_LDFLAGS", "GO_BUILD_FLAGS", "RUSTFLAGS", "CARGO_BUILD_TARGET",
)  # fmt: skip
_TREES: Final = ("site-packages", "node_modules", "/venv", "/.venv", "/opt/venv", "/usr/lib", "/lib", "/usr/local/lib")


class LibcMismatch(Rule[Build]):
    """glibc program on a musl image, or the other way round.

    The C library of Alpine is musl: a program or extension linked on Debian or Fedora does not start there ("not
    found", although the file exists), or only with `gcompat`, which covers a part. DNS resolution, locales and thread
    stacks differ as well. Build in the same family, link statically (`CGO_ENABLED=0`, a musl target), or run on a slim
    glibc image.
    """

    id = "B048"
    keywords = ("glibc", "musl", "libc", "Alpine")
    severity = Severity.INFO
    confidence = Confidence.MEDIUM
    references = (
        page(
            "musl, functional differences from glibc",
            "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        ),
    )
    remedy = "Build and run on images of the same family, or link statically."
    fixable = False
    bad = (
        "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM alpine:3.20\nCOPY --from=build /app /app\n",
        (
            "FROM python:3.12 AS build\nRUN pip install x\nFROM python:3.12-alpine\n"
            "COPY --from=build /opt/venv /opt/venv\n"
        ),
        "FROM alpine:3.20\nRUN apk add --no-cache gcompat\n",
    )
    good = (
        (
            "FROM golang:1.23 AS build\nENV CGO_ENABLED=0\nRUN go build -o /app .\nFROM alpine:3.20\n"
            "COPY --from=build /app /app\n"
        ),
        (
            "FROM golang:1.23 AS build\nRUN make ui && LD_FLAGS='-extldflags -static' make bin\n"
            "FROM alpine:3.20\nCOPY --from=build /app /app\n"
        ),
        "FROM golang:1.23-alpine AS build\nRUN go build -o /app .\nFROM alpine:3.20\nCOPY --from=build /app /app\n",
        (
            "FROM debian:12 AS kernel\nRUN make defconfig && make bzImage modules\nFROM alpine:3.20\n"
            "COPY --from=kernel /linux/out /out\n"
        ),
        (
            "FROM node:22 AS build\nRUN npm run build\nFROM nginx:1.27-alpine\n"
            "COPY --from=build /app/dist /usr/share/nginx/html\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        below = distributions(build)
        linking: frozenset[int] | None = None
        for at, stage, copy in build.each(Copy):
            if copy.stage is None or copy.stage >= stage.index:
                continue
            target, families = below[stage.index], {below[stage.index], below[copy.stage]}
            if "alpine" in families and families & _GLIBC:
                origin = build.stages[copy.stage]
                programs = [source.text for source in copy.sources if not _DATA.search(source.text)]
                trees = any(tree in source for source in programs for tree in _TREES)
                if programs and not trees and linking is None:
                    linking = _linking_stages(build)
                if trees or (linking is not None and programs and origin.index in linking):
                    libraries = ("musl", "glibc") if target == "alpine" else ("glibc", "musl")
                    yield self.finding(
                        f"copies files built for {libraries[1]} to an image with {libraries[0]}",
                        at,
                        place=known(copy.place),
                        evidence=f"COPY --from={origin.name} {' '.join(source.raw for source in copy.sources)}"[:200],
                    )
        for call in calls(build, ("apk",), ("add",)):
            for word in call.operands:
                if word.text.partition("=")[0] in {"gcompat", "libc6-compat"} or "glibc" in word.text:
                    yield self.finding(
                        f"runs glibc programs on musl through {word.text}",
                        call.ran.at,
                        place=known(word.place),
                        evidence=word.text,
                    )


def _linking_stages(build: Build) -> frozenset[int]:
    """The stages that link programs against their own C library."""
    links, made, kernels, static = set(), set(), set(), set()
    for call in ran(build, "go", "cargo", "gcc", "g++", "clang", "make", "cmake", "ninja"):
        flags = (each.value.text for each in call.command.assignments if each.value and "FLAGS" in each.name)
        words = " ".join((*call.command.arguments, *flags))
        # Which of a stage's commands builds the program that is copied is not known.
        if "static" in words or "musl" in words:
            static.add(call.stage.index)
        if not _KERNEL_TARGETS.isdisjoint(call.command.arguments):
            kernels.add(call.stage.index)
        elif call.command.name == "make":
            made.add(call.stage.index)
        elif call.command.name not in {"go", "cargo"} or "build" in words or "install" in words:
            links.add(call.stage.index)
    static_at = {
        setting.at[:2]
        for setting in settings(build, *_FLAGS)
        if setting.value == "0" or "static" in setting.value or "musl" in setting.value
    }
    return frozenset(
        index
        for index in (links | made - kernels) - static
        if not any(("stages", below.index) in static_at for below in lineage(build, build.stages[index]))
    )

"""What the hygiene rules on Dockerfiles report, ignore and write."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from sealock import formats
from sealock.formats.files import FileRefusedError
from sealock.formats.textedits import apply_edits
from sealock.model.change import Edit
from sealock.model.document import Document
from sealock.model.finding import Finding, Severity
from sealock.model.location import Source
from sealock.model.project import ProjectFile
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate

RULES = {rule.id: rule for rule in rules("build")}


class Folder:
    """A build context with these files in it."""

    environment: Mapping[str, str] = MappingProxyType({})

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def text(self, path: str) -> str:
        if path.removeprefix("./") not in self.files:
            raise FileRefusedError(path)
        return self.files[path.removeprefix("./")]

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path, exists=path in self.files)

    def entries(self, _folder: str) -> tuple[str, ...]:
        return tuple(self.files)


def read(text: str, context: Folder | None = None) -> Document:
    source = Source("Dockerfile", text)
    return formats.read("dockerfile", source, context) if context else formats.read("dockerfile", source)


def findings(rule: str, text: str, context: Folder | None = None) -> list[Finding]:
    return list(evaluate("Dockerfile", read(text, context), {"build": (RULES[rule],)}).findings)


def fixed(rule: str, text: str) -> str:
    """The text after the first fix."""
    changes: tuple[Any, ...] = next(
        finding.remedy.changes for finding in findings(rule, text) if finding.remedy.changes
    )
    return apply_edits(text, [change for change in changes if isinstance(change, Edit)])


DEBIAN = "FROM debian:12\n"
WRITTEN = [
    ("B101", "RUN apt-get update\nRUN apt-get install -y a\n", "RUN apt-get update \\\n    && apt-get install -y a\n"),
    ("B106", "COPY package-lock.json .\nRUN npm install --omit=dev\n", "COPY package-lock.json .\nRUN npm ci --omit=dev\n"),
    ("B106", "COPY yarn.lock .\nRUN yarn\n", "COPY yarn.lock .\nRUN yarn --frozen-lockfile\n"),
    ("B106", "COPY yarn.lock .yarnrc.yml .\nRUN yarn install\n", "COPY yarn.lock .yarnrc.yml .\nRUN yarn install --immutable\n"),
    ("B109", "RUN apt-get -y install a # b\n", "RUN apt-get -y install --no-install-recommends a # b\n"),
    ("B109", 'RUN ["apt-get", "install", "a"]\n', 'RUN ["apt-get", "install", "--no-install-recommends", "a"]\n'),
    ("B109", "RUN sh -c 'apt-get install a'\n", "RUN sh -c 'apt-get install --no-install-recommends a'\n"),
    ("B109", "RUN apt-get \\\n  install \\\n  # why\n  a\n", "RUN apt-get \\\n  install --no-install-recommends \\\n  # why\n  a\n"),
    ("B110", "RUN apt-get update\n", "RUN apt-get update \\\n    && rm -rf /var/lib/apt/lists/*\n"),
    ("B110", "RUN <<E\napt-get update\nE\nRUN a\n", "RUN <<E\napt-get update\nrm -rf /var/lib/apt/lists/*\nE\nRUN a\n"),
    ("B110", "RUN dnf install -y a\n", "RUN dnf install -y a \\\n    && dnf clean all\n"),
    ("B110", "RUN python3 -m pip install a\n", "RUN python3 -m pip install --no-cache-dir a\n"),
    ("B110", "RUN npm ci\n", "RUN npm ci \\\n    && npm cache clean --force\n"),
    ("B115", "RUN apt-get install a\n", "RUN apt-get install -y a\n"),
    ("B115", "RUN pacman -S a\n", "RUN pacman --noconfirm -S a\n"),
    ("B116", "ENV DEBIAN_FRONTEND noninteractive\n", "ARG DEBIAN_FRONTEND=noninteractive\n"),
    ("B117", "RUN apt full-upgrade\n", "RUN apt-get dist-upgrade\n"),
    ("B117", "RUN apt policy a\n", "RUN apt-cache policy a\n"),
    ("B119", "RUN useradd -u 1000730000 a\n", "RUN useradd --no-log-init -u 1000730000 a\n"),
    ("B131", "HEALTHCHECK CMD a\nUSER b\nHEALTHCHECK CMD c\n", "USER b\nHEALTHCHECK CMD c\n"),
    ("B132", "EXPOSE 8080:80\n", "EXPOSE 80\n"),
    ("B134", "WORKDIR ./app\n", "WORKDIR /app\n"),
    ("B134", 'WORKDIR "app"\n', 'WORKDIR "/app"\n'),
    ("B136", "CMD nginx -g 'daemon off;'\n", 'CMD ["nginx", "-g", "daemon off;"]\n'),
    ("B137", "CMD a\r\nCMD b\r\n", "CMD b\r\n"),
    ("B138", "CMD ['a', 'b c',]\n", 'CMD ["a", "b c"]\n'),
    ("B139", "RUN curl a | tar x\n", 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN curl a | tar x\n'),
    ("B140", "MAINTAINER Jo <a@b.c>\n", 'LABEL org.opencontainers.image.authors="Jo <a@b.c>"\n'),
    ("B141", "RUN cd /srv\n", "WORKDIR /srv\n"),
    ("B141", 'RUN export A="b c"\n', 'ENV A="b c"\n'),
    ("B147", "Run a\n", "RUN a\n"),
    ("B148", "RUN a && \\\n\n  b\n", "RUN a && \\\n  b\n"),
    ("B148", "RUN a \\\n\nCOPY b c\n", "RUN a \n\nCOPY b c\n"),
    ("B149", "ARG VERSION=1\nCOPY a-$VERSIN /\n", "ARG VERSION=1\nCOPY a-$VERSION /\n"),
    ("B150", "ENV A  b c\n", 'ENV A="b c"\n'),
    ("B150", "ENV A \\\n  b \\\n  # c\n  d\n", 'ENV A="b \\\n  # c\n  d"\n'),
    ("B153", "ENV A=1 B=$A\n", "ENV A=1\nENV B=$A\n"),
    ("B153", "ENV A=1 \\\n    B=$A\n", "ENV A=1\nENV B=$A\n"),
    ("B154", 'COPY ["a", "b", "/c"]\n', 'COPY ["a", "b", "/c/"]\n'),
    ("B181", 'RUN rm -rf "$A"/*\n', 'RUN rm -rf "${A:?}"/*\n'),
    ("B181", "RUN rm -rf ${A}/*\n", "RUN rm -rf ${A:?}/*\n"),
    ("B182", "RUN cd /a; make\n", "RUN cd /a || exit 1; make\n"),
    ("B183", "RUN make ; \\\n  ls\n", "RUN make && \\\n  ls\n"),
    ("B183", "RUN make;A=b ls\n", "RUN make && A=b ls\n"),
    ("B184", "RUN <<E\n#!/bin/sh\na\nb\nE\n", "RUN <<E\n#!/bin/sh\nset -e\na\nb\nE\n"),
    ("B184", "RUN bash <<E\na\nb\nE\n", "RUN bash <<E\nset -e\na\nb\nE\n"),
    ("B184", "RUN sh -s <<-F\n\tc\n\td\n\tF\n", "RUN sh -s <<-F\n\tset -e\n\tc\n\td\n\tF\n"),
    ("B186", "RUN source a/b\n", "RUN . a/b\n"),
    ("B189", "RUN curl -o a https://b/c\n", "RUN curl -f -o a https://b/c\n"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after"), WRITTEN)
def test_a_fix_follows_the_style_of_the_file(rule: str, before: str, after: str) -> None:
    assert fixed(rule, DEBIAN + before) == DEBIAN + after


PIPEFAIL = 'SHELL ["/bin/{}", "-o", "pipefail", "-c"]\n'
UNKNOWN_BASE = [
    # rule, what comes before in the Dockerfile, the instruction, what the fix puts before it
    ("B139", "FROM acme/base\nRUN apk add curl\n", PIPEFAIL.format("ash")),
    ("B139", "FROM acme/base\nRUN yum -y install tar\n", PIPEFAIL.format("bash")),
    ("B139", "FROM acme/base AS a\nRUN apt-get update\nFROM a\n", PIPEFAIL.format("bash")),
]


@pytest.mark.parametrize(("rule", "before", "line"), UNKNOWN_BASE)
def test_a_fix_uses_what_the_distribution_has(rule: str, before: str, line: str) -> None:
    text = before + "RUN curl a | tar x\n"
    assert fixed(rule, text) == before + line + "RUN curl a | tar x\n"


def test_a_fix_names_no_shell_that_may_not_be_there() -> None:
    (finding,) = findings("B139", "FROM acme/base\nRUN curl a | tar x\n")
    assert not finding.remedy.changes


def test_a_fix_uses_the_escape_character_of_the_file() -> None:
    before = "# escape=`\nFROM fedora:40\nRUN dnf install -y a\n"
    assert fixed("B110", before) == "# escape=`\nFROM fedora:40\nRUN dnf install -y a `\n    && dnf clean all\n"


ALPINE = "FROM alpine:3.20\n"
JUDGED = [
    # rule, text, how many findings
    ("B101", DEBIAN + "RUN apt-get update && apt-get -y dist-upgrade\n", 0),
    ("B101", DEBIAN + "RUN apt-get update && rosdep install -y --from-paths .\n", 0),
    ("B101", DEBIAN + "COPY a.sh /a.sh\nRUN apt-get update && /a.sh\n", 0),
    ("B101", DEBIAN + "COPY a.sh /a.sh\nRUN apt-get update && bash a.sh\n", 0),
    ("B101", DEBIAN + "RUN apt-get update && $INSTALL\n", 0),
    ("B101", DEBIAN + "RUN apt-get update && /usr/bin/id && rm -rf /tmp/x\n", 1),
    ("B103", "FROM fedora:40\nRUN dnf upgrade -y --security\n", 0),
    ("B103", DEBIAN + "RUN sudo apt-get upgrade -y\n", 1),
    ("B104", DEBIAN + "RUN apt-get install -t bookworm-backports -o A::B=c $PACKAGES\n", 0),
    ("B105", "FROM golang:1.23\nRUN go install -ldflags '-s -w' example.org/x@v1\n", 0),
    ("B105", "FROM python:3.12\nRUN pip install 'flask>=3' ./x.whl git+https://e.org/r -c constraints.txt\n", 0),
    ("B109", DEBIAN + "RUN apt-get install ./a.deb\n", 0),
    ("B110", DEBIAN + "RUN apt-get update && rm -rf /var/lib/apt/lists\n", 0),
    ("B110", DEBIAN + "RUN apt-get update && rm -f /var/lib/apt/lists/*_*\n", 0),
    ("B110", DEBIAN + "RUN apt-get update && rm -f /var/lib/apt/lists/*.gz\n", 1),
    ("B110", DEBIAN + "RUN apt-get update && find /var/lib/apt/lists -type f -delete\n", 0),
    ("B110", DEBIAN + "RUN apt-get update && rm -rf /var/cache/*\n", 1),
    ("B110", ALPINE + "RUN apk add -t .build --no-cache gcc\n", 0),
    ("B110", ALPINE + "RUN apk add a && rm -rf /tmp/* /var/cache/apk/*\n", 0),
    ("B110", "FROM fedora:40\nRUN dnf install -y a && rm -rf /var/cache/dnf /root/x\n", 0),
    ("B110", "FROM python:3.12\nRUN --mount=type=cache,target=/home/app/.cache/pip pip install a\n", 0),
    *(("B108", f"FROM python:3.12\nRUN pip {verb} -r r.txt\n", 1) for verb in ("install", "wheel", "download")),
    ("B108", "FROM python:3.12\nRUN pip uninstall -r r.txt\n", 0),
    ("B164", "FROM debian:12\nENTRYPOINT /app\nONBUILD CMD x\n", 0),
    ("B164", "FROM debian:12\nONBUILD ENTRYPOINT /app\nCMD x\n", 0),
    ("B110", "FROM python:3.12\nRUN --mount=type=cache,target=/root/.npm pip install a\n", 1),
    ("B110", "FROM python:3.12\nRUN --mount=type=tmpfs,target=/root/.cache/pip pip install a\n", 0),
    ("B110", "FROM python:3.12\nRUN --mount=type=bind,target=/root/.cache/pip,rw pip install a\n", 1),
    ("B110", "FROM condaforge/mambaforge\nRUN mamba install -y a && conda clean -afy\n", 0),
    ("B115", DEBIAN + "RUN apt-get -qq -o a install b && apt-get install -q -q c && apt-get -q=2 install d\n", 0),
    ("B115", DEBIAN + "RUN apt-get -q install b\n", 1),
    ("B115", DEBIAN + "RUN echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/y && apt-get install b\n", 0),
    ("B118", DEBIAN + "RUN apt-get install curl wget && curl a\n", 0),
    ("B120", "FROM busybox:1.36\nRUN wget https://a/b\n", 0),
    ("B121", DEBIAN + "RUN apt-get install -y vim ssh && ls /bin/mount\n", 0),
    ("B132", DEBIAN + "EXPOSE 0 65535 65536\n", 2),
    ("B134", DEBIAN + "WORKDIR $A/b\n", 0),
    ("B136", DEBIAN + "ENTRYPOINT exec app\n", 0),
    ("B138", DEBIAN + 'RUN [ "$A" = "b" ]\n', 0),
    ("B138", DEBIAN + "HEALTHCHECK CMD ['curl', 'a']\n", 1),
    ("B139", DEBIAN + 'RUN ["bash", "-c", "curl a | tar x"]\n', 1),
    ("B139", DEBIAN + "RUN bash -o pipefail -c 'curl a | tar x'\n", 0),
    ("B139", DEBIAN + "RUN x=$(curl a | tail -1) && echo $x\n", 1),
    ("B139", 'FROM a\nSHELL ["powershell", "-Command"]\nRUN Get-Item a | Remove-Item\n', 0),
    ("B141", DEBIAN + "RUN cd a && . b\n", 1),
    ("B147", "FROM a AS B\nFROM B\n", 1),
    ("B147", "from a as b\nfrom b AS c\n", 1),
    ("B147", "from a\nrun b\ncopy c d\n", 0),
    ("B147", "FROM a AS b\nrun c\nrun d\n", 2),
    ("B147", "FROM a as b\nrun c\nrun d\n", 1),
    ("B148", DEBIAN + "RUN a \\\n  b\n\nRUN c\n", 0),
    ("B149", DEBIAN + "ARG A1\nARG A2\nCOPY $A3 /\n", 0),
    ("B149", DEBIAN + "COPY $HOME/x ${FOO:-y} \\$z '$q' /\n", 0),
    ("B149", "ARG V=1\nFROM a:$V AS x\nARG V\nFROM x\nCOPY $V /\n", 0),
    ("B150", DEBIAN + "LABEL a b\n", 1),
    ("B153", DEBIAN + "ENV A=1 AB=$AB A_B=$A_C\n", 0),
    ("B153", DEBIAN + 'ENV A=$A B="${B}" C=$A$B\n', 0),
    ("B153", DEBIAN + "ENV A=$B B=$B C=$B/$A\n", 1),
    ("B153", DEBIAN + "ENV A=${A}x B=$A\n", 1),
    ("B153", DEBIAN + "ENV A=${A:-x} B=$A\n", 1),
    ("B154", DEBIAN + "COPY <<a <<b /c/\nx\na\ny\nb\n", 0),
    ("B156", DEBIAN.replace("\n", " AS a\n") + "COPY --from=other/image /x /\n", 0),
    ("B160", DEBIAN + "LABEL a.b-c_d/e=1 maintainer=x $K=v\n", 0),
    ("B160", DEBIAN + "LABEL com.docker.desktop.extension.api.version=1 com.docker.extension.categories=x\n", 0),
    ("B160", DEBIAN + "LABEL com.docker.desktop.extensions=1\n", 1),
    ("B161", DEBIAN + "LABEL org.opencontainers.image.created=2026-13-01T00:00:00Z\n", 1),
    ("B180", DEBIAN + "RUN for a in b; do for c in d; do echo; done; done\n", 0),
    ("B182", DEBIAN + "RUN cd /; ls\n", 0),
    ("B183", DEBIAN + "RUN set -o errexit; make; ls\n", 0),
    ("B183", DEBIAN + "RUN make || true; ls\n", 0),
    ("B183", DEBIAN + "RUN for a in b; do make $a; done; ls\n", 0),
    ("B184", DEBIAN + "RUN <<E bash -e\na\nb\nE\n", 0),
    ("B184", DEBIAN + "RUN bash <<E\nset -e\na\nb\nE\n", 0),
    ("B184", DEBIAN + "RUN bash -o errexit <<E\na\nb\nE\n", 0),
    ("B184", DEBIAN + "RUN cat <<E >x && bash x <<F\na\nb\nE\na\nb\nF\n", 0),
    ("B184", DEBIAN + "RUN bash -c 'a; b' <<E\na\nb\nE\n", 0),
    ("B184", DEBIAN + "RUN bash 3<<E\na\nb\nE\n", 0),
    ("B184", DEBIAN + "RUN cat <<E >x && sudo sh <<F\na\nE\na\nb\nF\n", 1),
    ("B184", DEBIAN + "RUN <<E\nset -e\nsh <<F\na\nb\nF\nE\n", 1),
    ("B185", DEBIAN + "RUN a && b&\n", 1),
    ("B186", DEBIAN + "RUN echo $(diff <(a) <(b))\n", 1),
    ("B186", "FROM a AS debian\nRUN source x/y\n", 0),
    ("B186", "FROM acme/base\nRUN apt-get update && source x/y\n", 1),
    ("B186", "FROM acme/base\nRUN apk add a && source x/y\n", 0),
    ("B188", DEBIAN + "COPY a /b\nCOPY c /d\nRUN chown -R e /b\n", 1),
    ("B188", DEBIAN + "RUN chown -R e /b\nCOPY a /b\n", 0),
    ("B189", DEBIAN + "RUN curl -w '%{http_code}' https://a/b\n", 0),
    ("B102", DEBIAN + "RUN apt-get update && apt-get install -y a\nRUN apt-get install -y ./b.deb\n", 0),
    ("B105", "FROM node:22\nRUN npm install -g typescript\n", 1),
    ("B105", "FROM node:22\nRUN npm install -g $TOOL git+https://e.org/a tool.tgz\n", 0),
    ("B105", "FROM python:3.12\nRUN pip install vendor/tool\n", 0),
    ("B106", "FROM node:22\nCOPY package-lock.json ./\nRUN npm install -g\n", 0),
    ("B106", "FROM node:22\nCOPY pnpm-lock.yaml ./\nRUN pnpm install lodash\n", 0),
    ("B106", "FROM node:22\nCOPY yarn.lock ./\nRUN yarn --version\n", 0),
    ("B115", DEBIAN + "RUN apt-get install a <<< y\n", 0),
    ("B141", DEBIAN + "RUN cd /a > /log\n", 0),
    ("B158", DEBIAN + "COPY a.tar.gz /tmp/\nRUN tar -tf /tmp/a.tar.gz\n", 0),
    ("B182", DEBIAN + "RUN if cd /a; then make; fi\n", 0),
    ("B182", DEBIAN + "RUN set -e=1; cd /a; make\n", 1),
    ("B183", DEBIAN + "RUN make; if test -f a; then true; fi\n", 0),
    ("B183", DEBIAN + "RUN ! make; true\n", 0),
    ("B185", DEBIAN + "RUN make \\&\n", 0),
    ("B187", DEBIAN + "RUN echo 'export A=b' < /etc/profile\n", 0),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "count"), JUDGED)
def test_a_rule_distinguishes_its_fault_from_similar_text(rule: str, text: str, count: int) -> None:
    assert len(findings(rule, text)) == count


UNFIXED = {
    "a RUN with an option": "RUN --network=none cd /a\n",
    "a RUN of the images below": "ONBUILD RUN cd /a\n",
    "a directory that a variable names": "RUN cd $X\n",
    "the directory before": "RUN cd -\n",
    "a value that the shell expands": "RUN export A=$HOME\n",
}


@pytest.mark.parametrize("line", UNFIXED.values(), ids=UNFIXED)
def test_a_run_without_effect_becomes_no_instruction_that_means_another_thing(line: str) -> None:
    (finding,) = findings("B141", DEBIAN + line)
    assert not finding.remedy.changes


def test_a_swallowed_instruction_is_more_severe_than_an_empty_line() -> None:
    (finding,) = findings("B148", DEBIAN + "RUN a \\\n\nCOPY b /c\n")
    assert finding.severity is Severity.MEDIUM
    assert "COPY" in finding.message
    assert not finding.remedy.safe


@pytest.mark.parametrize(
    ("rule", "text", "safe"),
    [
        ("B110", "RUN apt-get update && apt-get install -y a\n", True),
        ("B110", "RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b\n", False),
        ("B116", "ENV DEBIAN_FRONTEND=noninteractive\n", True),
        ("B136", "ENTRYPOINT app\n", True),
        ("B136", "ENTRYPOINT app\nCMD b\n", False),
        ("B137", "CMD a\nCMD b\n", True),
        ("B139", "RUN curl a | tar x\n", False),
        ("B183", "RUN make; ls\n", False),
    ],
)
def test_a_fix_is_safe_only_if_it_keeps_a_sound_build_unchanged(rule: str, text: str, safe: bool) -> None:  # noqa: FBT001  a column of the table
    assert findings(rule, DEBIAN + text)[0].remedy.safe is safe


def test_turning_env_into_arg_is_unsafe_if_another_stage_inherits_it() -> None:
    text = "FROM debian:12 AS base\nENV DEBIAN_FRONTEND=noninteractive\nFROM base\nRUN apt-get update\n"
    (finding,) = findings("B116", text)
    assert not finding.remedy.safe


@pytest.mark.parametrize(
    ("ignored", "copied", "count"),
    [
        ("*.md\n", "README.md", 1),
        ("*.md\n!README.md\n", "README.md", 0),
        ("docs\n", "docs/a.txt", 1),
        ("**/secret\n", "a/b/secret", 1),
        ("a/?\n", "a/b", 1),
        ("a/*\n", "b", 0),
        ("*\n!src\n", "src", 0),
        ("*\n!src\n", "lib", 1),
        ("[\n", "a", 0),
        ("# app\n\n", "app", 0),
        ("build\n!build/package/*\n", "./build/package/", 0),
        ("build\n!build/packages/*\n", "build/package", 1),
        ("build\n!docs/*\n", "build", 1),
    ],
)
def test_a_file_that_dockerignore_excludes_cannot_be_copied(ignored: str, copied: str, count: int) -> None:
    folder = Folder({".dockerignore": ignored, copied.removeprefix("./").partition("/")[0]: ""})
    assert len(findings("B152", f"FROM a\nCOPY {copied} /x\n", folder)) == count


@pytest.mark.parametrize("copied", ["util/app/app.conf", "./made-before-the-build"])
def test_of_a_file_that_is_not_there_dockerignore_says_nothing(copied: str) -> None:
    """The context may be another directory, as of `docker build -f util/app/Dockerfile .`."""
    assert findings("B152", f"FROM a\nCOPY {copied} /x\n", Folder({".dockerignore": "*\n!app.conf\n"})) == []


def test_copying_everything_includes_the_lock_file_of_the_context() -> None:
    text = "FROM node:22\nCOPY . .\nRUN npm install\n"
    assert findings("B106", text, Folder({"package-lock.json": "{}"}))
    assert not findings("B106", text, Folder({"package.json": "{}"}))
    assert not findings("B106", text)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('""', "leaves org.opencontainers.image.revision empty"),
        ("a", None),
    ],
)
def test_an_empty_label_of_the_specification_is_called_empty(value: str, message: str | None) -> None:
    found = findings("B161", f"{DEBIAN}LABEL org.opencontainers.image.revision={value}\n")
    assert [finding.message for finding in found] == ([] if message is None else [message])


def test_findings_point_at_the_word_not_at_the_instruction() -> None:
    (finding,) = findings("B109", DEBIAN + "RUN apt-get update && \\\n    apt-get install -y a\n")
    assert (finding.location.line, finding.location.column) == (3, 13)


def test_the_command_index_is_rebuilt_for_each_build() -> None:
    first, second = DEBIAN + "RUN pip install a\n", DEBIAN + "RUN pip install --no-cache-dir a\n"
    assert [len(findings("B110", text)) for text in (first, second, first)] == [1, 0, 1]


LOCKS = [
    (
        "a pattern that takes the lock file of the context",
        "package*.json ./",
        ("package.json", "package-lock.json"),
        "",
        True,
    ),
    ("a pattern where there is none", "package*.json ./", ("package.json",), "", False),
    ("a pattern of a context that nobody can list", "package*.json ./", None, "", False),
    (
        "a lock file that may be missing, and is there",
        "package.json package-lock.json* ./",
        ("package-lock.json",),
        "",
        True,
    ),
    ("a lock file that may be missing, and is", "package.json package-lock.json* ./", ("package.json",), "", False),
    ("a lock file by name", "package.json package-lock.json ./", None, "", True),
    ("the whole context with one", ". .", ("package-lock.json",), "", True),
    ("the whole context with one that is left out", ". .", ("package-lock.json",), "**/package-lock.json", False),
    ("the whole context with one that is put back", ". .", ("package-lock.json",), "*\n!package*.json", True),
    ("the lock file of another manager", ". .", ("yarn.lock",), "", False),
    ("files of another image", "--from=base:1 package*.json ./", ("package-lock.json",), "", False),
    ("a pattern in a directory that nobody listed", "web/package*.json ./", ("package-lock.json",), "", False),
]


@pytest.mark.parametrize(
    ("copied", "entries", "ignored", "reported"), [pytest.param(*row, id=name) for name, *row in LOCKS]
)
def test_npm_install_is_reported_beside_a_lock_file(
    copied: str,
    entries: tuple[str, ...] | None,
    ignored: str,
    reported: bool,  # noqa: FBT001  a table's column
) -> None:
    files = dict.fromkeys(entries or (), "{}") | ({".dockerignore": ignored} if ignored else {})
    text = f"FROM node:22\nWORKDIR /app\nCOPY {copied}\nRUN npm install\n"
    assert bool(findings("B106", text, None if entries is None else Folder(files))) is reported


@pytest.mark.parametrize("following", ["RUN ./setup.sh", "RUN make deps", "RUN id"])
def test_an_update_is_joined_with_what_surely_installs_alone(following: str) -> None:
    (finding,) = findings("B101", f"{DEBIAN}COPY . .\nRUN apt-get update\n{following}\n")
    assert not finding.remedy.changes

"""What hadolint finds in a file made for each of its rules, ours finds too: docs/guide/peers.md, row by row."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sealock import formats
from sealock.model.location import Source
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent
D, A, F, S = "FROM debian:12\n", "FROM alpine:3.20\n", "FROM fedora:40\n", "FROM opensuse/leap:15.6\n"
ROWS = [
    ("DL3000", "B134", D + "WORKDIR app\n"),
    ("DL3001", "B121", D + "RUN free -m\n"),
    ("DL3002", "C046", D + "USER root\n"),
    ("DL3003", "B142", D + "RUN cd /a && make\n"),
    ("DL3004", "B040", D + "RUN sudo make\n"),
    ("DL3006", "C080", "FROM debian\n"),
    ("DL3007", "C080", "FROM debian:latest\n"),
    ("DL3008", "B104", D + "RUN apt-get install -y a\n"),
    ("DL3009", "B110", D + "RUN apt-get update && apt-get install -y a\n"),
    ("DL3010", "B158", D + "COPY a.tar.gz /b/\nRUN tar -xzf /b/a.tar.gz\n"),
    ("DL3011", "B132", D + "EXPOSE 80000\n"),
    ("DL3012", "B131", D + "HEALTHCHECK CMD a\nHEALTHCHECK CMD b\n"),
    ("DL3013", "B105", D + "RUN pip install a\n"),
    ("DL3014", "B115", D + "RUN apt-get install a\n"),
    ("DL3015", "B109", D + "RUN apt-get install -y a\n"),
    ("DL3016", "B105", D + "RUN npm install -g a\n"),
    ("DL3018", "B104", A + "RUN apk add a\n"),
    ("DL3019", "B110", A + "RUN apk add a\n"),
    ("DL3020", "B008", D + "ADD a /b\n"),
    ("DL3021", "B154", D + "COPY a b /c\n"),
    ("DL3022", "B010", D + "COPY --from=busybox /a /b\n"),
    ("DL3024", "B143", "FROM debian:12 AS a\nFROM debian:12 AS a\n"),
    ("DL3025", "B136", D + "CMD a b\n"),
    ("DL3027", "B117", D + "RUN apt install -y a\n"),
    ("DL3028", "B105", D + "RUN gem install a\n"),
    ("DL3029", "B005", "FROM --platform=linux/amd64 debian:12\n"),
    ("DL3030", "B115", F + "RUN yum install a\n"),
    ("DL3032", "B110", F + "RUN yum install -y a\n"),
    ("DL3033", "B104", F + "RUN yum install -y a\n"),
    ("DL3034", "B115", S + "RUN zypper install a\n"),
    ("DL3035", "B103", S + "RUN zypper dist-upgrade -y\n"),
    ("DL3036", "B110", S + "RUN zypper install -y a\n"),
    ("DL3037", "B104", S + "RUN zypper install -y a\n"),
    ("DL3038", "B115", F + "RUN dnf install a\n"),
    ("DL3040", "B110", F + "RUN dnf install -y a\n"),
    ("DL3041", "B104", F + "RUN dnf install -y a\n"),
    ("DL3042", "B110", D + "RUN pip install a==1\n"),
    ("DL3044", "B153", D + "ENV A=b C=$A\n"),
    ("DL3045", "B155", D + "COPY a b\n"),
    ("DL3046", "B119", D + "RUN useradd -u 1234567 a\n"),
    ("DL3047", "B120", D + "RUN wget http://a/b\n"),
    ("DL3048", "B160", D + "LABEL com.docker.a=b\n"),
    ("DL3059", "B157", D + "RUN a\nRUN b\n"),
    ("DL3060", "B110", D + "RUN yarn install\n"),
    ("DL3062", "B105", D + "RUN go install example.org/a@latest\n"),
    ("DL3063", "B144", "FROM debian:12 AS scratch\nFROM debian:12\n"),
    ("DL3064", "B013", D + "ENV DB_PASSWORD=Tr0ub4dor-and-3\n"),
    ("DL3065", "B151", "FROM --platform=$TARGETPLATFORM debian:12\n"),
    ("DL3066", "B159", D + "USER app\n"),
    ("DL3067", "B011", "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=a / /\n"),
    ("DL4000", "B140", D + "MAINTAINER a\n"),
    ("DL4001", "B118", D + "RUN wget http://a\nRUN curl http://b\n"),
    ("DL4003", "B137", D + 'CMD ["a"]\nCMD ["b"]\n'),
    ("DL4004", "B137", D + 'ENTRYPOINT ["a"]\nENTRYPOINT ["b"]\n'),
    ("DL4005", "B122", D + "RUN ln -sfv /bin/bash /bin/sh\n"),
    ("DL4006", "B139", D + "RUN wget -O - https://a | wc -l > /b\n"),
]
REFUSED = [
    ("DL3023", "FROM debian:12 AS a\nCOPY --from=a /b /c\n"),
    ("DL3043", D + "ONBUILD FROM debian:12\n"),
    ("DL3061", "LABEL a=b\nFROM debian:12\n"),
]


def hadolint(text: str, folder: Path) -> set[str]:
    """The codes that hadolint reports."""
    program = shutil.which("hadolint") or ROOT / ".peers" / "bin" / "hadolint"
    path = folder / "Dockerfile"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([program, "--format", "json", path], capture_output=True, text=True, check=False)
    return {load["code"] for load in json.loads(done.stdout)}


@pytest.mark.parametrize(("theirs", "ours", "text"), ROWS, ids=[row[0] for row in ROWS])
def test_both_find_it(theirs: str, ours: str, text: str, tmp_path: Path) -> None:
    assert theirs in hadolint(text, tmp_path)
    document = formats.read("dockerfile", Source("Dockerfile", text))
    book = {"build": rules("build"), "container": rules("container")}
    assert ours in {finding.rule for finding in evaluate("Dockerfile", document, book).findings}


@pytest.mark.parametrize(("theirs", "text"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_a_finding_there_is_a_problem_here(theirs: str, text: str, tmp_path: Path) -> None:
    assert theirs in hadolint(text, tmp_path)
    assert formats.read("dockerfile", Source("Dockerfile", text)).errors


def test_the_page_names_the_rules_that_were_tried() -> None:
    page = (ROOT / "docs" / "guide" / "peers.md").read_text(encoding="utf-8")
    lines = [line.split("|") for line in page.splitlines() if re.match(r"\| DL", line)]
    answers = {code: line[2] for line in lines for code in re.findall(r"DL\d{4}", line[1])}
    assert not [(theirs, ours) for theirs, ours, _ in ROWS if ours not in answers[theirs]]
    assert not [theirs for theirs, _ in REFUSED if "—" not in answers[theirs]]

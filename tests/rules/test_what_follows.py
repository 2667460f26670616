"""What a rule passes over ends no search: what follows it is reported, and nothing else, as a table."""

from __future__ import annotations

import pytest

from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from support.documents import read

A = "FROM debian:12\n"
POD = """apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers: [{name: a, image: "a:1", volumeMounts: [{name: proc, mountPath: /p}]}]
  volumes: [{name: c, configMap: {name: c}}, {name: proc, hostPath: {path: /proc}}, {name: d, hostPath: {path: /srv/app}}]
"""
INLINE = """services: {a: {image: "a:1"}}
configs: {c: {content: "a=b"}, d: {content: "password=q7Zp1mWx9LdKv"}}
"""
ROWS = [
    ("B137: a CMD of later builds is no repetition", f'{A}CMD ["a"]\nONBUILD CMD ["b"]\n', "B137", []),
    ("B137: nor does it hide one", f'{A}ONBUILD CMD ["b"]\nCMD ["a"]\nCMD ["c"]\n', "B137", [3]),
    ("B131: a HEALTHCHECK of later builds is none", f"{A}HEALTHCHECK CMD a\nONBUILD HEALTHCHECK CMD b\n", "B131", []),
    ("B158: a tar that makes an archive unpacks none", f"{A}COPY a.tar.gz /\nRUN tar -cf b.tar /a.tar.gz\n", "B158", []),
    ("B158: one after it does", f"{A}COPY a.tar.gz /\nRUN tar -tf /a.tar.gz && tar -xf /a.tar.gz\n", "B158", [2]),
    ("B158: what another stage has comes first", f"{A}COPY --from=x:1 /a /b\nCOPY a.tgz /\nRUN tar -xf /a.tgz\n", "B158", [3]),
    (
        "B115: pacman's query waits for nobody, and its installation does",
        "FROM archlinux:latest\nRUN pacman -Q && pacman -S vim\n",
        "B115",
        [2],
    ),
    (
        "B115: a stage whose settings answer, and one without",
        f"""{A}RUN echo 'APT::Get::Assume-Yes "true";' > /etc/apt/apt.conf.d/y
RUN apt-get install a
{A}RUN apt-get install b
""",
        "B115",
        [5],
    ),
    ("B115: a shell's own options first", f"{A}RUN bash --norc --rcfile /x -e -c 'apt-get install a'\n", "B115", [2]),
    ("B115: where errors go first, then the script", f"{A}RUN bash 2>/dev/null <<X\napt-get install a\nX\n", "B115", [3]),
    ("B050: python's own option is no index", f"{A}RUN python3 x http://a.b/c && python3 -m pip install -i http://a.b/c d\n", "B050", [2]),
    ("B006: a built-in argument first", "FROM --platform=$BUILDPLATFORM debian:$V\n", "B006", [1]),
    ("B006: an argument with a default of its own first", "FROM a/${X:-b}:$V\n", "B006", [1]),
    (
        "B035: a source that sed replaces, and one that stays",
        f"{A}RUN sed -i 's|deb http://a.example|deb http://a.example deb http://b.example|' /etc/apt/sources.list\n",
        "B035",
        [2],
    ),
    (
        "B035: what sed writes, however it spells it",
        rf"""{A}RUN sed -i 's/http:\/\/a.example/http:\/\/b.example/' /etc/apt/sources.list
RUN sed -n -e 'y/a/b/;s#x#y#g' -e 's|a|deb http://c.example|w /x' /etc/apt/sources.list
RUN sed -i -e '$a deb http://d.example x y' /a /etc/apt/sources.list
RUN <<X
sed --expression='1,/x/c\
# x\
deb http://e.example
s/a/b/' -i /etc/apt/sources.list /b
X
RUN sed -i -f /x -e '# deb http://g.example' -e ':a;i\' -e 'p' /etc/apt/sources.list
RUN sed 's|x|deb http://f.example|' /x > /etc/apt/sources.list
RUN sed '#deb http://h.example' /etc/apt/sources.list
""",
        "B035",
        [2, 3, 4, 8, 12],
    ),
    ("B060: a file that is none of accounts", f"{A}RUN echo a > /b && echo 'x:x:0:0::/:/bin/sh' >> /etc/passwd\n", "B060", [2]),
    ("B024: a file that is none of settings", f"{A}RUN echo insecure > /b; echo insecure >> /root/.curlrc\n", "B024", [2]),
    ("B013: a variable from elsewhere first", f"{A}ARG X\nENV A=$X PASSWORD=q7Zp1mWx9LdKv\n", "B013", [3]),
    ("B008: a remote source and an archive first", f"{A}ADD https://a.example/b /\nADD c.tgz /\nADD d.py /\n", "B008", [4]),
    ("C094: volumes of other kinds, and a path of another rule, first", POD, "C094", [6]),
    ("P005: a config without a secret first", INLINE, "P005", [2]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule", "lines"), [pytest.param(*row, id=sentence) for sentence, *row in ROWS])
def test_what_follows_is_reported(text: str, rule: str, lines: list[int]) -> None:
    document = read(text)
    assert not document.errors, document.errors
    kinds = {kind: rules(kind) for kind in ("container", "build", "project")}
    found = evaluate("test", document, kinds).findings
    assert sorted(finding.location.line for finding in found if finding.rule == rule) == lines

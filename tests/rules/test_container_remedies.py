"""The text that fixes write, and which fixes are safe."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.formats.textedits import apply_edits
from sealock.model.change import Edit, On, OnBuild
from sealock.model.document import Document, Subject
from sealock.model.finding import Finding
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from support.documents import read


def finding(text: str, rule: str) -> tuple[Document, Finding]:
    document = read(text)
    findings = evaluate("test", document, {kind: rules(kind) for kind in ("container", "build", "project")}).findings
    return document, next(finding for finding in findings if finding.rule == rule)


def fixed(text: str, rule: str) -> str:
    _, reported = finding(text, rule)
    assert reported.remedy.changes
    for change in reported.remedy.changes:
        document = read(text)
        name, inner = (change.subject, change.change) if isinstance(change, On) else (reported.subject, change)
        assert not isinstance(inner, Edit | OnBuild)
        text = apply_edits(text, formats.edits(document, subject(document, name), inner))
    return text


def subject(document: Document, name: str) -> Subject:
    return next(subject for subject in document.subjects if subject.name == name)


def service(image: str, lines: str = "") -> str:
    return f"services:\n  app:\n    image: {image}\n{lines}"


LINES = [
    ("privileged goes", "C001", "docker run --privileged alpine", "docker run alpine"),
    ("a capability goes, the others stay", "C002",
     "docker run --cap-add SYS_ADMIN --cap-add CHOWN alpine", "docker run --cap-add CHOWN alpine"),
    ("all capabilities are dropped for a user", "C004",
     "docker run -u 1000 acme/app:1", "docker run -u 1000 --cap-drop ALL acme/app:1"),
    ("an image of which nothing is known may change its user", "C004", "docker run acme/app:1",
     ("docker run --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add KILL --cap-add SETGID "
     "--cap-add SETUID acme/app:1")),
    ("an image of a known user does not", "C004", "docker run grafana/grafana:11", "docker run --cap-drop ALL grafana/grafana:11"),
    ("nginx of a mirror does so too", "C040", "docker run public.ecr.aws/docker/library/nginx:1.29",
     "docker run --read-only --tmpfs /var/cache/nginx --tmpfs /run public.ecr.aws/docker/library/nginx:1.29"),
    ("nginx starts its workers", "C004", "docker run nginx:1.29",
     ("docker run --cap-drop ALL --cap-add CHOWN --cap-add KILL --cap-add NET_BIND_SERVICE --cap-add SETGID --cap-add SETUID "
     "nginx:1.29")),
    ("root may need files of others in a bind mount", "C004", "docker run -v /srv:/srv traefik:3",
     "docker run -v /srv:/srv --cap-drop ALL --cap-add DAC_OVERRIDE --cap-add NET_BIND_SERVICE traefik:3"),
    ("a low port is bound", "C004", "docker run -p 8080:80 mongo:7",
     ("docker run -p 8080:80 --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add NET_BIND_SERVICE "
     "--cap-add SETGID --cap-add SETUID mongo:7")),
    ("what redis' entry point needs is kept", "C004", "docker run redis:7.4",
     "docker run --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add SETGID --cap-add SETUID --cap-drop ALL redis:7.4"),
    ("the same redis as an ordinary user needs nothing", "C004",
     "docker run -u 999 redis:7.4", "docker run --cap-drop ALL -u 999 redis:7.4"),
    ("no-new-privileges is put in", "C006",
     "docker run redis:7.4", "docker run --security-opt no-new-privileges redis:7.4"),
    ("a read-only root gets /tmp and /run", "C040", "docker run acme/app:1",
     "docker run --tmpfs /tmp --tmpfs /run --read-only acme/app:1"),
    ("and not where something is mounted already", "C040", "docker run --tmpfs /tmp -v run:/run acme/app:1",
     "docker run --read-only --tmpfs /tmp -v run:/run acme/app:1"),
    ("a port is kept to the host", "C060", "docker run -p 8080:80 alpine", "docker run -p 127.0.0.1:8080:80 alpine"),
    ("on IPv6 too", "C060", "docker run -p '[::]:8080:80' alpine", "docker run -p '[::1]:8080:80' alpine"),
    ("a mount of the host is read-only", "C014", "docker run -v /etc:/e:z alpine", "docker run -v /etc:/e:ro,z alpine"),
    ("propagation is private", "C042", "docker run -v /mnt:/m:rshared alpine", "docker run -v /mnt:/m:rprivate alpine"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text", "expected"), [pytest.param(rule, text, expected, id=name) for name, rule, text, expected in LINES]
)
def test_fixes_of_run_lines(rule: str, text: str, expected: str) -> None:
    assert sorted(fixed(text, rule).split()) == sorted(expected.split())


FILES = [
    ("the socket is removed", "C011",
     service("acme/ui:1", "    volumes:\n      - /var/run/docker.sock:/s\n      - data:/data\nvolumes:\n  data:\n"),
     service("acme/ui:1", "    volumes:\n      - data:/data\nvolumes:\n  data:\n")),
    ("a memory limit", "C028", service("acme/app:1"), service("acme/app:1", "    mem_limit: 512m\n")),
    ("a database is published only on the host", "C061",
     service("postgres:16", "    ports:\n      - '5432:5432' # for psql\n"),
     service("postgres:16", "    ports:\n      - '127.0.0.1:5432:5432' # for psql\n")),
    ("nginx gets its cache and /run", "C040", service("nginx:1.27"),
     service("nginx:1.27", "    read_only: true\n    tmpfs:\n      - /var/cache/nginx\n      - /run\n")),
    ("a link is removed, since the project's network resolves the name", "P012",
     "services:\n  db:\n    image: postgres:16\n  app:\n    image: acme/app:1\n    links:\n      - db\n",
     "services:\n  db:\n    image: postgres:16\n  app:\n    image: acme/app:1\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text", "expected"), [pytest.param(rule, text, expected, id=name) for name, rule, text, expected in FILES]
)
def test_fixes_of_compose_files(rule: str, text: str, expected: str) -> None:
    assert fixed(text, rule) == expected


def test_linked_run_lines_join_a_network_with_the_alias_of_the_link() -> None:
    text = fixed("docker run -d --name db postgres:16\ndocker run -d --link db:database acme/app:1\n", "P012")
    assert "docker network create app" in text
    assert "alias=database" in text
    assert "--link" not in text
    assert text.count("--network") == 2


SAFE = [
    ("no-new-privileges for an official server", "docker run redis:7.4", "C006", True),
    ("not for an unknown image", "docker run acme/app:1", "C006", False),
    ("nor where sudo is called", "docker run redis:7.4 sh -c 'sudo x'", "C006", False),
    ("nor where it was disabled on purpose", "docker run --security-opt no-new-privileges=false redis:7.4", "C006", False),
    ("log rotation", "docker run --log-driver json-file alpine", "C052", True),
    ("a time zone read-only", "docker run -v /etc/localtime:/etc/localtime alpine", "C014", True),
    ("other directories of the host may have to be writable", "docker run -v /etc:/e alpine", "C014", False),
    ("host-UTS without effect", "docker run --uts host alpine", "C021", True),
    ("a loopback address changes who can reach it", "docker run -p 8080:80 alpine", "C060", False),
    ("dropping capabilities may break", "docker run alpine", "C004", False),
    ("a read-only root may break", "docker run alpine", "C040", False),
    ("a link decides the order of start",
     "services:\n  db:\n    image: postgres:16\n  app:\n    image: a:1\n    links: [db]\n", "P012", False),
    ("a link beside depends_on does not",
     "services:\n  db:\n    image: postgres:16\n  app:\n    image: a:1\n    links: [db]\n    depends_on: [db]\n", "P012", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule", "safe"), [pytest.param(text, rule, safe, id=name) for name, text, rule, safe in SAFE]
)
def test_safe_fixes_keep_a_sound_program_working(text: str, rule: str, *, safe: bool) -> None:
    _, reported = finding(text, rule)
    assert reported.remedy.changes
    assert reported.remedy.safe is safe

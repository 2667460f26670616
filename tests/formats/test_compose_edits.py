"""Changes of compose files: texts before and after, refusals, and properties of all changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import FormatError
from sealock.formats.compose import read, read_many
from sealock.formats.compose.editor import edits, edits_together
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET
from sealock.model.change import Add, FieldChange, On, Remove, Set, SubjectChange, Swap, changed
from sealock.model.container import (
    Container,
    Device,
    Health,
    Label,
    Link,
    Logging,
    Mount,
    Network,
    Port,
    Restart,
    Sysctl,
    Ulimit,
    Variable,
)
from sealock.model.document import Document, Subject
from sealock.model.location import Source
from support.draws import draws
from support.filetable import Table

GIGABYTE = 2**30


def subject(document: Document, name: str) -> Subject:
    return next(subject for subject in document.subjects if subject.name == name)


def change(text: str, requested: SubjectChange, name: str = "web", files: FileWindow = NOTHING) -> str:
    document = read(Source("compose.yaml", text), files)
    assert not document.errors
    return apply_edits(text, edits(document, subject(document, f"service {name}"), requested))


BLOCK = """\
# our project
services:

  web: # the front
    image: nginx   # pinned elsewhere
    ports:
      # for the world
      - "8080:80"
      - 127.0.0.1:53:53/udp   # dns
      - target: 443
        published: "8443"
    cap_add: [NET_ADMIN, "SYS_TIME"]
    environment:
      A: "1"   # one
      B: two

  # the database
  db:
    image: postgres
"""


@pytest.mark.parametrize(
    ("requested", "before", "after"),
    [
        (Set("read_only", True), "      B: two\n", "      B: two\n    read_only: true\n"),
        (Set("cap_drop", ("ALL",)), "      B: two\n", "      B: two\n    cap_drop:\n      - ALL\n"),
        (Set("gpus", "2"), "      B: two\n", "      B: two\n    gpus:\n      - count: 2\n"),
        (Set("gpus", "²"), "      B: two\n", '      B: two\n    gpus:\n      - count: "²"\n'),
        (Set("user", "1000:1000"), "      B: two\n", '      B: two\n    user: "1000:1000"\n'),
        (Set("no_new_privileges", True), "      B: two\n", "      B: two\n    security_opt:\n      - no-new-privileges:true\n"),
        (Set("memory", GIGABYTE), "      B: two\n", "      B: two\n    mem_limit: 1g\n"),
        (Set("image", "nginx:1.27"), "image: nginx   #", "image: nginx:1.27   #"),
        (Swap("ports", Port("80", "8080"), Port("80", "8080", "127.0.0.1")), '"8080:80"', '"127.0.0.1:8080:80"'),
        (Swap("ports", Port("53", "53", "127.0.0.1", "udp"), Port("53", "53", "::1", "udp")), "127.0.0.1:53:53/udp   #", '"[::1]:53:53/udp"   #'),
        (Swap("ports", Port("443", "8443"), Port("443", "8443", "127.0.0.1")), 'published: "8443"\n', 'published: "8443"\n        host_ip: "127.0.0.1"\n'),
        (Swap("ports", Port("443", "8443"), Port("443", "9443")), '"8443"', '"9443"'),
        (Remove("ports", Port("80", "8080")), '      - "8080:80"\n', ""),
        (Remove("ports", Port("443", "8443")), '      - target: 443\n        published: "8443"\n', ""),
        (Add("ports", Port("1", "2")), 'published: "8443"\n', 'published: "8443"\n      - target: 1\n        published: "2"\n'),
        (Remove("cap_add", "NET_ADMIN"), '[NET_ADMIN, "SYS_TIME"]', '["SYS_TIME"]'),
        (Remove("cap_add", "SYS_TIME"), '[NET_ADMIN, "SYS_TIME"]', "[NET_ADMIN]"),
        (Add("cap_add", "KILL"), '"SYS_TIME"]', '"SYS_TIME", "KILL"]'),
        (Set("cap_add", ()), '    cap_add: [NET_ADMIN, "SYS_TIME"]\n', ""),
        (Set("cap_add", UNSET), '    cap_add: [NET_ADMIN, "SYS_TIME"]\n', ""),
        (Add("environment", Variable("C", "yes")), "      B: two\n", '      B: two\n      C: "yes"\n'),
        (Add("environment", Variable("C", "$x: y")), "      B: two\n", '      B: two\n      C: "$$x: y"\n'),
        (Swap("environment", Variable("A", "1"), Variable("A", "2")), 'A: "1"   # one', 'A: "2"   # one'),
        (Remove("environment", Variable("A", "1")), '      A: "1"   # one\n', ""),
        (Remove("environment", Variable("B", "two")), "      B: two\n", ""),
        (Add("mounts", Mount("tmpfs", None, "/tmp")), "      B: two\n", "      B: two\n    tmpfs:\n      - /tmp\n"),
        (Add("mounts", Mount("bind", "./x", "/x", read_only=True)), "      B: two\n", "      B: two\n    volumes:\n      - ./x:/x:ro\n"),
        (Add("networks", Network("back")), ("      B: two\n", "image: postgres\n"), ("      B: two\n    networks:\n      - back\n", "image: postgres\nnetworks:\n  back:\n")),
        (Set("health", Health(test=("CMD-SHELL", "true"), interval=90.0)), "      B: two\n", '      B: two\n    healthcheck:\n      test: "true"\n      interval: 1m30s\n'),
        (Set("logging", Logging("local", (("max-size", "10m"),))), "      B: two\n", "      B: two\n    logging:\n      driver: local\n      options:\n        max-size: 10m\n"),
        (Set("restart", Restart("on-failure", 5)), "      B: two\n", "      B: two\n    restart: on-failure:5\n"),
        (On("service db", Set("privileged", False)), "image: postgres\n", "image: postgres\n    privileged: false\n"),
    ],
)  # fmt: skip
def test_change_edits_only_its_own_lines(
    requested: SubjectChange, before: str | tuple[str, ...], after: str | tuple[str, ...]
) -> None:
    expected = BLOCK
    for old, new in zip(*((texts,) if isinstance(texts, str) else texts for texts in (before, after)), strict=True):
        assert expected.count(old) == 1
        expected = expected.replace(old, new)
    assert change(BLOCK, requested) == expected


@pytest.mark.parametrize(
    ("before", "requested", "after"),
    [
        # Flow style stays flow style.
        ("services: {web: {image: a}}", Set("read_only", True), "services: {web: {image: a, read_only: true}}"),
        ("services: {web: {image: a, privileged: true}}", Set("privileged", UNSET), "services: {web: {image: a}}"),
        ("services: {web: {privileged: true, image: a}}", Set("privileged", UNSET), "services: {web: {image: a}}"),
        ('{"services": {"web": {"image": "a"}}}', Set("user", "x"), '{"services": {"web": {"image": "a", user: x}}}'),
        # No line break at the end; Windows line breaks; four columns; dashes under their key.
        ("services:\n  web:\n    image: a", Set("init", True), "services:\n  web:\n    image: a\n    init: true"),
        ("services:\n  web:\n    image: a\n    init: true", Set("init", UNSET), "services:\n  web:\n    image: a"),
        ("services:\r\n  web:\r\n    image: a\r\n", Set("init", True), "services:\r\n  web:\r\n    image: a\r\n    init: true\r\n"),
        (
            "services:\n    web:\n        image: a\n        dns:\n        - 1.1.1.1\n",
            Set("cap_drop", ("ALL",)),
            "services:\n    web:\n        image: a\n        dns:\n        - 1.1.1.1\n        cap_drop:\n        - ALL\n",
        ),
        # Comments that stand deeper belong to what is above them, those of the same column to what follows.
        ("services:\n  web:\n    image: a\n    environment:\n      A: 1\n\n      # B: 2\n    # volumes:\n  b: {image: b}\n", Set("privileged", False), "services:\n  web:\n    image: a\n    environment:\n      A: 1\n\n      # B: 2\n    privileged: false\n    # volumes:\n  b: {image: b}\n"),
        ("services:\r\n  web:\r\n    image: a\r\n    dns:\r\n      - 1.1.1.1\r\n        # its cache\r\n      # - 8.8.8.8\r\n", Add("dns", "9.9.9.9"), 'services:\r\n  web:\r\n    image: a\r\n    dns:\r\n      - 1.1.1.1\r\n        # its cache\r\n      - "9.9.9.9"\r\n      # - 8.8.8.8\r\n'),
        ("services:\n  web:\n    image: a\n    dns:\n      - 1.1.1.1\n    # volumes:\n      # - v:/v\n", Set("privileged", False), "services:\n  web:\n    image: a\n    dns:\n      - 1.1.1.1\n    privileged: false\n    # volumes:\n      # - v:/v\n"),
        # A bare text becomes a list when a second one comes.
        ("services:\n  web:\n    image: a\n    tmpfs: /run\n", Add("mounts", Mount("tmpfs", None, "/t")), "services:\n  web:\n    image: a\n    tmpfs:\n      - /run\n      - /t\n"),
        ("services:\n  web:\n    image: a\n    dns: 1.1.1.1\n", Swap("dns", "1.1.1.1", "9.9.9.9"), 'services:\n  web:\n    image: a\n    dns: "9.9.9.9"\n'),
        # The list form of the environment stays a list.
        ("services:\n  web:\n    image: a\n    environment:\n      - A=1\n", Add("environment", Variable("B", "2")), "services:\n  web:\n    image: a\n    environment:\n      - A=1\n      - B=2\n"),
        ("services:\n  web:\n    image: a\n    environment:\n      - 'A=1'\n", Swap("environment", Variable("A", "1"), Variable("A", "it's")), "services:\n  web:\n    image: a\n    environment:\n      - 'A=it''s'\n"),
        ("services:\n  web:\n    image: a\n    labels: [a=b]\n", Remove("labels", Label("a", "b")), "services:\n  web:\n    image: a\n"),
        # Limits go where limits are.
        ("services:\n  web:\n    image: a\n    deploy:\n      resources:\n        limits:\n          cpus: '1'\n", Set("memory", GIGABYTE), "services:\n  web:\n    image: a\n    deploy:\n      resources:\n        limits:\n          cpus: '1'\n          memory: 1g\n"),
        ("services:\n  web:\n    image: a\n    deploy:\n      resources:\n        limits:\n          memory: 2g # m\n", Set("memory", GIGABYTE), "services:\n  web:\n    image: a\n    deploy:\n      resources:\n        limits:\n          memory: 1g # m\n"),
        ("services:\n  web:\n    image: a\n    deploy:\n      resources:\n        limits:\n          memory: 2g\n", Set("memory", UNSET), "services:\n  web:\n    image: a\n"),
        ("services:\n  web:\n    image: a\n    deploy: {replicas: 2, restart_policy: {condition: any}}\n", Set("restart", Restart("on-failure", 5)), "services:\n  web:\n    image: a\n    deploy: {replicas: 2, restart_policy: {condition: on-failure, max_attempts: 5}}\n"),
        # Variables are left as they are written.
        ('services:\n  web:\n    image: a\n    ports: ["${P:-80}:80"]\n', Swap("ports", Port("80", "80"), Port("80", "80", "127.0.0.1")), 'services:\n  web:\n    image: a\n    ports: ["127.0.0.1:${P:-80}:80"]\n'),
        ('services:\n  web:\n    image: a\n    ports: ["${H:-}:9000:9000"]\n', Swap("ports", Port("9000", "9000"), Port("9000", "9000", "127.0.0.1")), 'services:\n  web:\n    image: a\n    ports: ["${H:-127.0.0.1}:9000:9000"]\n'),
        ('services:\n  web:\n    image: a\n    ports: ["${H-0.0.0.0}:9000:9000"]\n', Swap("ports", Port("9000", "9000", "0.0.0.0"), Port("9000", "9000", "127.0.0.1")), 'services:\n  web:\n    image: a\n    ports: ["${H-127.0.0.1}:9000:9000"]\n'),
        ("services: {web: {image: a, ports: ['[${H:-::}]:80:80']}}", Swap("ports", Port("80", "80", "::"), Port("80", "80", "127.0.0.1")), "services: {web: {image: a, ports: ['${H:-127.0.0.1}:80:80']}}"),
        ("services: {web: {image: a, ports: ['[${H:-::}]:80:80']}}", Swap("ports", Port("80", "80", "::"), Port("80", "81", "::")), "services: {web: {image: a, ports: ['[${H:-::}]:81:80']}}"),
        ("services:\n  web:\n    image: a\n    volumes:\n      - ${D:-./d}:/d\n", Swap("mounts", Mount("bind", "./d", "/d"), Mount("bind", "./d", "/d", read_only=True)), "services:\n  web:\n    image: a\n    volumes:\n      - ${D:-./d}:/d:ro\n"),
        # security_opt is mended item by item.
        ("services:\n  web:\n    image: a\n    security_opt:\n      - seccomp:unconfined # why\n      - label:disable\n", Set("seccomp", UNSET), "services:\n  web:\n    image: a\n    security_opt:\n      - label:disable\n"),
        ("services:\n  web:\n    image: a\n    security_opt:\n      - no-new-privileges:false # why\n", Set("no_new_privileges", True), "services:\n  web:\n    image: a\n    security_opt:\n      - no-new-privileges:true # why\n"),
        ("services:\n  web:\n    image: a\n    security_opt: [seccomp=unconfined]\n", Set("seccomp", UNSET), "services:\n  web:\n    image: a\n"),
        ("services:\n  web:\n    image: a\n    security_opt: [systempaths=unconfined, label=disable]\n", Set("unconfined_paths", False), "services:\n  web:\n    image: a\n    security_opt: [label=disable]\n"),
        # What an anchor brings in is overridden in the service itself.
        ("x-x: &x\n  privileged: true\nservices:\n  web:\n    <<: *x\n    image: a\n", Set("privileged", False), "x-x: &x\n  privileged: true\nservices:\n  web:\n    <<: *x\n    image: a\n    privileged: false\n"),
        ("x-x: &x\n  cap_add: [A, B]\nservices:\n  web:\n    <<: *x\n    image: a\n", Remove("cap_add", "A"), "x-x: &x\n  cap_add: [A, B]\nservices:\n  web:\n    <<: *x\n    image: a\n    cap_add:\n      - B\n"),
        ("x-x: &x\n  cap_add: [A, B]\nservices:\n  web:\n    <<: *x\n    image: a\n", Set("cap_add", ()), "x-x: &x\n  cap_add: [A, B]\nservices:\n  web:\n    <<: *x\n    image: a\n    cap_add: []\n"),
        ("x-x: &x true\nservices:\n  web:\n    image: a\n    privileged: *x\n", Set("privileged", False), "x-x: &x true\nservices:\n  web:\n    image: a\n    privileged: false\n"),
        ("x-x: &x {driver: none}\nservices:\n  web:\n    image: a\n    logging: *x\n", Set("logging", Logging("local")), "x-x: &x {driver: none}\nservices:\n  web:\n    image: a\n    logging:\n      driver: local\n"),
        # What another service gives is overridden; lists of it can only be added to.
        ("services:\n  web:\n    extends: b\n  b:\n    image: a\n    privileged: true\n", Set("privileged", False), "services:\n  web:\n    extends: b\n    privileged: false\n  b:\n    image: a\n    privileged: true\n"),
        ("services:\n  web:\n    extends: b\n  b:\n    image: a\n    cap_drop: [A]\n", Add("cap_drop", "B"), "services:\n  web:\n    extends: b\n    cap_drop:\n      - B\n  b:\n    image: a\n    cap_drop: [A]\n"),
        # The socket that Compose mounts by a word of its own goes with that word.
        ("services:\n  web:\n    image: a\n    use_api_socket: true\n", Set("mounts", ()), "services:\n  web:\n    image: a\n"),
        # Nested settings change entry by entry.
        ("services:\n  web:\n    image: a\n    logging:\n      driver: json-file # d\n      options:\n        max-file: '3' # f\n", Set("logging", Logging("json-file", (("max-file", "3"), ("max-size", "10m")))), "services:\n  web:\n    image: a\n    logging:\n      driver: json-file # d\n      options:\n        max-file: '3' # f\n        max-size: 10m\n"),
        ("services:\n  web:\n    image: a\n    healthcheck: {test: x, disable: true}\n", Set("health", Health(test=("CMD-SHELL", "x"))), "services:\n  web:\n    image: a\n    healthcheck: {test: x}\n"),
        ("services:\n  web:\n    image: a\n    ulimits:\n      nofile: {soft: 1, hard: 2}\n", Swap("ulimits", Ulimit("nofile", 1, 2), Ulimit("nofile", 1, 3)), "services:\n  web:\n    image: a\n    ulimits:\n      nofile: {soft: 1, hard: 3}\n"),
        ("services:\n  web:\n    image: a\n    networks: [b]\nnetworks:\n  b:\n", Set("networks", (Network("b", ("x",)),)), "services:\n  web:\n    image: a\n    networks: {b: {aliases: [x]}}\nnetworks:\n  b:\n"),
        # What the project has to declare comes after the last service.
        ("services:\n  web:\n    image: a\n", Add("networks", Network("b")), "services:\n  web:\n    image: a\n    networks:\n      - b\nnetworks:\n  b:\n"),
        ("services:\n  web:\n    image: a\n", Set("networks", (Network("b"), Network("c"))), "services:\n  web:\n    image: a\n    networks:\n      - b\n      - c\nnetworks:\n  b:\n  c:\n"),
        ("services:\n  web:\n    image: a\n", Add("mounts", Mount("volume", "data", "/v")), "services:\n  web:\n    image: a\n    volumes:\n      - data:/v\nvolumes:\n  data:\n"),
        ("services:\n  web:\n    image: a\nnetworks:\n  c:\n", Add("networks", Network("b")), "services:\n  web:\n    image: a\n    networks:\n      - b\nnetworks:\n  c:\n  b:\n"),
        ("services:\n  web:\n    image: a\n    links: # old\n      - b\n    init: true\n  b: {image: b}\n", Set("links", ()), "services:\n  web:\n    image: a\n    init: true\n  b: {image: b}\n"),
        ("services:\n  web:\n    image: a\n    volumes:\n      - type: bind\n        source: /x # s\n        target: /y\n", Swap("mounts", Mount("bind", "/x", "/y"), Mount("bind", "/x", "/y", read_only=True)), "services:\n  web:\n    image: a\n    volumes:\n      - type: bind\n        source: /x # s\n        target: /y\n        read_only: true\n"),
        ("services:\n  web:\n    image: a\n    devices: ['/dev/a:/dev/a']\n", Swap("devices", Device("/dev/a", "/dev/a"), Device("/dev/a", "/dev/a", "r")), "services:\n  web:\n    image: a\n    devices: ['/dev/a:/dev/a:r']\n"),
    ],
)  # fmt: skip
def test_change_keeps_the_style_of_the_text(before: str, requested: SubjectChange, after: str) -> None:
    assert change(before, requested) == after


@pytest.mark.parametrize(
    ("text", "requested", "reason"),
    [
        ("services: {web: {image: a}}", Set("content_trust", True), "cannot set content_trust"),
        ("services: {web: {image: a, privileged: '${P:-true}'}}", Set("privileged", False), r"set by \$\{P:-true\}"),
        ("services: {web: {image: a, privileged: '${P}'}}", Set("privileged", UNSET), r"set by \$\{P\}"),
        ("services: {web: {image: a, cap_add: ['${C:-A}', B]}}", Set("cap_add", ("C", "D", "E")), "set by|variables|written"),
        ("services: {web: {image: a, ports: ['0.0.0.${H:-0}:80:80']}}", Swap("ports", Port("80", "80", "0.0.0.0"), Port("80", "80", "127.0.0.1")), r"set by 0\.0\.0\.\$\{H:-0\}"),
        ("services: {web: {image: a, ports: ['${H:-}:80:80']}}", Swap("ports", Port("80", "80"), Port("80", "80", "::1")), r"set by \$\{H:-\}"),
        ("services: {web: {extends: b}, b: {image: a, privileged: true}}", Set("privileged", UNSET), "not written in the service itself"),
        ("services: {web: {extends: b}, b: {image: a, cap_add: [A]}}", Set("cap_add", ()), "not written in the service itself"),
        ("services:\n  web: &w {image: a, privileged: true}\n  b: {<<: *w, image: b}", Set("privileged", False), "shared"),
        ("services:\n  web: &w {image: a}\n  b: {<<: *w, image: b}", Set("privileged", False), "privileged of service b"),
        ("services:\n  web: {image: a, cap_add: &c [A]}\n  b: {image: b, cap_add: *c}", Add("cap_add", "B"), "shared"),
        ("services:\n  web: {image: a, privileged: &p true}\n  b: {image: b, privileged: *p}", Set("privileged", False), "shared"),
        ("x-x: &x {image: a}\nservices: {web: *x}", Set("privileged", False), "not written in this file"),
        ("services: {web: {image: a}}", Set("image", UNSET), "the service would be empty"),
    ],
)  # fmt: skip
def test_unsafe_change_is_refused_with_the_reason(text: str, requested: FieldChange, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        change(text, requested)


def test_a_service_of_an_included_file_cannot_be_changed_here() -> None:
    files = Table({"o.yaml": "services: {db: {image: a}}"})
    with pytest.raises(FormatError, match="the service is not written in this file"):
        change("include: [o.yaml]\nservices: {web: {image: a}}", Set("privileged", False), "db", files)


def test_first_of_several_files_is_changed() -> None:
    sources = [Source("a", "services: {web: {image: a, user: root}}"), Source("b", "services: {web: {user: x}}")]
    document = read_many(sources)
    web = subject(document, "service web")
    made = edits(document, web, Set("init", True))
    assert apply_edits(sources[0].text, made) == "services: {web: {image: a, user: root, init: true}}"
    with pytest.raises(FormatError, match="another place still sets it"):
        edits(document, web, Set("user", "y"))


@pytest.mark.parametrize(
    ("command", "after"),
    [
        pytest.param("command: docker run --privileged x", "command: docker run x", id="a text"),
        pytest.param("command: [docker, run, --privileged, x]", "command: [docker, run, x]", id="an array"),
        pytest.param(
            'entrypoint: sh -c "docker run --privileged x"', 'entrypoint: sh -c "docker run x"', id="of an entrypoint"
        ),
        pytest.param(
            "healthcheck: {test: docker run --privileged x}",
            "healthcheck: {test: docker run x}",
            id="of a health check",
        ),
        pytest.param(
            'post_start: [{command: [sh, -c, "docker run --privileged x"]}]',
            'post_start: [{command: [sh, -c, "docker run x"]}]',
            id="of a hook",
        ),
    ],
)
def test_a_run_line_of_a_service_is_changed_in_its_command(command: str, after: str) -> None:
    text = f"services:\n  web:\n    image: a\n    {command}\n"
    document = read(Source("compose.yaml", text))
    run, web = subject(document, "docker run x"), subject(document, "service web")
    assert apply_edits(text, edits(document, run, Set("privileged", False))) == text.replace(command, after)
    assert "tty: true" in apply_edits(text, edits(document, web, Set("tty", True)))
    with pytest.raises(FormatError, match="docker run x is changed by itself"):
        edits_together(document, [(web, Set("tty", True)), (run, Set("privileged", False))])


def test_a_project_has_no_fields_to_change() -> None:
    document = read(Source("x", "services: {web: {image: a}}"))
    with pytest.raises(FormatError, match="cannot set"):
        edits(document, subject(document, "project"), Set("privileged", False))


def test_service_that_extends_another_changes_with_it() -> None:
    text = "services:\n  web:\n    image: a\n  more:\n    extends: web\n"
    assert (
        change(text, Set("init", True))
        == "services:\n  web:\n    image: a\n    init: true\n  more:\n    extends: web\n"
    )


# The property: a changed text reads back as the change, and the same change again changes nothing.

WORDS = st.text("abc.-$ \"':#%{}[],é", min_size=1, max_size=6).filter(lambda word: word == word.strip())
NAMES = st.text("ABCxyz_", min_size=1, max_size=4)
CAPABILITIES = st.sampled_from(["ALL", "NET_ADMIN", "SYS_TIME", "KILL"])
ADDRESSES = st.sampled_from([None, "127.0.0.1", "::1", "0.0.0.0"])
PORTS = st.builds(
    Port,
    st.integers(1, 65535).map(str),
    st.none() | st.integers(1, 65535).map(str),
    ADDRESSES,
    st.sampled_from(["tcp", "udp"]),
)
PATHS = st.text("abc", min_size=1, max_size=3).map(lambda name: f"/{name}")
MOUNTS = st.builds(
    Mount, st.just("bind"), PATHS, PATHS, st.booleans(), st.sampled_from([None, "rshared"]), st.just(())
) | st.builds(
    Mount,
    st.just("tmpfs"),
    st.none(),
    PATHS,
    st.booleans(),
    st.none(),
    st.sampled_from([(), ("size=64m",), ("size=1m", "mode=755")]),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "privileged": st.booleans(), "read_only": st.booleans(), "user": WORDS, "hostname": WORDS, "pid": st.just("host"),
    "memory": st.integers(1, 2**40), "cpus": st.integers(1, 64).map(lambda n: n / 4), "pids_limit": st.integers(-1, 1000),
    "no_new_privileges": st.booleans(), "seccomp": st.sampled_from(["unconfined", "./p.json"]), "command": st.lists(WORDS, max_size=3).map(tuple),
    "restart": st.sampled_from([Restart("always"), Restart("no"), Restart("on-failure", 3)]), "stop_timeout": st.integers(0, 10_000),
    "logging": st.builds(Logging, st.just("local"), st.lists(st.tuples(st.just("max-size"), WORDS), max_size=1).map(tuple)),
}  # fmt: skip
ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "cap_add": CAPABILITIES, "cap_drop": CAPABILITIES, "ports": PORTS, "mounts": MOUNTS, "groups": WORDS, "dns": st.sampled_from(["1.1.1.1", "9.9.9.9"]),
    "environment": st.builds(Variable, NAMES, WORDS), "labels": st.builds(Label, NAMES, WORDS), "sysctls": st.builds(Sysctl, NAMES, WORDS),
    "ulimits": st.builds(Ulimit, st.sampled_from(["nofile", "nproc"]), st.integers(0, 9), st.integers(0, 9)), "links": st.just(Link("db", "x")) | st.just(Link("db", "db")),
    "devices": st.builds(Device, PATHS, PATHS, st.sampled_from(["rwm", "r"])),
}  # fmt: skip


def key_of(field: str, element: Any) -> Any:
    """The key of an element: Compose allows each key once in a list."""
    if field in {"mounts", "devices"}:
        return element.target
    if field == "ports":
        return element.container, element.host, element.address or "0.0.0.0", element.protocol
    return element.name if field in {"environment", "labels", "sysctls", "ulimits"} else element


@st.composite
def several(draw: st.DrawFn, field: str) -> tuple[Any, ...]:
    drawn = draw(st.lists(ELEMENTS[field], max_size=3))
    return tuple({key_of(field, element): element for element in drawn}.values())


SETS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda field: st.builds(Set, st.just(field), VALUES[field])
) | st.sampled_from(sorted(ELEMENTS)).flatmap(lambda field: st.builds(Set, st.just(field), several(field)))

STARTS = [
    "services:\n  web:\n    image: a\n  db: {image: b}\n",
    "services: {web: {image: a}, db: {image: b}}",
    BLOCK,
    BLOCK.replace("\n", "\r\n"),
    "services:\n  db:\n    image: b\n\n  web:\n    image: a\n    environment: [A=1]\n    tmpfs: /run\n    security_opt:\n    - label=disable\n    deploy:\n      resources:\n        limits: {cpus: '1'}",
]


def comparable(noun: Any, field: str) -> Any:
    value = getattr(noun, field)
    if isinstance(value, tuple) and field != "command":
        return sorted(map(repr, value)) or UNSET
    return value


@draws(150)
@given(st.sampled_from(STARTS), st.lists(SETS, min_size=1, max_size=4))
def test_changed_text_reads_back_as_the_change(text: str, requested: list[Set]) -> None:
    for request in requested:
        document = read(Source("x", text))
        web = subject(document, "service web")
        assert isinstance(web.noun, Container)
        expected = changed(web.noun, request)
        text = apply_edits(text, edits(document, web, request))
        after = read(Source("x", text))
        assert not after.errors
        result = subject(after, "service web")
        assert isinstance(result.noun, Container)
        # Where a value comes from follows from the value.
        for field in set(Container.__struct_fields__) - {"outside"}:
            assert comparable(result.noun, field) == comparable(expected, field), field
        assert edits(after, result, request) == ()


@draws(80)
@given(st.sampled_from(STARTS), st.data())
def test_elements_are_added_changed_and_removed(text: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(ELEMENTS)))
    first, second = data.draw(st.tuples(ELEMENTS[field], ELEMENTS[field]))
    for requested in (Add(field, first), Swap(field, first, second), Remove(field, second)):
        document = read(Source("x", text))
        web = subject(document, "service web")
        assert isinstance(web.noun, Container)
        elements = getattr(web.noun, field) or ()
        expected = changed(web.noun, requested)
        names = [key_of(field, element) for element in getattr(expected, field) or ()]
        if len(set(names)) < len(names) or (isinstance(requested, Swap) and second in elements):
            return
        text = apply_edits(text, edits(document, web, requested))
        result = subject(read(Source("x", text)), "service web").noun
        assert comparable(result, field) == comparable(expected, field)

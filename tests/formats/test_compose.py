"""Compose files as containers and projects: values, places, unresolved variables, errors."""

from __future__ import annotations

from typing import Any

import pytest

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.compose import read, read_many
from sealock.formats.compose.values import seconds_as_text
from sealock.formats.files import NOTHING, FileWindow
from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.change import Remove, Swap
from sealock.model.container import (
    POD_FIELDS,
    Container,
    Device,
    Health,
    Hook,
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
from sealock.model.location import At, Source
from sealock.model.project import (
    Dependency,
    Project,
    ProjectFile,
    ProjectNetwork,
    ProjectSecret,
    ProjectVolume,
    ServiceBuild,
)
from support.filetable import Table


def service(lines: str, **files: str) -> Subject:
    """A service "web" with these lines, one after another, and the image "a"."""
    text = "services:\n  web:\n    image: a\n" + "".join(f"    {line}\n" for line in lines.split("\n"))
    return subject(read(Source("compose.yaml", text), Table(files)), "service web")


def subject(document: Document, name: str) -> Subject:
    return next(subject for subject in document.subjects if subject.name == name)


def project(text: str, files: FileWindow = NOTHING) -> Project:
    noun = subject(read(Source("compose.yaml", text), files), "project").noun
    assert isinstance(noun, Project)
    return noun


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        ("user: '1000'", "user", "1000"),
        ("container_name: x", "name", "x"),
        ("privileged: yes", "privileged", True),
        ('privileged: "false"', "privileged", False),
        ("cap_add: [net_admin, CAP_SYS_TIME, All]", "cap_add", ("NET_ADMIN", "SYS_TIME", "ALL")),
        ("cap_drop: []", "cap_drop", ()),
        ("pull_policy: if_not_present", "pull", "missing"),
        ("group_add: [docker, 998]", "groups", ("docker", "998")),
        ("ports: [80]", "ports", (Port("80"),)),
        ("ports: ['22:22']", "ports", (Port("22", "22"),)),
        ("ports: [22:22]", "ports", (Port("22", "22"),)),
        ("ports: ['127.0.0.1:8080:80/UDP']", "ports", (Port("80", "8080", "127.0.0.1", "udp"),)),
        ("ports: ['127.0.0.1::80']", "ports", (Port("80", None, "127.0.0.1"),)),
        ("ports: ['[::1]:8080:80']", "ports", (Port("80", "8080", "::1"),)),
        ("ports: ['::1:8080:80']", "ports", (Port("80", "8080", "::1"),)),
        ("ports: ['8000-8010:80-90']", "ports", (Port("80-90", "8000-8010"),)),
        ("ports: [{target: 80, published: 8080, host_ip: 0.0.0.0, protocol: tcp}]", "ports", (Port("80", "8080", "0.0.0.0"),)),
        ("volumes: [/data]", "mounts", (Mount("volume", None, "/data"),)),
        ("volumes: ['./a:/b/../c:ro,Z']", "mounts", (Mount("bind", "./a", "/c", read_only=True, options=("Z",)),)),
        ("volumes: ['/a:/b:rshared']", "mounts", (Mount("bind", "/a", "/b", propagation="rshared"),)),
        ("volumes: ['vol:/b:nocopy']", "mounts", (Mount("volume", "vol", "/b", options=("nocopy",)),)),
        ("tmpfs: /run:size=64m,ro", "mounts", (Mount("tmpfs", None, "/run", read_only=True, options=("size=64m",)),)),
        (
            "tmpfs: [/a]\nvolumes: [{type: bind, source: /x, target: /y, bind: {propagation: slave}}]",
            "mounts",
            (Mount("bind", "/x", "/y", propagation="slave"), Mount("tmpfs", None, "/a")),
        ),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1024, mode: 0o755}}]", "mounts", (Mount("tmpfs", None, "/t", options=("size=1024", "mode=755")),)),
        ("devices: [/dev/fuse, '/dev/a:/dev/b:r']", "devices", (Device("/dev/fuse", "/dev/fuse"), Device("/dev/a", "/dev/b", "r"))),
        ("devices: ['vendor.com/gpu=all']", "devices", (Device("vendor.com/gpu=all", "vendor.com/gpu=all"),)),
        ("device_cgroup_rules: ['c 1:3 mr']", "device_rules", ("c 1:3 mr",)),
        ("security_opt: ['seccomp:unconfined']", "seccomp", "unconfined"),
        ("security_opt: ['seccomp=./p.json']", "seccomp", "./p.json"),
        ("security_opt: [apparmor=unconfined]", "apparmor", "unconfined"),
        ("security_opt: ['label:disable', 'label=type:x']", "selinux", ("disable", "type:x")),
        ("security_opt: [no-new-privileges]", "no_new_privileges", True),
        ("security_opt: ['no-new-privileges:true']", "no_new_privileges", True),
        ("security_opt: ['no-new-privileges=false']", "no_new_privileges", False),
        ("security_opt: ['systempaths=unconfined']", "unconfined_paths", True),
        ("environment: {A: 1, B: , C: true, D: 1.50}", "environment", (Variable("A", "1"), Variable("B", None), Variable("C", "true"), Variable("D", "1.5"))),
        ("environment: [A=1=2, B, C=]", "environment", (Variable("A", "1=2"), Variable("B", None), Variable("C", ""))),
        ("labels: [a=b, c]", "labels", (Label("a", "b"), Label("c", ""))),
        ("annotations: {a: b}", "annotations", (Label("a", "b"),)),
        ("sysctls: {net.core.somaxconn: 1024}", "sysctls", (Sysctl("net.core.somaxconn", "1024"),)),
        ("sysctls: [a.b=c]", "sysctls", (Sysctl("a.b", "c"),)),
        ("ulimits: {nofile: 5, nproc: {soft: 1, hard: 2}}", "ulimits", (Ulimit("nofile", 5, 5), Ulimit("nproc", 1, 2))),
        ("mem_limit: 1.5gb", "memory", 1610612736),
        ("mem_limit: 1024", "memory", 1024),
        ("memswap_limit: -1", "memory_swap", -1),
        ("deploy: {resources: {limits: {memory: 64M}}}", "memory", 67108864),
        ("deploy: {resources: {limits: {cpus: '0.5'}}}", "cpus", 0.5),
        ("deploy: {resources: {limits: {pids: 5}}}", "pids_limit", 5),
        ("deploy: {resources: {reservations: {memory: 1k}}}", "memory_reservation", 1024),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 2}]}}}", "gpus", "2"),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [gpu], device_ids: [a, b]}]}}}", "gpus", "device=a,b"),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [tpu]}]}}}", "gpus", UNSET),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [tpu]}, {capabilities: [gpu], count: 2}]}}}", "gpus", "2"),
        ("gpus: all", "gpus", "all"),
        ("deploy: {restart_policy: {condition: any, max_attempts: 3}}", "restart", Restart("always", 3)),
        ("restart: on-failure:5", "restart", Restart("on-failure", 5)),
        ("restart: no", "restart", Restart("no")),
        ("healthcheck: {test: curl x, interval: 1m30s}", "health", Health(test=("CMD-SHELL", "curl x"), interval=90.0)),
        ("healthcheck: {test: [NONE]}", "health", Health(disabled=True)),
        ("healthcheck: {disable: true}", "health", Health(disabled=True)),
        ("logging: {driver: json-file, options: {max-file: 3}}", "logging", Logging("json-file", (("max-file", "3"),))),
        ("stop_grace_period: 1m", "stop_timeout", 60),
        ("command: sh -c 'a b'", "command", ("sh", "-c", "a b")),
        ("command: [a, 'b c']", "command", ("a", "b c")),
        ("command: redis-server --save '' & --requirepass x", "command", ("redis-server", "--save", "")),
        ("command: 'a b;c'", "command", ("a", "b")),
        ("command: a b 2>c d", "command", ("a", "b")),
        ("command: a >b", "command", ("a",)),
        (r"command: a\ b \'c\nd \\ 'e\f' \"g\'h\"", "command", ("a b", "'cnd", "\\", "e\\f", '"g\'h"')),
        ("command: a $$(b \"c\" d)e `f '' g \"h;\"` 'i)'", "command", ("a", '$(b "c" d)e', "`f  g h;`", "i)")),
        ("entrypoint: []", "entrypoint", ()),
        ("networks: [n]", "networks", (Network("n"),)),
        ("networks: {n: {aliases: [x]}, m: }", "networks", (Network("n", ("x",)), Network("m"))),
        ("links: [db, 'db:x']", "links", (Link("db", "db"), Link("db", "x"))),
        ("expose: [80, '90-91/udp']", "expose", ("80/tcp", "90-91/udp")),
        ("extra_hosts: ['a:1.1.1.1', 'b=2.2.2.2', 'c=[::1]']", "extra_hosts", ("a:1.1.1.1", "b:2.2.2.2", "c:::1")),
        ("extra_hosts: {a: [1.1.1.1, 2.2.2.2]}", "extra_hosts", ("a:1.1.1.1", "a:2.2.2.2")),
        ("dns: 1.1.1.1", "dns", ("1.1.1.1",)),
        ("storage_opt: {size: 1G}", "storage_options", ("size=1G",)),
        ("blkio_config: {weight: 300}", "blkio_weight", 300),
        ("secrets: [s, {source: t}]", "secrets", ("s", "t")),
        ("cgroup: private", "cgroupns", "private"),
        ("userns_mode: host", "userns", "host"),
        ("user: ''", "user", UNSET),
        ("use_api_socket: true", "mounts", (Mount("bind", "/var/run/docker.sock", "/var/run/docker.sock"),)),
        ("pull_policy: every_12h", "pull", "every_12h"),
        ("command: run $X", "command", ("run", "$X")),
    ],
)  # fmt: skip
def test_a_key_is_read_into_its_field(lines: str, field: str, value: Any) -> None:
    assert getattr(service(lines).noun, field) == value


def test_unset_keys_are_unset_and_fields_of_other_formats_unknown() -> None:
    noun = service("tty: true").noun
    assert isinstance(noun, Container)
    assert (noun.privileged, noun.memory, noun.volume_driver, noun.publish_all) == (UNSET,) * 4
    assert (noun.content_trust, noun.auto_remove) == (UNKNOWN,) * 2
    # A rule on what only a pod has is not skipped on a service: the service has no such thing.
    assert {getattr(noun, field) for field in POD_FIELDS} == {UNSET}


def test_a_service_that_is_only_built_has_no_image() -> None:
    document = read(Source("x", "services: {web: {build: .}}"))
    noun = subject(document, "service web").noun
    assert isinstance(noun, Container)
    assert noun.image is UNSET
    assert not document.errors


PLACES = """\
x-base: &base
  privileged: true
  cap_add:
    - NET_ADMIN
services:
  web:
    <<: *base
    image: nginx
    ports:
      - "80:80"
      - target: 90
    environment:
      A: b
    security_opt: [no-new-privileges, "seccomp:unconfined"]
    tmpfs: /run
    volumes: [/a]
    deploy: {resources: {limits: {memory: 64m}}}
"""


@pytest.mark.parametrize(
    ("at", "excerpt", "pointer"),
    [
        ((), "web", "/services/web"),
        (("image",), "image: nginx", "/services/web/image"),
        (("privileged",), "privileged: true", "/services/web/privileged"),
        (("cap_add", 0), "NET_ADMIN", "/services/web/cap_add/0"),
        (("ports",), "ports", "/services/web/ports"),
        (("ports", 0), '"80:80"', "/services/web/ports/0"),
        (("ports", 1), "target: 90", "/services/web/ports/1"),
        (("environment", 0), "A: b", "/services/web/environment/A"),
        (("no_new_privileges",), "no-new-privileges", "/services/web/security_opt/0"),
        (("seccomp",), '"seccomp:unconfined"', "/services/web/security_opt/1"),
        (("mounts", 0), "/a", "/services/web/volumes/0"),
        (("mounts", 1), "tmpfs: /run", "/services/web/tmpfs"),
        (("memory",), "memory: 64m", "/services/web/deploy/resources/limits/memory"),
        (("read_only",), "web", "/services/web"),
    ],
)
def test_field_has_its_place(at: At, excerpt: str, pointer: str) -> None:
    document = read(Source("x", PLACES))
    place = subject(document, "service web").place(at)
    assert (document.source.excerpt(place), place.pointer) == (excerpt, pointer)


def test_value_of_another_file_has_its_place_there() -> None:
    files = Table({"sub/base.yaml": "services:\n  b:\n    privileged: true\n    env_file: e\n", "sub/e": "# c\nA=1\n"})
    document = read(
        Source("dir/compose.yaml", "services: {web: {image: a, extends: {file: sub/base.yaml, service: b}}}"), files
    )
    assert not document.errors
    web = subject(document, "service web")
    place = web.place(("privileged",))
    assert document.sources[place.file].location(place).file == "dir/sub/base.yaml"
    assert document.sources[place.file].location(place).line == 3
    assert web.noun.environment == (Variable("A", "1"),)  # type: ignore[union-attr]  # it is a container
    place = web.place(("environment", 0))
    assert document.sources[place.file].excerpt(place) == "A=1"


@pytest.mark.parametrize(
    ("lines", "field", "value", "words"),
    [
        ("user: ${WHO}", "user", UNKNOWN, "${WHO}"),
        ("privileged: $PRIV", "privileged", UNKNOWN, "$PRIV"),
        ("hostname: a-${X:?must be set}", "hostname", UNKNOWN, "${X:?must be set}"),
        ("environment: {A: '${B}', C: d}", "environment", (Variable("A", ""), Variable("C", "d")), "${B}"),
        ("ports: ['${IP}:80:80']", "ports", (Port("80", "80", "${IP}"),), "${IP}"),
        ("ports: ['${P}:80']", "ports", (Port("80", "${P}"),), "${P}"),
        ("volumes: ['${D}/x:/y:ro']", "mounts", (Mount("bind", "${D}/x", "/y", read_only=True),), "${D}"),
        (
            "volumes: ['${D}:/y', '$HOME:/h', '${A?b/c}:/z']",
            "mounts",
            (Mount("volume", "${D}", "/y"), Mount("bind", "$HOME", "/h"), Mount("volume", "${A?b/c}", "/z")),
            "${D}, $HOME, ${A?b/c}",
        ),
        ("cap_add: ['${A}', '${B}']", "cap_add", ("${A}", "${B}"), "${A}, ${B}"),
        ("security_opt: ['seccomp:${P}']", "seccomp", "${P}", "${P}"),
        ("mem_limit: ${M}", "memory", UNKNOWN, "${M}"),
        ("user: '{{ who }}'", "user", UNKNOWN, "{{ who }}"),
        ("volumes: ['{{ d }}/x:/y:ro']", "mounts", (Mount("volume", "{{ d }}/x", "/y", read_only=True),), "{{ d }}"),
        ('mem_limit: "{{ m | default(1) }}"', "memory", UNKNOWN, "{{ m | default(1) }}"),
    ],
)
def test_unset_variable_is_unresolved_and_no_error(lines: str, field: str, value: Any, words: str) -> None:
    text = "services:\n  web:\n    image: a\n    " + lines
    document = read(Source("x", text))
    web = subject(document, "service web")
    assert not document.errors
    assert (getattr(web.noun, field), web.unresolved) == (value, {field: words})


def test_a_template_of_the_engine_is_a_value() -> None:
    document = read(Source("x", "services: {web: {image: a, hostname: '{{.Node.Hostname}}-{{if .X}}a{{end}}'}}"))
    assert subject(document, "service web").unresolved == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "1"), ("$A-$B", "1-"), ("${B:-d}", "d"), ("${B-d}", ""), ("${U-d}", "d"), ("${U:-${A}}", "1"), ("${A:+r}", "r"),
        ("${B:+r}", ""), ("${B+r}", "r"), ("${U+r}", ""), ("$$A", "$A"), ("$$$A", "$1"), ("a $ b", "a $ b"), ("${U:-a}b${A}", "ab1"),
        ("${U:-{x}}", "{x}"), ("${A:?no}", "1"), ("$1", "$1"), ("${U:-$$x}", "$x"), ("$A_", ""), ("${U:-a:-b}", "a:-b"),
    ],
)  # fmt: skip
def test_variables_are_substituted(text: str, value: str) -> None:
    document = read(
        Source("x", f"services: {{web: {{image: a, labels: {{l: '{text}'}}}}}}"),
        Table({".env": "A=1\nB=\nC=env"}, {"C": "caller"}),
    )
    assert not document.errors
    assert subject(document, "service web").noun.labels == (Label("l", value),)  # type: ignore[union-attr]  # a container


def test_environment_overrides_the_env_file() -> None:
    files = Table({".env": "A=env\nB=env\n"}, {"A": "caller"})
    document = read(Source("x", "services: {web: {image: '$A.$B', environment: [A, D]}}"), files)
    noun = subject(document, "service web").noun
    assert isinstance(noun, Container)
    assert noun.image == "caller.env"
    assert noun.environment == (Variable("A", "caller"), Variable("D", None))


@pytest.mark.parametrize(
    ("listed", "known", "expected"),
    [
        pytest.param("[a, b]", {}, "trust", id="a file fills in those after it"),
        pytest.param("[b, a]", {}, "", id="but not those before it"),
        pytest.param("[a, {path: b, format: raw}]", {}, "${BASE}", id="raw values stay"),
        pytest.param("[a, b]", {"BASE": "md5"}, "md5", id="the caller's variables come first"),
        pytest.param("[a, own]", {}, "trust", id="those of earlier files before the file's own"),
        pytest.param("b\n    environment: {BASE: x}", {}, "", id="those of the service itself fill in nothing"),
    ],
)
def test_variables_of_an_env_file_fill_in_later_ones(listed: str, known: dict[str, str], expected: str) -> None:
    files = Table({"a": "BASE=trust\n", "b": "METHOD=${BASE}\n", "own": "BASE=x\nMETHOD=${BASE}\n"}, known)
    document = read(Source("x", f"services:\n  web:\n    image: i\n    env_file: {listed}\n"), files)
    web = subject(document, "service web").noun
    assert isinstance(web, Container)
    assert [variable.value for variable in given(web.environment, ()) if variable.name == "METHOD"] == [expected]


def test_environment_key_overrides_env_file_key() -> None:
    files = {"e": "\ufeffA=1\nB=2 # c\nexport C='$x'\nD\nE=\"a\\nb ${A}\"\n", "r": '\ufeffF="raw" # kept\n'}
    web = service("environment: {A: own}\nenv_file: [e, {path: r, format: raw}, {path: no, required: false}]", **files)
    assert isinstance(web.noun, Container)
    assert web.noun.env_files == ("e", "r", "no")
    assert web.noun.environment == tuple(
        Variable(*pair) for pair in (("A", "own"), ("B", "2"), ("C", "$x"), ("E", "a\nb 1"), ("F", '"raw" # kept'))
    )


def test_unreadable_env_file_leaves_the_environment_unresolved() -> None:
    document = read(Source("x", "services: {web: {image: a, env_file: x.env}}"))
    assert not document.errors
    assert subject(document, "service web").unresolved == {"environment": "env_file x.env"}


def test_labels_override_label_file() -> None:
    files = Table(
        {
            "sub/base.yaml": "services:\n  b: {image: a, label_file: l}\n",
            "sub/l": "# c\na=1\nb='two'\n",
            "more": "c=3\n",
        }
    )
    text = "services: {web: {extends: {file: sub/base.yaml, service: b}, labels: {a: own}, label_file: [more]}}"
    web = subject(read(Source("x", text), files), "service web")
    assert isinstance(web.noun, Container)
    assert web.noun.labels == (Label("a", "own"), Label("b", "two"), Label("c", "3"))
    assert not web.unresolved
    assert web.place(("labels", 1)).file == "sub/l"


@pytest.mark.parametrize(
    ("files", "errors"),
    [
        pytest.param(Table({"other": ""}), ["l does not exist"], id="that does not exist is an error"),
        pytest.param(None, [], id="that nobody can look at is none"),
    ],
)
def test_a_label_file(files: Table | None, errors: list[str]) -> None:
    source = Source("x", "services: {web: {image: a, label_file: l}}")
    document = read(source, files) if files else read(source)
    assert [error.message for error in document.errors] == errors
    assert subject(document, "service web").unresolved == {"labels": "label_file l"}


def test_a_label_file_that_cannot_be_read_hides_none_after_it() -> None:
    document = read(Source("x", "services: {web: {image: a, label_file: [$L, l]}}"), Table({"l": "a=1"}))
    web = subject(document, "service web")
    assert isinstance(web.noun, Container)
    assert web.noun.labels == (Label("a", "1"),)
    assert web.unresolved == {"labels": "label_file"}


def test_a_file_is_read_without_the_override_beside_it() -> None:
    files = Table({"compose.override.yaml": "services: {web: {privileged: true}}"})
    noun = subject(read(Source("d/compose.yaml", "services: {web: {image: a}}"), files), "service web").noun
    assert isinstance(noun, Container)
    assert noun.privileged is UNSET


def test_a_file_that_includes_another_of_an_overrides_name_reads_its_own() -> None:
    files = Table({"other/x.yaml": "services: {db: {image: own}}"})
    document = read_many(
        [Source("d/compose.yaml", "include: [other/x.yaml]"), Source("other/x.yaml", "services: {web: {image: a}}")],
        files,
    )
    db = subject(document, "service db").noun
    assert isinstance(db, Container)
    assert db.image == "own"


def test_several_files_are_merged() -> None:
    document = read_many(
        [Source("a", "services: {web: {image: a, user: u}}"), Source("b", "services: {web: {image: b}}")]
    )
    web = subject(document, "service web")
    assert isinstance(web.noun, Container)
    assert (web.noun.image, web.noun.user) == ("b", "u")
    assert web.place(("image",)).file == "b"


RUN_LINES = """\
services:
  dind:
    image: docker
    command: docker run --privileged x
    healthcheck:
      test: [CMD, docker, run, y]
  shell:
    image: docker
    entrypoint: [sh, -c]
    command:
    - |
      docker run -v $$PWD:/z z:${TAG:-1}
      docker run w
  cli:
    image: docker
    entrypoint: docker
    command: [run, --pid=host, v]
configs:
  script:
    content: |
      #!/bin/sh
      docker run --net=host u
"""


def test_run_lines_in_the_commands_of_services_are_read_at_their_lines() -> None:
    document = read(Source("compose.yaml", RUN_LINES))
    runs = [subject for subject in document.subjects if subject.name in document.run_lines]
    lines = {run.name.removeprefix("docker run "): document.source.position(run.place(()).start)[0] for run in runs}
    assert lines == {"x": 4, "y": 6, "z:${TAG:-1}": 12, "w": 13, "v": 16, "u": 22}


PROJECT = """\
version: "3"
services:
  web:
    build: {context: ./w, args: {T: x, U: }, secrets: [s], ssh: [default], privileged: true, network: host, entitlements: [e], additional_contexts: {b: ./c}}
    depends_on: {db: {condition: service_healthy}}
    profiles: [debug]
    external_links: [old]
    env_file: w.env
  db: {image: d, depends_on: [more], networks: [back]}
  more: {image: m, network_mode: host}
networks: {back: {internal: true, driver: overlay, driver_opts: {a: 1}}, out: {external: true}}
volumes: {v: {driver: x, driver_opts: {o: p}}, w: {external: true}}
secrets: {s: {file: ./s.txt}, e: {environment: E}}
configs: {c: {content: hello}}
"""


def test_project_is_read() -> None:
    noun = project(PROJECT, Table({"w.env": "A=1"}))
    web, db, more = noun.services
    assert web.build == ServiceBuild(
        "./w", None, None, None, (("T", "x"), ("U", None)), ("s",), ("default",), "host", True, ("e",), (("b", "./c"),)
    )
    assert (web.subject, web.depends_on, web.profiles, web.external_links) == (
        "service web", (Dependency("db", "service_healthy"),), ("debug",), ("old",),
    )  # fmt: skip
    assert (db.build, db.depends_on, more.container.network_mode) == (None, (Dependency("more"),), "host")
    assert noun.networks == (
        ProjectNetwork("back", "overlay", internal=True, options=(("a", "1"),)),
        ProjectNetwork("out", external=True),
        ProjectNetwork("default", declared=False),
    )
    assert noun.volumes == (ProjectVolume("v", "x", options=(("o", "p"),)), ProjectVolume("w", external=True))
    assert noun.secrets == (
        ProjectSecret("s", file="./s.txt"), ProjectSecret("e", environment="E"), ProjectSecret("c", "config", content="hello"),
    )  # fmt: skip
    assert noun.files == (ProjectFile("w.env", exists=True, has_secrets=False), ProjectFile("./s.txt", exists=False))
    assert noun.obsolete == ("/version",)


@pytest.mark.parametrize(
    ("at", "excerpt"),
    [
        (("services", "web"), "web"),
        (("services", "db", "image"), "image: d"),
        (("services", "web", "build", "args", 0), "T: x"),
        (("services", "web", "build", "privileged"), "privileged: true"),
        (("services", "web", "depends_on", 0), "db"),
        (("services", "web", "profiles", 0), "debug"),
        (("networks", "back"), "back"),
        (("networks", "back", "internal"), "internal: true"),
        (("volumes", "w", "external"), "external: true"),
        (("secrets", "s", "file"), "file: ./s.txt"),
        (("secrets", "c", "content"), "content: hello"),
        (("files", 0), "env_file: w.env"),
        (("obsolete", 0), 'version: "3"'),
    ],
)
def test_parts_of_a_project_have_places(at: At, excerpt: str) -> None:
    document = read(Source("x", PROJECT), Table({"w.env": ""}))
    assert document.source.excerpt(subject(document, "project").place(at)) == excerpt


@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ("services:\n  web: {image: a, prots: []}", "services.web: unknown key 'prots'; did you mean 'ports'?", 2, 19),
        ("nonsense: 1\nservices: {}", "unknown key 'nonsense'", 1, 1),
        ("services:\n  web: {image: a, user: 5}", "services.web.user must be a string", 2, 19),
        ("services:\n  web: {image: a, ports: ['x']}", "not a port", 2, 27),
        ("services:\n  web: {image: a, mem_limit: lots}", "services.web.mem_limit must be a size", 2, 19),
        ("services:\n  web: {image: '${'}", "invalid interpolation", 2, 16),
        ("services:\n  web: {image: a, volumes: ['vol:/v']}", "the project's volumes do not define", 2, 29),
        ("services:\n  web: {image: a, depends_on: [b]}", "depends on 'b'", 2, 32),
        ("services:\n  web: {image: a, extends: web}", "extends itself", 2, 19),
        ("services:\n  web: {image: a, extends: {file: f, service: s}}", "f does not exist", 2, 29),
        ("include: [x.yaml]", "x.yaml does not exist", 1, 11),
        ("services:\n  web: {image: a, env_file: e}", "e does not exist", 2, 19),
        ("- a", "must be a mapping", 1, 1),
        ("", "empty", 1, 1),
        ("services: {web: {image: a}}\nservices: {}", "duplicate key", 2, 1),
        ("services:\n  web: {<<: 5, image: a}", "<< needs a mapping", 2, 13),
        ("services:\n  web: {image: a, environment: {1: x}}", "the key 1 is not a string", 2, 33),
        ("services:\n  web: {image: a, healthcheck: {interval: soon}}", "must be a duration", 2, 19),
        ("services:\n  web: {image: a, command: 'sh -c \"x'}", "cannot be split into words", 2, 19),
        ("services:\n  web: {image: a, command: 'a (b)'}", "split into words: a parenthesis outside of quotes", 2, 19),
        ("services:\n  web: {image: a, command: 'a $$(b (c))'}", "split into words: a parenthesis outside", 2, 19),
        ("services:\n  web: {image: a, command: 'a $$(b c'}", "split into words: no closing parenthesis", 2, 19),
        ("services:\n  web: {image: a, command: 'a b)'}", "split into words: no closing parenthesis", 2, 19),
        ("services:\n  web: {image: a, command: 'a `b'}", "split into words: no closing backquote", 2, 19),
        ("services:\n  web: {image: a, command: 'a \\'}", "split into words: no escaped character", 2, 19),
        ("services:\n  wéb: {image: a}", "not a valid name", 2, 3),
    ],
)  # fmt: skip
def test_fault_is_an_error_with_its_place(text: str, words: str, line: int, column: int) -> None:
    errors = read(Source("x", text), Table({})).errors
    assert words in errors[0].message
    assert (errors[0].location.line, errors[0].location.column) == (line, column)


def test_error_does_not_hide_valid_fields() -> None:
    document = read(
        Source(
            "x", "services:\n  web: {image: a, user: 5, ports: [x, '80:80'], bad: 1}\n  db: {image: b, privileged: true"
        ),
        Table({}),
    )
    web, db = (subject(document, f"service {name}").noun for name in ("web", "db"))
    assert isinstance(web, Container)
    assert isinstance(db, Container)
    assert (web.user, web.ports, db.privileged) == ("5", (Port("80", "80"),), True)
    assert len(document.errors) == 4


def test_an_include_loop_ends() -> None:
    files = Table({"a.yaml": "include: [b.yaml]", "b.yaml": "include: [a.yaml]"})
    assert "includes itself" in read(Source("x", "include: [a.yaml]"), files).errors[0].message


def test_an_extends_loop_through_files_ends() -> None:
    files = Table(
        {
            "a.yaml": "services: {a: {extends: {file: b.yaml, service: b}}}",
            "b.yaml": "services: {b: {extends: {file: a.yaml, service: a}}}",
        }
    )
    document = read(Source("x", "services: {web: {image: i, extends: {file: a.yaml, service: a}}}"), files)
    assert "extends itself" in document.errors[0].message


class Endless(Table):
    """A folder in which every file includes two others."""

    def text(self, path: str) -> str:
        name = path.removesuffix(".yaml")
        return f"include: [{name}0.yaml, {name}1.yaml]"


def test_unbounded_includes_are_bounded() -> None:
    document = read(Source("x", "include: [n.yaml]"), Endless({}))
    assert any("more than 1000 files" in error.message for error in document.errors)


def test_a_project_of_several_hundred_files_is_read_whole() -> None:
    names = [f"{number}.yaml" for number in range(400)]
    files = Table({name: f"services: {{s{name[:-5]}: {{image: i}}}}" for name in names})
    document = read(Source("x", "include: [" + ", ".join(names) + "]"), files)
    assert (len(document.subjects), document.errors) == (401, ())  # the services, and the project


def test_files_that_are_too_long_together_are_named() -> None:
    files = Table({f"{number}.env": f"#{'a' * 8_000_000}" for number in range(12)})
    listed = ", ".join(f"{number}.env" for number in range(12))
    document = read(Source("x", f"services: {{web: {{image: i, env_file: [{listed}]}}}}"), files)
    assert [error.message for error in document.errors] == [
        f"{number}.env was not read: the project's files have more than 64 million characters"
        for number in (8, 9, 10, 11)
    ]


def test_included_paths_are_rewritten() -> None:
    files = Table(
        {
            "s/c.yaml": "services: {a: {image: '$T', volumes: ['./d:/d', /abs:/abs, 'v:/v'], build: ., env_file: e}}\nvolumes: {v: }\nsecrets: {s: {file: ../k}}",
            "s/.env": "T=t",
            "s/e": "A=1",
        }
    )
    document = read(Source("compose.yaml", "include: [{path: s/c.yaml}]"), files)
    noun = subject(document, "project").noun
    assert isinstance(noun, Project)
    assert not document.errors
    (a,) = noun.services
    assert isinstance(a.container.mounts, tuple)
    assert a.container.image == "t"
    assert [mount.source for mount in a.container.mounts] == ["./s/d", "/abs", None]
    assert a.build == ServiceBuild("./s")
    assert (a.container.env_files, noun.secrets[0].file) == (("./s/e",), "./k")


@pytest.mark.parametrize("number", [".nan", "-.inf", "1" + "0" * 390])
def test_a_number_that_is_none_of_cpus_is_an_error(number: str) -> None:
    document = read(Source("x", f"services:\n  web:\n    image: a\n    cpus: {number}\n"))
    assert ["must be a number" in error.message for error in document.errors] == [True]


REPEATED = [
    *(
        f"{key}: [a, a]"
        for key in ("security_opt", "external_links", "group_add", "volumes_from", "networks", "depends_on")
    ),
    "device_cgroup_rules: ['c 1:3 r', 'c 1:3 r']",
    "extra_hosts: ['a:1.1.1.1', 'a:1.1.1.1']",
    "gpus: [{capabilities: [gpu, gpu]}]",
    "build: {context: ., extra_hosts: ['a:1.1.1.1', 'a:1.1.1.1']}",
    "build: {context: ., ssh: [default, default]}",
]


@pytest.mark.parametrize("line", REPEATED)
def test_an_item_that_repeats_another_is_an_error(line: str) -> None:
    document = read(Source("x", f"services:\n  web:\n    image: a\n    {line}\n  a: {{image: b}}\nnetworks: {{a: }}"))
    assert [error.message for error in document.errors if "repeats an earlier item" in error.message]


@pytest.mark.parametrize("key", ["cap_add", "cap_drop", "dns", "dns_search", "dns_opt", "tmpfs", "profiles", "expose"])
def test_an_item_that_compose_drops_is_none(key: str) -> None:
    assert not read(Source("x", f"services:\n  web:\n    image: a\n    {key}: ['80', '80']\n")).errors


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('ports: ["$P:80"]', "${P}"),
        ('ports: ["80:${P}x"]', "${P}"),
        ("mem_limit: $P", "${P}"),
        ("depends_on: [$P]", "${P}"),
        ("volumes: ['$P:/data']", "${P}"),
        ("env_file: ${P}.env", "${P}.env"),
        ("extends: {file: $P, service: x}", "${P}"),
        ("cap_drop: ${Q}", "cap_drop must be a list"),
        ("stop_grace_period: ${Q}", "${Q}"),
        ("stop_grace_period: 1$PART", "${PART}"),
    ],
)
def test_an_error_names_a_variable_and_not_its_value(line: str, shown: str) -> None:
    files = Table({".env": "P=Zx9hunter2Qw81\nQ=zq\nPART=Zx9hunter2Qw81:more\n"})
    document = read(Source("x", f"services:\n  web:\n    image: a\n    {line}\n"), files)
    assert any(shown in error.message for error in document.errors)
    assert not any(word in error.message for error in document.errors for word in ("Zx9", "hunter2", "more", "'zq'"))


def test_hooks_are_read_with_their_rights() -> None:
    text = "services:\n  web:\n    image: a\n    pre_stop: [{command: [x, y]}]\n    post_start:\n"
    text += "      - {command: a b, user: root, privileged: true, environment: [A=1]}\n"
    web = subject(read(Source("x", text)), "service web")
    assert isinstance(web.noun, Container)
    assert web.noun.hooks == (
        Hook("post_start", ("a", "b"), "root", privileged=True, environment=(Variable("A", "1"),)),
        Hook("pre_stop", ("x", "y")),
    )
    assert web.place(("hooks", 0)).start == text.index("{command: a b")


def test_what_runs_before_a_service_starts_may_have_an_image_of_its_own() -> None:
    text = "services:\n  web:\n    image: a\n    pre_start: [{image: b:1, per_replica: true, privileged: true}, {command: x}]\n"
    document = read(Source("x", text))
    web = subject(document, "service web")
    assert isinstance(web.noun, Container)
    old = Hook("pre_start", privileged=True, image="b:1")
    assert (web.noun.hooks, document.errors) == ((old, Hook("pre_start", ("x",))), ())
    changed = formats.edits(document, web, Swap("hooks", old, Hook("pre_start", image="b:1")))
    assert formats.apply_edits(text, changed) == text.replace(", privileged: true", "")


@pytest.mark.parametrize("moment", ["post_start", "pre_stop"])
def test_what_runs_in_the_container_has_its_image(moment: str) -> None:
    document = read(Source("x", f"services:\n  web:\n    image: a\n    {moment}: [{{image: b:1, command: x}}]\n"))
    assert [error.message for error in document.errors] == [f"services.web.{moment}.0: unknown key 'image'"]


WATCHED = (
    "services:\n  web:\n    image: a\n    develop:\n      watch:\n      - {path: a, target: /a, action: sync}\n"
    "      - path: .\n        action: sync+exec\n        target: /b\n        exec:\n          command: a b\n"
    "          privileged: true   # for now\n          user: root\n"
)


def test_commands_that_watch_runs_are_hooks() -> None:
    document = read(Source("x", WATCHED))
    web = subject(document, "service web")
    assert isinstance(web.noun, Container)
    assert not document.errors
    assert web.noun.hooks == (Hook("watch", ("a", "b"), "root", privileged=True),)
    assert document.source.excerpt(web.place(("hooks", 0))).startswith("exec:\n          command: a b\n")


def test_a_command_that_watch_runs_is_changed_in_place() -> None:
    document = read(Source("x", WATCHED))
    old, new = (Hook("watch", ("a", "b"), "root", privileged=privileged) for privileged in (True, False))
    edits = formats.edits(document, subject(document, "service web"), Swap("hooks", old, new))
    assert formats.apply_edits(WATCHED, edits) == WATCHED.replace("          privileged: true   # for now\n", "")
    with pytest.raises(FormatError, match="deeper below develop"):
        formats.edits(document, subject(document, "service web"), Remove("hooks", old))


WATCH_FAULTS = [
    ("no action", "[{path: a}]", "services.web.develop.watch.0 needs the key 'action'"),
    ("an action that there is not", "[{path: a, action: copy}]", "must be one of rebuild, sync"),
    ("a mapping", "{}", "services.web.develop.watch must be a list"),
    ("a command as text", "[{path: a, action: sync+exec, exec: x}]", "develop.watch.0.exec must be a mapping"),
]


@pytest.mark.parametrize(("watch", "message"), [pytest.param(*row, id=sentence) for sentence, *row in WATCH_FAULTS])
def test_what_compose_refuses_of_watch_is_an_error(watch: str, message: str) -> None:
    document = read(Source("x", f"services:\n  web:\n    image: a\n    develop:\n      watch: {watch}\n"))
    assert [message in error.message for error in document.errors] == [True]


def test_a_service_of_a_provider_is_no_container() -> None:
    document = read(Source("x", "services: {p: {provider: {type: cloud, options: {size: 5, names: [a, b]}}}}"))
    noun = project("services: {p: {provider: {type: cloud, options: {size: 5, names: [a, b]}}}}")
    assert subject(document, "service p").noun == Container()
    assert noun.services[0].provider == (("size", "5"), ("names", "a"), ("names", "b"))


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0s"), (0.5, "500ms"), (59, "59s"), (60, "1m"), (90, "1m30s"), (3600, "1h"), (3661, "1h1m1s")],
)
def test_a_duration_is_written_in_its_units(seconds: float, written: str) -> None:
    assert seconds_as_text(seconds) == written

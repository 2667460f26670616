"""Run lines are read as the engine's client reads them; unresolved expansions are reported."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.formats.files import FileRefusedError
from sealock.formats.runargs.reader import read_words
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import (
    FIELDS,
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
from sealock.model.location import Place, Source
from sealock.model.project import Project, ProjectFile
from sealock.model.shell import Word
from sealock.shell.nesting import DEEPEST
from support.draws import draws

GUID = "class/86E0D1E0-8089-11D0-9CE4-08003E301F73"


def read(text: str, name: str = "") -> Document:
    return formats.read("run", Source(name, text))


def subjects(document: Document) -> list[tuple[Subject, Container]]:
    return [(subject, subject.noun) for subject in document.subjects if isinstance(subject.noun, Container)]


def only(text: str, name: str = "") -> tuple[Subject, Container]:
    document = read(text, name)
    assert document.errors == ()
    (subject,) = subjects(document)
    return subject


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ("", "privileged", UNSET),
        ("--privileged", "privileged", True),
        ("--privileged=false", "privileged", False),
        ("--privileged --privileged=0", "privileged", False),
        ("-itd", "tty", True),
        ("-itd", "detach", True),
        ("-it=false", "tty", False),
        ("-itp80:80", "ports", (Port("80", "80"),)),
        ("-p=80:80", "ports", (Port("80", "80"),)),
        ("-p '[::]:80:80/udp'", "ports", (Port("80", "80", "::", "udp"),)),
        ("-p 127.0.0.1::80", "ports", (Port("80", None, "127.0.0.1"),)),
        ("-p 8000-8010:80", "ports", (Port("80", "8000-8010"),)),
        (
            "-v /a:/b:ro,Z,rslave",
            "mounts",
            (Mount("bind", "/a", "/b", read_only=True, propagation="rslave", options=("Z",)),),
        ),
        ("-v data:/b", "mounts", (Mount("volume", "data", "/b"),)),
        ("-v ./data:/b", "mounts", (Mount("bind", "./data", "/b"),)),
        ("-v /b", "mounts", (Mount("volume", None, "/b"),)),
        (r"-v 'C:\data:/b'", "mounts", (Mount("bind", r"C:\data", "/b"),)),
        (r"-v '.\data:C:\b'", "mounts", (Mount("bind", r".\data", r"C:\b"),)),
        (r"-v 'C:\data:d:'", "mounts", (Mount("bind", r"C:\data", "d:\\"),)),
        (
            "--mount type=bind,src=/a,dst=/b,bind-create-src",
            "mounts",
            (Mount("bind", "/a", "/b", options=("bind-create-src",)),),
        ),
        (r"-v 'data:C:\b:ro'", "mounts", (Mount("volume", "data", r"C:\b", read_only=True),)),
        ("--mount type=bind,src=/a,dst=/b,ro", "mounts", (Mount("bind", "/a", "/b", read_only=True),)),
        ("--mount type=bind,src=/a,dst=/b,readonly=false", "mounts", (Mount("bind", "/a", "/b"),)),
        (
            "--mount dst=/b,volume-opt=type=nfs",
            "mounts",
            (Mount("volume", None, "/b", options=("volume-opt=type=nfs",)),),
        ),
        ("--tmpfs /t:rw,size=5m,mode=1777", "mounts", (Mount("tmpfs", None, "/t", options=("size=5m", "mode=1777")),)),
        ("--tmpfs /t:ro", "mounts", (Mount("tmpfs", None, "/t", read_only=True),)),
        ("--device /dev/a:/dev/b:r", "devices", (Device("/dev/a", "/dev/b", "r"),)),
        (f"--device {GUID}", "devices", (Device(GUID, ""),)),
        ("--device /dev/a:rm", "devices", (Device("/dev/a", "/dev/a", "rm"),)),
        ("--cap-add cap_net_admin", "cap_add", ("NET_ADMIN",)),
        ("--cap-drop all", "cap_drop", ("ALL",)),
        ("--security-opt no-new-privileges", "no_new_privileges", True),
        ("--security-opt no-new-privileges:false", "no_new_privileges", False),
        ("--security-opt seccomp=./p.json", "seccomp", "./p.json"),
        ("--security-opt label:disable", "selinux", ("disable",)),
        ("--security-opt systempaths=unconfined", "unconfined_paths", True),
        ("--memory 1.5g", "memory", 3 << 29),
        ("-m 512MiB", "memory", 512 << 20),
        ("--memory-swap -1", "memory_swap", -1),
        ("--cpus .25", "cpus", 0.25),
        ("--ulimit nofile=5:-1", "ulimits", (Ulimit("nofile", 5, -1),)),
        ("--restart on-failure:3", "restart", Restart("on-failure", 3)),
        ("--restart on-failure:0", "restart", Restart("on-failure")),
        ("--health-cmd 'a b' --health-interval 1m30s", "health", Health(test=("CMD-SHELL", "a b"), interval=90.0)),
        ("--no-healthcheck", "health", Health(disabled=True)),
        ("--log-driver local --log-opt max-size=5m", "logging", Logging("local", (("max-size", "5m"),))),
        ("--log-opt max-size=5m", "logging", Logging(None, (("max-size", "5m"),))),
        ("-e A=1 -e B -eC=", "environment", (Variable("A", "1"), Variable("B", None), Variable("C", ""))),
        ("-l a=b=c -l d", "labels", (Label("a", "b=c"), Label("d", ""))),
        ("--env-file .env --env-file b", "env_files", (".env", "b")),
        ("--sysctl net.x=1", "sysctls", (Sysctl("net.x", "1"),)),
        ("--link db --link c:d", "links", (Link("db", "db"), Link("c", "d"))),
        ("--network host", "network_mode", "host"),
        ("--net=container:x", "network_mode", "container:x"),
        ("--network name=container:x", "network_mode", "container:x"),
        ("--workdir=", "working_dir", ""),
        ("--network a --network-alias x --net-alias y", "networks", (Network("a", ("x", "y")),)),
        ("--network name=a,alias=x,ip=10.0.0.2 --network b", "networks", (Network("a", ("x",)), Network("b"))),
        ("--network a", "network_mode", UNSET),
        ("""--network 'name=a,"driver-opt=b=1,c=2",alias=d'""", "networks", (Network("a", ("d",)),)),
        ("--add-host a=1.2.3.4 --add-host 'b:[::1]'", "extra_hosts", ("a:1.2.3.4", "b:::1")),
        ("--dns-opt a --dns-option b", "dns_options", ("a", "b")),
        ("--expose 80 --expose 1-5/UDP", "expose", ("80/tcp", "1-5/udp")),
        ("--disable-content-trust=false", "content_trust", True),
        ("--entrypoint ''", "entrypoint", ()),
        ("--gpus all", "gpus", "all"),
        ("--volumes-from a:ro", "volumes_from", ("a:ro",)),
        ("--cgroup-parent=/x", "cgroup_parent", "/x"),
        ("--storage-opt size=5g", "storage_options", ("size=5g",)),
        ("--", "image", "alpine"),
        ("-i --", "image", "alpine"),
        ("--name -x", "image", UNSET),
    ],
)
def test_each_option_sets_its_field(options: str, field: str, value: Any) -> None:
    ((_, noun),) = subjects(read(f"docker run {options} alpine" if field != "image" or value else "docker run -i"))
    assert getattr(noun, field) == value


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("podman run --userns=keep-id:uid=5 a", "userns", "keep-id:uid=5"),
        ("podman run --security-opt unmask=ALL a", "unconfined_paths", True),
        ("podman run --security-opt unmask=/proc/* a", "unconfined_paths", True),
        ("podman run --security-opt unmask=/x:/proc/sys/ a", "unconfined_paths", True),
        ("podman run --security-opt unmask=/proc/k[ac]* a", "unconfined_paths", True),
        ("podman run --security-opt unmask=/proc/acpi:/* a", "unconfined_paths", UNSET),
        ("podman run --security-opt mask=/proc/x --security-opt proc-opts=hidepid=2 a", "unconfined_paths", UNSET),
        ("podman run --cap-add NET_ADMIN,sys_time a", "cap_add", ("NET_ADMIN", "SYS_TIME")),
        ("podman run --dns none a", "dns", ("none",)),
        ("podman run --secret token,type=env,target=T a", "secrets", ("token",)),
        ("podman run --tls-verify=false --replace --pod p --systemd always --cgroups=split a", "image", "a"),
        ("podman run --authfile f --group-entry x --read-only-tmpfs=false --read-only a", "read_only", True),
        ("podman run --network slirp4netns:allow_host_loopback=true a", "network_mode", "slirp4netns"),
        ("podman run --network net1:alias=x,ip=10.0.0.5 a", "networks", (Network("net1", ("x",)),)),
        (
            "podman run -v /a:/b:U,noexec,idmap a",
            "mounts",
            (Mount("bind", "/a", "/b", options=("U", "noexec", "idmap")),),
        ),
        ("podman run --pid private --uts private a", "pid", "private"),
        ("podman run --pull newer a", "pull", "newer"),
        ("podman run --pod p a", "network_mode", UNKNOWN),
        ("podman run --pod p a", "pid", UNSET),
        ("podman run docker-archive:x.tar", "image", "docker-archive:x.tar"),
        ("nerdctl run --snapshotter stargz --verify cosign a", "image", "a"),
        ("docker container create --rm a", "auto_remove", True),
        ("DOCKER_CONTENT_TRUST=1 docker run a", "content_trust", True),
        ("DOCKER_CONTENT_TRUST=0 docker run a", "content_trust", False),
    ],
)
def test_other_engines_and_ways_of_calling(line: str, field: str, value: Any) -> None:
    assert getattr(only(line)[1], field) == value


def test_what_follows_the_image_is_its_command() -> None:
    _, noun = only("docker run -i alpine sh -c 'echo $HOME' --privileged -v /:/host")
    assert noun.image == "alpine"
    assert noun.command == ("sh", "-c", "echo $HOME", "--privileged", "-v", "/:/host")
    assert noun.privileged is UNSET
    assert noun.mounts is UNSET


@pytest.mark.parametrize(
    ("line", "field", "value", "words"),
    [
        ("docker run -u $U a", "user", UNKNOWN, "$U"),
        ('docker run -u "$(id -u):$(id -g)" a', "user", UNKNOWN, "$(id -u):$(id -g)"),
        ("docker run --memory=$M a", "memory", UNKNOWN, "$M"),
        ("docker run --privileged=$P a", "privileged", UNKNOWN, "$P"),
        ("docker run --restart $R a", "restart", UNKNOWN, "$R"),
        ('docker run --health-cmd "$H" a', "health", UNKNOWN, "$H"),
        ("docker run --security-opt seccomp=$S a", "seccomp", UNKNOWN, "seccomp=$S"),
        ("docker run --security-opt $S a", "no_new_privileges", UNKNOWN, "$S"),
        ("docker run -i $I", "image", UNKNOWN, "$I"),
        ("docker run $IMG", "image", UNKNOWN, "$IMG"),
        ("docker run a:$TAG", "image", UNKNOWN, "a:$TAG"),
        ("docker run a $C", "command", ("$C",), "$C"),
        ("docker run -p $P:80 a", "ports", (Port("80", "$P"),), "$P:80"),
        ("docker run -p ${A:-127.0.0.1}:80:80 a", "ports", (Port("80", "80", "${A:-127.0.0.1}"),), "${A:-127.0.0.1}:80:80"),
        ("docker run -v $D:/x a", "mounts", (Mount("bind", "$D", "/x"),), "$D:/x"),
        ("docker run -v /a:/b$X a", "mounts", (Mount("bind", "/a", "/b$X"),), "/a:/b$X"),
        ("docker run -v $PWD:/b$X a", "mounts", (Mount("bind", "$PWD", "/b$X"),), "$PWD:/b$X"),
        ("docker run -v $PWD/$X:/b a", "mounts", (Mount("bind", "$PWD/$X", "/b"),), "$PWD/$X:/b"),
        ("docker run -e A=$B a", "environment", (Variable("A", "$B"),), "A=$B"),
        ("docker run --cap-add $C a", "cap_add", ("$C",), "$C"),
        ("docker run --ulimit $U a", "ulimits", UNSET, "$U"),
        ("docker run --network $N a", "networks", (Network("$N"),), "$N"),
        ("docker run --network $N a", "network_mode", UNKNOWN, "$N"),
    ],
)  # fmt: skip
def test_an_unresolved_value_is_unknown(line: str, field: str, value: Any, words: str) -> None:
    subject, noun = only(line)
    assert getattr(noun, field) == value
    assert words in subject.unresolved[field]
    if value is UNKNOWN:
        assert subject.silent.endswith("could not be resolved")


@pytest.mark.parametrize(
    "source", ["$PWD", "${PWD}/x", "$(pwd)/x", "`pwd`", "$HOME/.ssh", "${HOME}", "~/x", '"$PWD"/x', '"$(pwd)"']
)
def test_a_well_known_directory_needs_no_resolving(source: str) -> None:
    subject, noun = only(f"docker run -v {source}:/x a")
    assert noun.mounts == (Mount("bind", source.replace('"', ""), "/x"),)
    assert "mounts" not in subject.unresolved


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("docker run YOUR_USER/app sh", UNKNOWN),
        ("docker run -d USER/app:TAG", UNKNOWN),
        ("docker run YOUR-IMAGE", UNKNOWN),
        ("docker run IMAGE sh", UNKNOWN),
        ("docker run registry/IMAGE_NAME", UNKNOWN),
        ("docker run ghcr.io/ORG/REPO:tag", UNKNOWN),
        ("docker run registry/IMAGE@sha256:x", UNKNOWN),
        ("docker run newImageName", UNKNOWN),
        ("docker run -it myorg/newImage:1 sh", UNKNOWN),
        ("docker run -it Registry.example.com/team/newImage@sha256:x sh", UNKNOWN),
        ("docker run -p PORT:80 -v PATH:/data nginx", "nginx"),
        ("docker run -e DISPLAY -v /HOME/x:/y nginx", "nginx"),
    ],
)
def test_capitals_of_a_page_are_for_the_reader_to_fill_in(line: str, image: Any) -> None:
    document = formats.read("run", Source("README.md", f"```sh\n{line}\n```\n"))
    assert not document.errors
    assert [subject.noun.image for subject in document.subjects if isinstance(subject.noun, Container)] == [image]
    assert formats.read("run", Source("a.sh", f"{line}\n")).errors or "DISPLAY" in line
    other = formats.read("run", Source("docs/a.rst", f"Run::\n\n    {line}\n"))
    assert (other.errors, [subject.name for subject in other.subjects]) == (
        (),
        [each.name for each in document.subjects],
    )


def test_capitals_in_the_name_of_a_registry_are_none_of_the_image() -> None:
    document = formats.read("run", Source("README.md", "```sh\ndocker run Registry.example.com:5000/app:TAG\n```\n"))
    images = [subject.noun.image for subject in document.subjects if isinstance(subject.noun, Container)]
    assert images == ["Registry.example.com:5000/app:TAG"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("docker run --rm \\\n  #... \\\n", id="as a comment, at the end"),
        pytest.param("docker run --rm \\\n  ... \\\n  -v a:/b\n", id="in between"),
        pytest.param("docker run \\\n  # … \\\n  -e A=<b|c.d|e> nginx:1\n", id="before the image"),
        pytest.param("$ docker run --rm \\\n>  …\n", id="in a session"),
    ],
)
def test_a_page_may_leave_lines_of_a_command_out(lines: str) -> None:
    document = formats.read("run", Source("README.md", f"```sh\n{lines}```\n"))
    assert not document.errors
    images = [subject.noun.image for subject in document.subjects if isinstance(subject.noun, Container)]
    assert images == ["nginx:1" if "nginx" in lines else UNKNOWN]


@pytest.mark.parametrize(
    ("line", "read_as"),
    [
        ('"${docker[@]}" run --rm --no-deps -v a:/b web ls', ["docker compose run web"]),
        ("$DOCKER exec --index 2 --privileged web ls", ["docker compose exec web"]),
        ('"${docker[@]}" run --rm -v a:/b web ls', ["docker run web"]),
        ("$DOCKER run --no-deps --network x web", None),
        ("docker run --no-deps web", None),
    ],
)
def test_a_variable_for_the_engine_may_stand_for_compose(line: str, read_as: list[str] | None) -> None:
    document = read(line)
    names = [subject.name for subject in document.subjects if isinstance(subject.noun, Container)]
    assert (names if not document.errors else None) == read_as


@pytest.mark.parametrize(
    ("line", "image", "known"),
    [
        ("docker run $OPTS nginx", "nginx", {"image", "command"}),
        ("docker run -i $OPTS --privileged nginx", "nginx", {"image", "command", "stdin_open", "privileged"}),
        ('docker run "${ARGS[@]}" nginx sh', "nginx", {"image", "command"}),
        ('docker run "$@"', UNKNOWN, set()),
        ("docker run $DOCKER_ARGS", UNKNOWN, set()),
        ("docker run $X", UNKNOWN, set()),
        ("docker run $(cmd) nginx", UNKNOWN, set()),
        ("docker run $X nginx", UNKNOWN, set()),
        ("docker run $X --privileged nginx", UNKNOWN, {"privileged"}),
    ],
)
def test_words_that_may_be_options_leave_everything_uncertain(line: str, image: Any, known: set[str]) -> None:
    subject, noun = only(line)
    assert noun.image == image
    assert {field for field in FIELDS if getattr(noun, field) is not UNKNOWN} == known
    assert "could not be resolved" in subject.silent


@pytest.mark.parametrize(
    "line",
    [
        "docker run $IMAGE sh",
        'docker run "$X" sh',
        "docker run -i ${DOCKER_IMG:-x} sh",
        "docker run $HUB/aspnet-options sh",
        "docker run ${REGISTRY_PORT}:5000/x sh",
        "docker run $(docker build -q ./opt) sh",
    ],
)
def test_an_unresolved_word_can_be_the_image(line: str) -> None:
    _, noun = only(line)
    assert noun.image is UNKNOWN
    assert noun.command == ("sh",)
    assert noun.privileged is UNSET


@pytest.mark.parametrize(
    ("line", "message", "at"),
    [
        ("docker run --nonsense a", "unknown option: --nonsense", "--nonsense"),
        ("docker run --priv a", "unknown option: --priv", "--priv"),
        ("docker run -itz a", "unknown option: -z in -itz", "-itz"),
        ("docker create -d a", "unknown option: -d", "-d"),
        ("docker run --tls-verify=false a", "unknown option: --tls-verify", "--tls-verify=false"),
        ("docker run --user", "--user needs a value", "--user"),
        ("docker run -u", "-u needs a value", "-u"),
        ("docker run", "docker run names no image", "docker run"),
        ("docker run -i", "docker run names no image", "-i"),
        ("docker run -m 5x a", '"5x" is not a size', "-m 5x"),
        ("docker run --memory=5x a", '"5x" is not a size', "--memory=5x"),
        ("docker run --rm --restart always a", "conflicting options", "--restart always"),
        ("docker run Nginx", '"Nginx" is not an image\'s name', "Nginx"),
        ("docker run -v /a:/b:nope a", 'unknown mode "nope"', "-v /a:/b:nope"),
        ("docker run --pid ns:/proc/1/ns/pid a", "is none of host", "--pid ns:/proc/1/ns/pid"),
        ("docker run -v vol:/b:ro,rw a", '"rw" and another mode of its kind', "-v vol:/b:ro,rw"),
        ("docker run -v vol:/b:ro,z,ro a", '"ro" and another mode', "-v vol:/b:ro,z,ro"),
        ("podman run -v /a:/b:readonly,ro a", '"ro" and another mode', "-v /a:/b:readonly,ro"),
        ("podman run -v /a:/b:rshared,rw,rslave a", '"rslave" and another mode', "-v /a:/b:rshared,rw,rslave"),
        (
            "docker run --mount 'type=bind,src=\"/a\",dst=/b' a",
            "has a quote that encloses no whole field",
            "--mount 'type=bind,src=\"/a\",dst=/b'",
        ),
        ("docker run --dns none a", '"none" is not an IP address', "--dns none"),
        ("podman run --dns nine a", '"nine" is not an IP address', "--dns nine"),
        (
            "docker run --mount type=glob,src=/a*,dst=/b a",
            "the type glob, which only Podman has",
            "--mount type=glob,src=/a*,dst=/b",
        ),
        (
            "docker run --mount type=artifact,src=a,dst=/b a",
            "the type artifact, which only Podman has",
            "--mount type=artifact,src=a,dst=/b",
        ),
        (
            "podman run --mount type=glob,dst=/b a",
            "no source, which a mount of the type glob needs",
            "--mount type=glob,dst=/b",
        ),
        (
            "podman run --mount type=artifact,dst=/b a",
            "no source, which a mount of the type artifact needs",
            "--mount type=artifact,dst=/b",
        ),
        ("podman run --mount type=artifact,src=a a", "has no target", "--mount type=artifact,src=a"),
    ],
)
def test_what_the_client_rejects_is_an_error_with_its_place(line: str, message: str, at: str) -> None:
    document = read(f"#!/bin/sh\n{line}\n")
    (error, *_) = document.errors
    assert message in error.message
    assert (error.location.line, error.location.column) == (2, line.index(at) + 1)
    assert error.location.end_column == line.index(at) + 1 + len(at)


PODMAN_MOUNTS = [
    ("type=glob,src=/dev/nv*", Mount("glob", "/dev/nv*", "/dev/nv*")),
    ("type=glob,source=/dev/nv*,destination=/d,ro", Mount("glob", "/dev/nv*", "/d", read_only=True)),
    ("type=bind,src=/a,dest=/b,no-dereference", Mount("bind", "/a", "/b", options=("no-dereference",))),
    ("type=bind,src=/a,dest=/b,Z,unbindable", Mount("bind", "/a", "/b", options=("Z", "unbindable"))),
    ("type=image,src=a:1,dst=/b,readwrite=true", Mount("image", "a:1", "/b")),
    ("type=image,src=a:1,dst=/b,readwrite=false", Mount("image", "a:1", "/b", read_only=True)),
    ("type=artifact,src=a:1,dst=/b,title=c", Mount("artifact", "a:1", "/b", options=("title=c",))),
    ("type=ramfs,dst=/b,tmpfs-size=5m,noswap", Mount("ramfs", None, "/b", options=("size=5m", "noswap"))),
    ("type=devpts,dst=/b,uid=5,newinstance", Mount("devpts", None, "/b", options=("uid=5", "newinstance"))),
    ("src=a,dst=/b,nocreate", Mount("volume", "a", "/b", options=("nocreate",))),
]


@pytest.mark.parametrize(("text", "mount"), PODMAN_MOUNTS)
def test_mounts_of_podman_are_read(text: str, mount: Mount) -> None:
    document = read(f"podman run --mount {text} a:1")
    assert not document.errors
    ((_, noun),) = subjects(document)
    assert noun.mounts == (mount,)


def test_an_error_keeps_what_could_be_read() -> None:
    ((_, noun),) = subjects(read("docker run --privileged --nonsense -m 5x nginx"))
    assert noun.privileged is True
    assert noun.image == "nginx"
    assert noun.memory is UNSET


@pytest.mark.parametrize(
    ("line", "at", "excerpt"),
    [
        ("docker run -it -p 80:80 -p81:81 a", ("ports", 0), "-p 80:80"),
        ("docker run -it -p 80:80 -p81:81 a", ("ports", 1), "-p81:81"),
        ("docker run --name=x a", ("name",), "--name=x"),
        ("docker run -itP a", ("publish_all",), "-itP"),
        ("docker run -u 5 -u 6 a", ("user",), "-u 6"),
        ("docker run --security-opt seccomp=unconfined a", ("seccomp",), "--security-opt seccomp=unconfined"),
        ("docker run --net host a", ("network_mode",), "--net host"),
        ("docker run --network x a", ("networks", 0), "--network x"),
        ("docker run --health-cmd x a", ("health", "test"), "--health-cmd x"),
        ("docker run --log-opt a=b a", ("logging", "options"), "--log-opt a=b"),
        ("docker run a 'b c' d", ("command", 0), "'b c'"),
        ("docker run a 'b c' d", ("command",), "'b c' d"),
        ("docker run a b", ("image",), "a"),
        ("docker run a b", ("memory",), "docker run a b"),
    ],
)
def test_each_field_has_its_place(line: str, at: tuple[str | int, ...], excerpt: str) -> None:
    document = read(f"echo\n{line}\n")
    subject, _ = subjects(document)[0]
    assert document.source.excerpt(subject.place(at)) == excerpt


SCRIPT = """\
ARGS=(--privileged -v "$PWD:/src")
OPTS='--cap-add ALL -d'
IMAGE=nginx:1
docker run $OPTS "${ARGS[@]}" --user "$WHO" "$IMAGE"
"""


def test_variables_of_the_same_text_are_resolved() -> None:
    subject, noun = only(SCRIPT, "x.sh")
    assert (noun.image, noun.privileged, noun.cap_add, noun.detach) == ("nginx:1", True, ("ALL",), True)
    assert noun.mounts == (Mount("bind", "$PWD", "/src"),)
    assert noun.user is UNKNOWN
    assert subject.unresolved == {"user": "$WHO"}
    source = Source("x.sh", SCRIPT)
    assert source.excerpt(subject.place(("privileged",))) == "--privileged"
    assert source.excerpt(subject.place(("cap_add", 0))) == "$OPTS"
    assert source.excerpt(subject.place(("image",))) == '"$IMAGE"'


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("Makefile", "DOCKER=docker\na:\n\t$(DOCKER) run -v $(CURDIR):/src x\n", "mounts", (Mount("bind", "$(CURDIR)", "/src"),)),
        ("Makefile", "a:\n\tdocker run -v $$PWD:/src x\n", "mounts", (Mount("bind", "$PWD", "/src"),)),
        ("Makefile", "a:\n\tdocker run $(FLAGS) x\n", "privileged", UNKNOWN),
        *(
            ("Makefile", f"a:\n\tdocker run {target} x y\n", "command", ("x", "y"))
            for target in ("$@", "$*", "$<", "$(@D)", "$(*F)", "$(<F)", "$(%D)")
        ),
        ("up.sh", "docker run $@ x y\n", "image", "x"),
        ("x.service", "[Service]\nExecStart=/usr/bin/docker run --name %n -v /a%%b:/c x\n", "name", UNKNOWN),
        ("x.service", "[Service]\nExecStart=/usr/bin/docker run --name %n -v /a%%b:/c x\n", "mounts", (Mount("bind", "/a%b", "/c"),)),
        ("README.md", "a\n```sh\n$ docker run --privileged <image>\n```\n", "privileged", True),
        ("README.md", "a\n```sh\n$ docker run --privileged <image>\n```\n", "image", UNKNOWN),
        ("README.md", "a\n```sh\n$ docker run <options> x\n```\n", "privileged", UNKNOWN),
        ("ci.yml", "jobs:\n  a:\n    steps:\n      - run: docker run -u ${{ env.U }} x\n", "user", UNKNOWN),
    ],
)  # fmt: skip
def test_lines_of_other_files_are_read_by_their_rules(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(only(text, name)[1], field) == value


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("docker run %%IMAGE%%:3", "image", UNKNOWN),
        ("docker run --name some-%%REPO%% x", "name", UNKNOWN),
        ("docker run x:[version]", "image", UNKNOWN),
        ("docker run x[:version] --help", "image", UNKNOWN),
        ("docker run x[@digest]", "image", UNKNOWN),
        ("docker run -u {{user}} {{ image }}", "user", UNKNOWN),
        ("docker run -v '{{ data }}:/x' x", "mounts", (Mount("bind", "{{ data }}", "/x"),)),
        ("docker run -i ... x", "privileged", UNKNOWN),
        ("docker run -i ... x", "image", "x"),
        # None of these is a run line.
        ("docker run -p '[::1]:80:80' x", "ports", (Port("80", "80", "::1"),)),
        ("docker run -e A=[a] x", "environment", (Variable("A", "[a]"),)),
        ("docker run --health-cmd 'grep [a-z] <b>' x", "health", Health(test=("CMD-SHELL", "grep [a-z] <b>"))),
        ("docker run --log-opt tag={{.Name}} x", "logging", Logging(None, (("tag", "{{.Name}}"),))),
        ("docker run -e F=%%Y-%%m x", "environment", (Variable("F", "%%Y-%%m"),)),
        ("docker run -e F=%%1-2%% x", "environment", (Variable("F", "%%1-2%%"),)),
    ],
)
def test_a_placeholder_is_unknown(line: str, field: str, value: Any) -> None:
    assert getattr(only(line)[1], field) == value


def test_names_are_unique_and_several_lines_make_a_project() -> None:
    document = read(
        "docker network create --internal back\n"
        "docker run --name db --network back --env-file db.env postgres\n"
        "docker run nginx; docker run nginx\n"
        "podman create nginx\n"
        "docker run nginx\n"
    )
    names = [subject.name for subject, _ in subjects(document)]
    assert names == [
        "docker run db",
        "docker run nginx",
        "docker run nginx (line 3)",
        "podman create nginx",
        "docker run nginx (line 5)",
    ]
    script = document.subjects[-1]
    assert isinstance(script.noun, Project)
    assert (script.name, script.noun.kind) == ("script", "script")
    assert [service.subject for service in script.noun.services] == names
    assert len({service.name for service in script.noun.services}) == len(names)
    assert [(network.name, network.internal) for network in script.noun.networks] == [("back", True)]
    assert script.noun.files == (ProjectFile("db.env"),)
    assert document.source.excerpt(script.place(("services", "db", "networks", 0))) == "--network back"
    assert document.source.excerpt(script.place(("networks", "back"))) == "docker network create --internal back"


@pytest.mark.parametrize(
    "text", ["", "echo docker\n", "docker ps\n", "docker run --help\n", "docker compose run web\n"]
)
def test_a_text_without_run_lines_has_no_errors(text: str) -> None:
    document = read(text)
    assert document.subjects == ()
    assert document.errors == ()


def test_words_are_read_without_a_text() -> None:
    words = [Word(text, Place(at, at + len(text))) for at, text in ((0, "--privileged"), (13, "alpine"))]
    line = read_words(words)
    assert line.container.privileged is True
    assert line.where["privileged",] == Place(0, 12)
    assert line.errors == ()


class Watching:
    environment: Mapping[str, str] = MappingProxyType({})

    def text(self, path: str) -> str:
        raise FileRefusedError(path)

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path, exists=True, mode=0o644)

    def entries(self, directory: str) -> None:
        del directory


def test_env_files_of_lines_are_looked_up() -> None:
    document = formats.read("run", Source("", "docker run --env-file a.env x"), Watching())
    project = document.subjects[-1].noun
    assert isinstance(project, Project)
    assert project.files == (ProjectFile("a.env", exists=True, mode=0o644),)


TOKENS = st.lists(
    st.sampled_from(
        [
            "docker",
            "podman",
            "run",
            "create",
            "container",
            "--privileged",
            "-v",
            "-p",
            "-e",
            "-itP",
            "--mount",
            "--network",
            "--name=",
            "--security-opt",
            "--device",
            "--memory",
            "--ulimit",
            "--health-interval",
            "--cpus",
            "--restart",
            "--gpus",
            "--dns",
            "--add-host",
            "--sysctl",
            "--link",
            "--log-opt",
            "--expose",
            "type=bind,src=/a",
            "/a:/b:ro",
            "80:80",
            "[::]:80:80",
            "$X",
            "${X:-y}",
            "$(pwd)",
            "'a",
            "b'",
            '"$A"',
            "\\\n",
            ";",
            "&&",
            "|",
            "#",
            "alpine",
            "=",
            ":",
            ",",
            "-",
            "--",
            "--=",
            "-=",
            "~",
            "0x10",
            "1e9",
            "99999999999999999999",
            "-1",
            ".5",
            "1/0",
            "1/",
            "/",
            "\x00",
            "é",
            "�",
            "```",
            "ExecStart=",
            "$$",
            "%%",
            "{{x}}",
            "<image>",
        ]
    )
    | st.text(max_size=5),
    max_size=12,
)


@draws(200)
@given(TOKENS, st.sampled_from(["", "x.sh", "Makefile", "x.service", "README.md", "ci.yml"]))
def test_no_text_makes_it_raise(tokens: list[str], name: str) -> None:
    document = read("docker run " + " ".join(tokens), name)
    for error in document.errors:
        assert error.location.line >= 1
    read(" ".join(tokens), name)


@draws(200)
@given(st.lists(st.text(alphabet="-=:,$(){}[]abpv/0.1 ~`'\"", max_size=8), max_size=6), st.booleans())
def test_no_words_make_it_raise(texts: list[str], literal: bool) -> None:  # noqa: FBT001  hypothesis gives it
    words = [Word(text, Place(index, index + 1), literal) for index, text in enumerate(texts)]
    for engine in ("docker", "podman"):
        read_words(words, engine)


@pytest.mark.parametrize(
    "text",
    [
        "docker run " + "-e A=1 " * 20_000 + "alpine",
        "docker run " + "-i" * 1 + "t" * 100_000 + " alpine",
        "docker run -v " + "$(" * 50_000 + ":/x alpine",
        "docker run -v " + "$" * 100_000 + ":/x alpine",
        "docker run --memory " + "9" * 100_000 + " alpine",
        "docker run -p " + ":" * 100_000 + " alpine",
        "docker run --mount " + ",".join(["a=b"] * 50_000) + " alpine",
        "docker run alpine\n" * 3_000,
        "docker run " + "$OPTS " * 20_000 + "alpine",
        "docker run " + "{{ a " * 20_000 + "alpine",
        "docker run " + "-e {{{{{{{{%%%%%%%%[[[[[[[[<<<<a " * 900 + "alpine",
    ],
    ids=[
        "options",
        "letters",
        "expansions",
        "dollars",
        "digits",
        "colons",
        "fields",
        "lines",
        "opaque",
        "templates",
        "marks",
    ],
)
@pytest.mark.untraced
def test_long_input_is_read_or_refused_in_good_time(text: str) -> None:
    document = read(text)
    refused = [error.message for error in document.errors if "open brackets" in error.message]
    assert bool(document.subjects) != bool(refused)
    assert bool(refused) == (max(map(text.count, "([{")) > DEEPEST)

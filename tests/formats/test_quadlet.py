"""What a unit of Quadlet says of its container: every key, as Podman's generator reads it, with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sealock import formats
from sealock.formats.quadlet import read
from sealock.formats.unitfile import parse, split_words
from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.container import Container, Device, Health, Label, Logging, Mount, Network, Port, Sysctl, Variable
from sealock.model.document import Document, Subject
from sealock.model.location import Source
from sealock.model.project import Project
from support.quadletunits import UnitFiles

IMAGE = "[Container]\nImage=quay.io/a/b:1\n"


def unit(text: str, name: str = "web.container", files: Mapping[str, str] | None = None) -> Document:
    return read(Source(name, text), UnitFiles(files or {}))


def subject_of(document: Document) -> Subject:
    return next(subject for subject in document.subjects if isinstance(subject.noun, Container))


def field(name: str, lines: str, unit_name: str = "web.container", files: Mapping[str, str] | None = None) -> Any:
    document = unit(IMAGE + lines, unit_name, files)
    assert not document.errors, document.errors
    return getattr(subject_of(document).noun, name)


FIELDS = [
    ("the image", "image", "", "quay.io/a/b:1"),
    ("the name is the service's by default", "name", "", "systemd-web"),
    ("the service may have another name", "name", "ServiceName=x", "systemd-x"),
    ("ContainerName", "name", "ContainerName=xy", "xy"),
    ("Quadlet removes the container when it stops", "auto_remove", "", True),
    ("and starts it in the background", "detach", "", True),
    ("but not a service that runs once", "detach", "[Service]\nType=oneshot", UNSET),
    ("nothing is privileged by itself", "privileged", "", UNSET),
    ("PodmanArgs are options", "privileged", "PodmanArgs=--privileged", True),
    ("PodmanArgs of several words", "memory", "PodmanArgs=--memory 1g --cpus=2", 1 << 30),
    ("PodmanArgs of several lines", "cpus", "PodmanArgs=--memory 1g \\\n  --cpus=2", 2.0),
    ("PodmanArgs add up", "pids_limit", "PodmanArgs=--memory 1g\nPodmanArgs=--pids-limit 7", 7),
    ("GlobalArgs belong to podman itself", "privileged", "GlobalArgs=--privileged", UNSET),
    ("AddCapability has several in a line", "cap_add", "AddCapability=NET_ADMIN cap_sys_time", ("NET_ADMIN", "SYS_TIME")),
    ("AddCapability adds up", "cap_add", "AddCapability=NET_ADMIN\nAddCapability=SYS_TIME", ("NET_ADMIN", "SYS_TIME")),
    ("an empty value starts again", "cap_add", "AddCapability=NET_ADMIN\nAddCapability=\nAddCapability=SYS_TIME", ("SYS_TIME",)),
    ("an empty value alone is unset", "cap_add", "AddCapability=NET_ADMIN\nAddCapability=", UNSET),
    ("DropCapability", "cap_drop", "DropCapability=all", ("ALL",)),
    ("a section may be continued", "cap_drop", "[Unit]\nDescription=x\n[Container]\nDropCapability=all", ("ALL",)),
    ("keys of other sections do not count", "cap_drop", "[Unit]\nDropCapability=all", UNSET),
    ("NoNewPrivileges", "no_new_privileges", "NoNewPrivileges=true", True),
    ("NoNewPrivileges=no", "no_new_privileges", "NoNewPrivileges=no", UNSET),
    ("the last of a key counts", "no_new_privileges", "NoNewPrivileges=no\nNoNewPrivileges=1", True),
    ("ReadOnly", "read_only", "ReadOnly=on", True),
    ("ReadOnly=false", "read_only", "ReadOnly=false", False),
    ("what is no boolean is false", "read_only", "ReadOnly=maybe", False),
    ("SeccompProfile", "seccomp", "SeccompProfile=unconfined", "unconfined"),
    ("SecurityLabelDisable", "selinux", "SecurityLabelDisable=yes", ("disable",)),
    ("SecurityLabelType", "selinux", "SecurityLabelType=spc_t", ("type:spc_t",)),
    ("Unmask=ALL", "unconfined_paths", "Unmask=ALL", True),
    ("User", "user", "User=1000", "1000"),
    ("User and Group", "user", "User=1000\nGroup=5", "1000:5"),
    ("UserNS", "userns", "UserNS=keep-id:uid=200", "keep-id:uid=200"),
    ("RemapUsers", "userns", "RemapUsers=auto\nRemapUid=0:1:2\nRemapUidSize=7", "auto:uidmapping=0:1:2,size=7"),
    ("GroupAdd", "groups", "GroupAdd=keep-groups", ("keep-groups",)),
    ("AddDevice", "devices", "AddDevice=/dev/fuse:/dev/x:r", (Device("/dev/fuse", "/dev/x", "r"),)),
    ("AddDevice of a device that may be missing", "devices", "AddDevice=-/dev/fuse", (Device("/dev/fuse", "/dev/fuse"),)),
    ("Sysctl", "sysctls", "Sysctl=a.b=1 c.d=2", (Sysctl("a.b", "1"), Sysctl("c.d", "2"))),
    ("Volume of a host path", "mounts", "Volume=/a:/b:ro", (Mount("bind", "/a", "/b", read_only=True),)),
    ("Volume of a relative path", "mounts", "Volume=./a:/b", (Mount("bind", "./a", "/b"),)),
    ("Volume of a specifier", "mounts", "Volume=%h/a:/b", (Mount("bind", "%h/a", "/b"),)),
    ("an anonymous volume", "mounts", "Volume=/b", (Mount("volume", None, "/b"),)),
    ("Mount", "mounts", "Mount=type=bind,src=/a,dst=/b,ro", (Mount("bind", "/a", "/b", read_only=True),)),
    ("Tmpfs", "mounts", "Tmpfs=/t:size=1m", (Mount("tmpfs", None, "/t", options=("size=1m",)),)),
    ("VolatileTmp", "mounts", "VolatileTmp=true", (Mount("tmpfs", None, "/tmp", options=("size=512M", "mode=1777")),)),
    ("VolatileTmp of a read-only container", "mounts", "VolatileTmp=true\nReadOnly=true", UNSET),
    ("Network=host", "network_mode", "Network=host", "host"),
    ("Network of a name", "networks", "Network=x", (Network("x"),)),
    ("PublishPort", "ports", "PublishPort=127.0.0.1:80:8080/udp", (Port("8080", "80", "127.0.0.1", "udp"),)),
    ("ExposeHostPort", "expose", "ExposeHostPort=80", ("80/tcp",)),
    ("Environment", "environment", 'Environment=A=b "C=d e"', (Variable("A", "b"), Variable("C", "d e"))),
    ("the last value of a variable counts", "environment", "Environment=A=b\nEnvironment=A=c", (Variable("A", "c"),)),
    ("escapes in Environment", "environment", 'Environment="A=b\\tc\\x41"', (Variable("A", "b\tcA"),)),
    ("a percent sign is written twice", "environment", "Environment=A=1%%", (Variable("A", "1%"),)),
    ("EnvironmentFile", "env_files", "EnvironmentFile=./x.env", ("./x.env",)),
    ("Label", "labels", "Label=a=b", (Label("a", "b"),)),
    ("AutoUpdate is a label", "labels", "AutoUpdate=registry", (Label("io.containers.autoupdate", "registry"),)),
    ("Secret", "secrets", "Secret=a,type=env", ("a",)),
    ("HealthCmd", "health", "HealthCmd=curl -f x\nHealthInterval=10s", Health(test=("CMD-SHELL", "curl -f x"), interval=10.0)),
    ("LogDriver", "logging", "LogDriver=none", Logging("none")),
    ("Exec", "command", "Exec=sh -c 'a b' \"c\"", ("sh", "-c", "a b", "c")),
    ("Exec of several lines with a comment", "command", "Exec=a \\\n# x\n  b", ("a", "b")),
    ("quotes around a whole value go", "hostname", 'HostName="h"', "h"),
    ("a continued line keeps its blanks", "hostname", "HostName=a\\\n  b", "ab"),
    ("blanks around the key and the value go", "hostname", "  HostName = h  ", "h"),
    ("Pod decides the network", "network_mode", "", UNSET),
]  # fmt: skip


@pytest.mark.parametrize(("name", "lines", "value"), [pytest.param(*row, id=sentence) for sentence, *row in FIELDS])
def test_a_unit_says(name: str, lines: str, value: object) -> None:
    assert field(name, lines + "\n") == value


OTHERS = [
    ("a volume's unit has an owner", "mounts", "Volume=d.volume:/b", {"d.volume": "[Volume]\nVolumeName=data\nUID=5\nGID=5\n"}, (Mount("volume", "data", "/b"),)),
    ("a volume's unit names it", "mounts", "Volume=d.volume:/b:ro", {"d.volume": "[Volume]\nVolumeName=data\n"}, (Mount("volume", "data", "/b", read_only=True),)),
    ("or it has a name of its own", "mounts", "Volume=d.volume:/b", {"d.volume": "[Volume]\n"}, (Mount("volume", "systemd-d", "/b"),)),
    ("a mount of such a volume", "mounts", "Mount=type=volume,source=d.volume,dst=/b", {"d.volume": "[Volume]\n"}, (Mount("volume", "systemd-d", "/b"),)),
    ("a network's unit names it", "networks", "Network=n.network:alias=x", {"n.network": "[Network]\nNetworkName=y\n"}, (Network("y", ("x",)),)),
    ("another container's network", "network_mode", "Network=o.container", {"o.container": "[Container]\nContainerName=z\n"}, "container:z"),
    ("the same without a name", "network_mode", "Network=o.container", {"o.container": "[Container]\n"}, "container:systemd-o"),
    ("a pod decides its containers' network", "network_mode", "Pod=p.pod", {"p.pod": "[Pod]\n"}, UNKNOWN),
    ("a drop-in adds", "cap_add", "AddCapability=CHOWN", {"web.container.d/a.conf": "[Container]\nAddCapability=KILL\n"}, ("CHOWN", "KILL")),
    ("a drop-in starts again", "cap_add", "AddCapability=CHOWN", {"web.container.d/a.conf": "[Container]\nAddCapability=\nAddCapability=KILL\n"}, ("KILL",)),
    ("drop-ins count in the order of their names", "hostname", "", {"web.container.d/b.conf": "[Container]\nHostName=b\n", "web.container.d/a.conf": "[Container]\nHostName=a\n"}, "b"),
    ("of equal names the more specific counts", "hostname", "", {"container.d/a.conf": "[Container]\nHostName=all\n", "web.container.d/a.conf": "[Container]\nHostName=own\n"}, "own"),
    ("a drop-in for all containers", "read_only", "", {"container.d/a.conf": "[Container]\nReadOnly=true\n"}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "lines", "files", "value"), [pytest.param(*row, id=sentence) for sentence, *row in OTHERS]
)
def test_other_units_count(name: str, lines: str, files: dict[str, str], value: object) -> None:
    assert field(name, lines + "\n", files=files) == value


def test_drop_ins_of_a_shortened_name_and_of_a_template_count() -> None:
    files = {
        "a-.container.d/1.conf": "[Container]\nAddCapability=CHOWN\n",
        "a-b@.container.d/2.conf": "[Container]\nAddCapability=KILL\n",
    }
    assert field("cap_add", "", unit_name="a-b@c.container", files=files) == ("CHOWN", "KILL")


def test_a_template_has_no_name_before_it_is_started() -> None:
    assert field("name", "", "a@.container") is UNKNOWN
    assert field("name", "ContainerName=xy\n", "a@.container") == "xy"


def test_another_unit_gives_or_builds_the_image() -> None:
    document = unit("[Container]\nImage=x.image\n", files={"x.image": "[Image]\nImage=quay.io/a:1\n"})
    noun = subject_of(document).noun
    assert isinstance(noun, Container)
    assert (noun.image, noun.image_role) == ("quay.io/a:1", "run")
    document = unit("[Container]\nImage=x.build\n", files={"x.build": "[Build]\nImageTag=localhost/a\n"})
    noun = subject_of(document).noun
    assert isinstance(noun, Container)
    assert (noun.image, noun.image_role) == ("localhost/a", "built")


def test_a_pod_says_what_its_containers_share() -> None:
    noun = subject_of(unit("[Pod]\nPublishPort=80:80\nPodmanArgs=--infra=false --cpus=2\n", "x.pod")).noun
    assert isinstance(noun, Container)
    assert noun.ports == (Port("80", "80"),)
    assert noun.cpus == 2
    assert noun.mounts is UNSET
    assert noun.privileged is UNKNOWN
    assert noun.image is UNKNOWN


def test_a_command_whose_last_word_is_the_image_starts_at_its_first() -> None:
    text = "[Container]\nImage=x\nPodmanArgs=a b c\n"
    subject = subject_of(unit(text))
    assert isinstance(subject.noun, Container)
    assert subject.noun.command == ("b", "c", "--", "x")
    assert text[slice(subject.where["command",].start, subject.where["command",].end)] == "b"


def test_an_image_unit_names_an_image_and_a_kube_unit_its_network() -> None:
    noun = subject_of(unit("[Image]\nImage=quay.io/a:1\nTLSVerify=false\n", "x.image")).noun
    assert isinstance(noun, Container)
    assert (noun.image, noun.privileged, noun.read_only) == ("quay.io/a:1", UNKNOWN, UNKNOWN)
    noun = subject_of(unit("[Kube]\nYaml=x.yaml\nNetwork=host\n", "x.kube")).noun
    assert isinstance(noun, Container)
    assert (noun.network_mode, noun.image) == ("host", UNKNOWN)


def project_of(document: Document) -> Project:
    return next(subject.noun for subject in document.subjects if isinstance(subject.noun, Project))


def test_volumes_networks_and_builds_are_projects() -> None:
    (volume,) = project_of(unit("[Volume]\nDevice=/etc\nType=none\nOptions=bind\n", "x.volume")).volumes
    assert (volume.name, dict(volume.options)) == ("systemd-x", {"device": "/etc", "type": "none", "o": "bind"})
    (network,) = project_of(unit("[Network]\nInternal=true\nOptions=mtu=1\n", "x.network")).networks
    assert (network.name, network.internal, network.options) == ("systemd-x", True, (("mtu", "1"),))
    text = "[Build]\nImageTag=a\nFile=./F\nNetwork=host\nPodmanArgs=--build-arg TOKEN=x\nPodmanArgs=--build-arg=A=b\n"
    (service,) = project_of(unit(text, "x.build")).services
    assert service.build is not None
    assert (service.build.dockerfile, service.build.network) == ("./F", None)
    assert service.build.args == (("TOKEN", "x"), ("A", "b"))


def test_a_drop_in_by_itself_is_a_part_of_a_unit() -> None:
    document = unit("[Container]\nAddCapability=ALL\n", "/x/web.container.d/a.conf")
    assert not document.errors
    noun = subject_of(document).noun
    assert isinstance(noun, Container)
    assert (noun.cap_add, noun.read_only, noun.image) == (("ALL",), UNKNOWN, UNKNOWN)


def test_places_are_those_of_the_values_in_each_file() -> None:
    text = IMAGE + "PodmanArgs=--memory 1g --privileged\nAddCapability=CHOWN\nReadOnly=no\n"
    document = unit(text, files={"web.container.d/a.conf": "[Container]\nAddCapability=KILL\n"})
    subject = subject_of(document)
    places = {
        ("image",): "quay.io/a/b:1",
        ("memory",): "--memory 1g",
        ("privileged",): "--privileged",
        ("cap_add", 0): "CHOWN",
        ("cap_add", 1): "KILL",
        ("read_only",): "ReadOnly=no",
    }
    for at, words in places.items():
        place = subject.where[at]
        assert document.sources[place.file].excerpt(place) == words


FAULTS = [
    ("a key that Quadlet does not know", "Prvileged=true", 3, 'Quadlet refuses the unit: [Container] has no key "Prvileged"'),
    ("a line that is nothing", "hello", 3, "Quadlet refuses the unit: this is neither a key with a value, a section, nor a comment"),
    ("a capability that there is not", "AddCapability=FLY", 3, '"FLY" is not a capability'),
    ("a group without a user", "Group=1", 3, "Quadlet refuses the unit: Group is set without User"),
    ("a pod that is none", "Pod=x", 3, "Quadlet refuses the unit: x is not the name of a .pod unit"),
    ("an escape that systemd does not know", "PodmanArgs=\\q", 3, 'PodmanArgs: "\\q" is not an escape'),
    ("an option that Podman does not have", "PodmanArgs=--fly", 3, "unknown option: --fly"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "line", "message"), [pytest.param(*row, id=sentence) for sentence, *row in FAULTS])
def test_a_fault_is_an_error_with_its_place(lines: str, line: int, message: str) -> None:
    document = unit(IMAGE + lines + "\n")
    (error,) = document.errors
    assert message in error.message
    assert error.location.line == line
    assert isinstance(subject_of(document).noun, Container)


def test_a_volume_of_a_unit_in_another_directory_is_unresolved() -> None:
    document = unit(f"{IMAGE}Volume=d.volume:/b\n")
    assert document.errors == ()
    assert "mounts" in subject_of(document).unresolved


@pytest.mark.parametrize(
    ("line", "mode", "names"),
    [
        pytest.param("Network=d.network", UNSET, ["systemd-d"], id="a network"),
        pytest.param("Network=d.container", "container:systemd-d", [], id="that of another container"),
    ],
)
def test_a_network_of_a_unit_in_another_directory_is_none_of_the_engine(
    line: str, mode: object, names: list[str]
) -> None:
    subject = subject_of(unit(f"{IMAGE}{line}\n"))
    assert isinstance(subject.noun, Container)
    assert subject.noun.network_mode == mode
    assert [network.name for network in given(subject.noun.networks, ())] == names
    assert set(subject.unresolved) == {"name"}


@pytest.mark.parametrize(("text", "message"), [("[Container]\n", "it has neither Image nor Rootfs"), ("Image=a\n[Container]\nImage=a\n", "before the first section")])  # fmt: skip
def test_a_unit_without_what_it_needs_is_an_error(text: str, message: str) -> None:
    assert message in unit(text).errors[0].message


def test_run_lines_of_a_unit_are_read_too() -> None:
    document = unit(IMAGE + "[Service]\nExecStartPre=/usr/bin/podman run --rm --privileged quay.io/c:1\n")
    nouns = [subject.noun for subject in document.subjects if isinstance(subject.noun, Container)]
    assert [noun.privileged for noun in nouns] == [UNSET, True]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'a b'\"c d\"e", ["a bc de"]),
        ("a\\x41\\u00e9\\101\\s", ["aA\u00e9A "]),
        ("'a", ["a"]),
        ("a '' b", ["a"]),
        ("", []),
    ],
)
def test_a_value_is_split_as_systemd_splits_it(value: str, words: list[str]) -> None:
    (entry,) = parse(f"[S]\nK={value}\n").entries
    assert [word.text for word in split_words(entry, escapes=True)] == words


def test_units_are_recognised_by_their_name_and_section() -> None:
    for ending in ("container", "pod", "kube", "image", "build", "volume", "network"):
        assert formats.recognize(f"a/x.{ending}", f"[Unit]\n[{ending.title()}]\n").kind == "quadlet"
        assert formats.recognize(f"a/x.{ending}.d/1.conf", f"[{ending.title()}]\n").kind == "quadlet"
    assert formats.recognize("a/container.d/1.conf", "[Container]\n").kind == "quadlet"
    assert formats.recognize("a/x.container", "any data\n").kind is None
    assert formats.recognize("a/x.conf", "[Container]\n").kind is None


def test_a_text_that_is_too_long_is_an_error() -> None:
    (error,) = unit("[Container]\n" + "#" * 1_000_000).errors
    assert "larger than 1000000 characters" in error.message


@pytest.mark.parametrize(
    ("files", "has_secrets"),
    [
        pytest.param({"a.env": "API_TOKEN=kV9-tqz2LmWxPq81\n"}, True, id="a secret"),
        pytest.param({"a.env": "# API_TOKEN=kV9-tqz2LmWxPq81\nLOG_LEVEL=debug\nAPI_TOKEN=\n"}, False, id="none"),
        pytest.param({}, None, id="not read"),
    ],
)
def test_whether_an_environment_file_holds_secrets_is_read(files: dict[str, str], has_secrets: bool | None) -> None:  # noqa: FBT001  a table's column
    document = read(Source("a.container", f"{IMAGE}EnvironmentFile=a.env\n"), UnitFiles(files))
    (project,) = [subject.noun for subject in document.subjects if isinstance(subject.noun, Project)]
    assert [file.has_secrets for file in project.files] == [has_secrets]


@pytest.mark.parametrize(
    ("lines", "content"),
    [
        pytest.param("Creds=joe:kV9-tqz2LmWx\n", "password=kV9-tqz2LmWx", id="a password"),
        pytest.param('Creds="joe:kV9:tqz2"\n', "password=kV9:tqz2", id="in quotes, with a colon"),
        pytest.param("Creds=joe\n", None, id="a user only"),
        pytest.param("Creds=joe:a\nCreds=\n", None, id="taken back"),
    ],
)
def test_the_password_of_an_image_unit_is_a_setting(lines: str, content: str | None) -> None:
    document = unit(f"[Image]\nImage=quay.io/a:1\n{lines}", "x.image")
    settings = [subject for subject in document.subjects if subject.name == "settings"]
    assert [secret.content for each in settings if isinstance(each.noun, Project) for secret in each.noun.secrets] == (
        [content] if content else []
    )
    assert all("joe" in document.source.excerpt(each.place(())) for each in settings)

"""An edited run line reads back as the change, keeps its style, and a second edit changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.runargs.writer import FALSE_BY_DEFAULT
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET
from sealock.model.change import Add, Edit, FieldChange, On, Remove, Set, Swap, changed
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
from sealock.model.location import Source
from support.draws import draws


def read(text: str, name: str = "") -> Document:
    return formats.read("run", Source(name, text))


def line_of(document: Document, index: int = 0) -> tuple[Subject, Container]:
    containers = [(subject, subject.noun) for subject in document.subjects if isinstance(subject.noun, Container)]
    return containers[index]


def fix(text: str, *changes: FieldChange, name: str = "", index: int = 0) -> str:
    document = read(text, name)
    subject, _ = line_of(document, index)
    return apply_edits(text, [edit for change in changes for edit in formats.edits(document, subject, change)])


VECTORS = [
    # Flags
    ("docker run --privileged alpine", Set("privileged", False), "docker run alpine"),
    ("docker run --privileged=true alpine", Set("privileged", UNSET), "docker run alpine"),
    ("docker run alpine", Set("read_only", True), "docker run --read-only alpine"),
    ("docker run --read-only=false alpine", Set("read_only", True), "docker run --read-only alpine"),
    ("docker run -itP alpine", Set("publish_all", False), "docker run -it alpine"),
    ("docker run -P alpine", Set("publish_all", UNSET), "docker run alpine"),
    ("docker run -Pit alpine", Set("publish_all", False), "docker run -it alpine"),
    ("docker run -tP=true alpine", Set("publish_all", False), "docker run -t alpine"),
    ("docker run -tP=false alpine", Set("tty", UNSET), "docker run -P=false alpine"),
    ("docker run -t=true alpine", Set("tty", UNSET), "docker run alpine"),
    ("docker run -uroot alpine", Set("user", UNSET), "docker run alpine"),
    ("docker run -tPuroot alpine", Set("tty", UNSET), "docker run -Puroot alpine"),
    ("docker run -tPu root alpine", Set("publish_all", UNSET), "docker run -tu root alpine"),
    ("docker run -ite A=1 -e B=1 alpine", Set("environment", UNSET), "docker run -it alpine"),
    ("docker run --init alpine", Set("init", False), "docker run --init=false alpine"),
    ("docker run -t=false alpine", Set("tty", True), "docker run --tty alpine"),
    ("docker run --disable-content-trust alpine", Set("content_trust", True), "docker run --disable-content-trust=false alpine"),
    ("docker run --privileged $OPTS alpine", Set("privileged", False), "docker run --privileged=false $OPTS alpine"),
    # One value
    ("docker run alpine", Set("user", "1000:1000"), "docker run --user 1000:1000 alpine"),
    ("docker run -u root alpine id", Set("user", "1000"), "docker run -u 1000 alpine id"),
    ("docker run -uroot alpine", Set("user", "1000"), "docker run -u1000 alpine"),
    ("docker run -u=root alpine", Set("user", "1000"), "docker run -u=1000 alpine"),
    ("docker run --user=root alpine", Set("user", "1000"), "docker run --user=1000 alpine"),
    ("docker run --user='root' alpine", Set("user", "1000"), "docker run --user='1000' alpine"),
    ('docker run "--user=root" alpine', Set("user", "1000"), 'docker run "--user=1000" alpine'),
    ("docker run -itu root alpine", Set("user", UNSET), "docker run -it alpine"),
    ("docker run -ituroot alpine", Set("user", UNSET), "docker run -it alpine"),
    ("docker run --user root --user 0 alpine", Set("user", UNSET), "docker run alpine"),
    ("docker run --name=web alpine", Set("memory", 512 << 20), "docker run --memory=512m --name=web alpine"),
    ("docker run --name web alpine", Set("memory", 1 << 30), "docker run --memory 1g --name web alpine"),
    ("docker run alpine", Set("cpus", 1.5), "docker run --cpus 1.5 alpine"),
    ("docker run alpine", Set("pids_limit", 100), "docker run --pids-limit 100 alpine"),
    ("docker run --restart always alpine", Set("restart", Restart("on-failure", 5)), "docker run --restart on-failure:5 alpine"),
    ("docker run --pid=host alpine", Set("pid", UNSET), "docker run alpine"),
    ("docker run --userns host alpine", Set("userns", UNSET), "docker run alpine"),
    ("docker run --runtime crun alpine", Set("runtime", UNSET), "docker run alpine"),
    ("docker run alpine", Set("working_dir", "/my dir"), "docker run --workdir '/my dir' alpine"),
    ("docker run alpine", Set("entrypoint", ("sh",)), "docker run --entrypoint sh alpine"),
    ("docker run alpine", Set("entrypoint", ()), "docker run --entrypoint '' alpine"),
    # Image and command
    ("docker run --rm alpine id", Set("image", "alpine:3.20"), "docker run --rm alpine:3.20 id"),
    ('docker run "alpine" id', Set("image", "alpine:3.20"), 'docker run "alpine:3.20" id'),
    ("docker run alpine sh -c 'a b'", Set("command", ("sleep", "1 s")), "docker run alpine sleep '1 s'"),
    ("docker run alpine id", Set("command", UNSET), "docker run alpine"),
    ("docker run alpine", Add("command", "id"), "docker run alpine id"),
    # Several values
    ("docker run --cap-add ALL alpine", Set("cap_add", UNSET), "docker run alpine"),
    ("docker run --cap-add SYS_ADMIN --cap-add NET_RAW alpine", Remove("cap_add", "SYS_ADMIN"), "docker run --cap-add NET_RAW alpine"),
    ("docker run alpine", Add("cap_drop", "ALL"), "docker run --cap-drop ALL alpine"),
    ("docker run --cap-drop=MKNOD alpine", Add("cap_drop", "NET_RAW"), "docker run --cap-drop=MKNOD --cap-drop=NET_RAW alpine"),
    ("docker run --cap-drop ALL alpine", Add("cap_drop", "ALL"), "docker run --cap-drop ALL alpine"),
    ("podman run --cap-add=SYS_ADMIN,NET_RAW alpine", Remove("cap_add", "SYS_ADMIN"), "podman run --cap-add=NET_RAW alpine"),
    ("docker run -p 80:80 nginx", Swap("ports", Port("80", "80"), Port("80", "80", "127.0.0.1")), "docker run -p 127.0.0.1:80:80 nginx"),
    ('docker run -p "${P}:80" nginx', Swap("ports", Port("80", "${P}"), Port("80", "${P}", "127.0.0.1")), 'docker run -p "127.0.0.1:${P}:80" nginx'),
    ("docker run -p ${P:-80}:80/udp nginx", Swap("ports", Port("80", "${P:-80}", None, "udp"), Port("80", "${P:-80}", "127.0.0.1", "udp")), "docker run -p 127.0.0.1:${P:-80}:80/udp nginx"),
    ("docker run -p80:80 nginx", Swap("ports", Port("80", "80"), Port("80", "80", "127.0.0.1")), "docker run -p127.0.0.1:80:80 nginx"),
    ("docker run -itp 80:80 nginx", Swap("ports", Port("80", "80"), Port("80", "80", "::1")), "docker run -itp '[::1]:80:80' nginx"),
    ("docker run -p 80:80 -p 81:81 nginx", Remove("ports", Port("80", "80")), "docker run -p 81:81 nginx"),
    ("docker run -p 80:80 nginx", Add("ports", Port("81", "81")), "docker run -p 80:80 -p 81:81 nginx"),
    ("docker run -e A=1 -e B=2 nginx", Remove("environment", Variable("A", "1")), "docker run -e B=2 nginx"),
    ("docker run -e A=1 nginx", Swap("environment", Variable("A", "1"), Variable("A", None)), "docker run -e A nginx"),
    ("docker run -e 'A=x y' nginx", Swap("environment", Variable("A", "x y"), Variable("A", "it's")), "docker run -e 'A=it'\\''s' nginx"),
    ("docker run nginx", Add("environment", Variable("A", "$x")), "docker run --env 'A=$x' nginx"),
    ("docker run --device=/dev/sda nginx", Set("devices", UNSET), "docker run nginx"),
    ("docker run --sysctl net.a=1 nginx", Remove("sysctls", Sysctl("net.a", "1")), "docker run nginx"),
    ("docker run nginx", Add("ulimits", Ulimit("nofile", 1024, 2048)), "docker run --ulimit nofile=1024:2048 nginx"),
    # Security options
    ("docker run alpine", Set("no_new_privileges", True), "docker run --security-opt no-new-privileges alpine"),
    ("docker run --security-opt no-new-privileges=false alpine", Set("no_new_privileges", True), "docker run --security-opt no-new-privileges alpine"),
    ("docker run --security-opt seccomp=unconfined alpine", Set("seccomp", UNSET), "docker run alpine"),
    ("docker run --security-opt systempaths=unconfined alpine", Set("unconfined_paths", False), "docker run alpine"),
    ("docker run --security-opt=label=disable alpine", Set("selinux", UNSET), "docker run alpine"),
    # Mounts
    ("docker run -v /a:/b alpine", Swap("mounts", Mount("bind", "/a", "/b"), Mount("bind", "/a", "/b", read_only=True)), "docker run -v /a:/b:ro alpine"),
    ("docker run -v/a:/b alpine", Swap("mounts", Mount("bind", "/a", "/b"), Mount("bind", "/a", "/b", read_only=True)), "docker run -v/a:/b:ro alpine"),
    ('docker run -v "$PWD/a:/b" alpine', Swap("mounts", Mount("bind", "$PWD/a", "/b"), Mount("bind", "$PWD/a", "/b", read_only=True)), 'docker run -v "$PWD/a:/b:ro" alpine'),
    ("docker run -v ~/a:/b alpine", Swap("mounts", Mount("bind", "~/a", "/b"), Mount("bind", "~/a", "/b", read_only=True)), "docker run -v ~/a:/b:ro alpine"),
    ("docker run -v $(pwd):/b alpine", Swap("mounts", Mount("bind", "$(pwd)", "/b"), Mount("bind", "$(pwd)", "/b", read_only=True)), "docker run -v $(pwd):/b:ro alpine"),
    ("docker run -v /var/run/docker.sock:/var/run/docker.sock alpine", Remove("mounts", Mount("bind", "/var/run/docker.sock", "/var/run/docker.sock")), "docker run alpine"),
    ("docker run -v /a:/b:rshared alpine", Swap("mounts", Mount("bind", "/a", "/b", propagation="rshared"), Mount("bind", "/a", "/b")), "docker run -v /a:/b alpine"),
    ("docker run --mount type=bind,src=/a,dst=/b alpine", Swap("mounts", Mount("bind", "/a", "/b"), Mount("bind", "/a", "/b", read_only=True)), "docker run --mount type=bind,source=/a,target=/b,readonly alpine"),
    ("docker run --tmpfs /t:exec alpine", Swap("mounts", Mount("tmpfs", None, "/t", options=("exec",)), Mount("tmpfs", None, "/t")), "docker run --tmpfs /t alpine"),
    ("docker run alpine", Add("mounts", Mount("tmpfs", None, "/tmp", options=("noexec", "size=64m"))), "docker run --tmpfs /tmp:noexec,size=64m alpine"),
    ("docker run -v /a:/b alpine", Swap("mounts", Mount("bind", "/a", "/b"), Mount("tmpfs", None, "/b")), "docker run --tmpfs /b alpine"),
    ("docker run -itv /a:/b alpine", Swap("mounts", Mount("bind", "/a", "/b"), Mount("tmpfs", None, "/b")), "docker run -it --tmpfs /b alpine"),
    # Fields of several options
    ("docker run --health-cmd x --health-retries 2 alpine", Set("health", UNSET), "docker run alpine"),
    ("docker run --no-healthcheck alpine", Set("health", UNSET), "docker run alpine"),
    ("docker run --no-healthcheck alpine", Set("health", Health(test=("CMD-SHELL", "true"))), "docker run --health-cmd true alpine"),
    ("docker run alpine", Set("health", Health(test=("CMD-SHELL", "a b"), interval=90.0)), "docker run --health-cmd 'a b' --health-interval 90s alpine"),
    ("docker run --log-driver none alpine", Set("logging", UNSET), "docker run alpine"),
    ("docker run --log-driver local alpine", Set("logging", Logging("local", (("max-size", "10m"),))), "docker run --log-opt max-size=10m --log-driver local alpine"),
    ("docker run --network host alpine", Set("network_mode", UNSET), "docker run alpine"),
    ("docker run --net=host alpine", Set("network_mode", "none"), "docker run --net=none alpine"),
    # Unknown to the option table, or quoted by the author
    ("docker container create --privileged alpine", Set("privileged", False), "docker container create alpine"),
    ("docker run -- alpine", Set("read_only", True), "docker run --read-only -- alpine"),
    ("sudo docker -H x run alpine", Set("read_only", True), "sudo docker -H x run --read-only alpine"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "change", "after"), VECTORS)
def test_a_change_edits_the_line_and_a_second_time_nothing(before: str, change: FieldChange, after: str) -> None:
    assert fix(before, change) == after
    assert fix(after, change) == after


CONTINUED = """\
#!/bin/sh
docker run -d \\
    --name web \\
    -p 80:80 \\
    --privileged \\
    nginx:1 \\
    nginx -g 'daemon off;'
echo done
"""


@pytest.mark.parametrize(
    ("changes", "gone", "there"),
    [
        ([Set("privileged", False)], "    --privileged \\\n", ""),
        ([Set("read_only", True)], "", "    --read-only \\\n    --name web"),
        ([Set("name", UNSET)], "    --name web \\\n", ""),
        ([Add("ports", Port("81", "81"))], "", "    -p 80:80 \\\n    -p 81:81 \\\n    --privileged"),
        ([Set("image", "nginx:2")], "nginx:1", "    nginx:2 \\\n"),
        (
            [Set("ports", UNSET), Set("privileged", False), Set("user", "5")],
            "    -p 80:80 \\\n    --privileged \\\n",
            "    --user 5 \\\n",
        ),
    ],
)
def test_a_continued_line_stays_one(changes: list[FieldChange], gone: str, there: str) -> None:
    after = fix(CONTINUED, *changes)
    if gone:
        assert gone in CONTINUED
        assert gone not in after
    assert there in after
    assert after.startswith("#!/bin/sh\ndocker run -d \\\n    ")
    assert after.endswith("    nginx -g 'daemon off;'\necho done\n")
    assert "\\\n\n" not in after
    expected = line_of(read(CONTINUED))[1]
    for change in changes:
        expected = changed(expected, change)
    assert settled(line_of(read(after))[1]) == settled(expected)


NETWORKED = """\
set -e
start() {
  sudo docker run -d --name db postgres
  sudo docker run -d \\
    --link db \\
    web
}
"""


JOINED = """\
set -e
start() {
  sudo docker network inspect app >/dev/null 2>&1 || sudo docker network create app
  sudo docker run --network app -d --name db postgres
  sudo docker run -d \\
    --network app \\
    web
}
"""


def test_a_missing_network_is_created_before_the_first_line_that_joins_it() -> None:
    document = read(NETWORKED)
    (db, _), (web, _) = line_of(document, 0), line_of(document, 1)
    join = Add("networks", Network("app"))
    changes: list[tuple[Subject, FieldChange]] = [(db, join), (web, join), (web, Set("links", UNSET))]
    after = apply_edits(
        NETWORKED, [edit for subject, change in changes for edit in formats.edits(document, subject, change)]
    )
    assert after == JOINED
    again = read(after)
    assert not formats.edits(again, line_of(again, 1)[0], Add("networks", Network("app")))


@pytest.mark.parametrize("name", ["README.md", "ci.yml", "Makefile", "web.service"])
def test_a_network_is_created_only_in_shell_scripts(name: str) -> None:
    document = read("docker run --link db web", "x.sh")
    elsewhere = Document("run", {"": Source(name, document.source.text)}, document.subjects)
    with pytest.raises(FormatError, match=r"docker network create app|no run line"):
        formats.edits(elsewhere, document.subjects[0], Add("networks", Network("app")))


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("docker network create app\ndocker run web", Add("networks", Network("app"))),
        ("docker run --network app web", Add("networks", Network("app"))),
    ],
)
def test_an_existing_network_is_not_created(line: str, change: FieldChange) -> None:
    assert fix(line, change).count("network create") == line.count("network create")


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("docker run --user $U alpine", Set("user", "5")),
        ('docker run --user "$(id -u)" alpine', Set("user", "5")),
        ("docker run $IMAGE", Set("image", "alpine")),
        ("docker run alpine:$TAG", Set("image", "alpine:3")),
        ("docker run alpine $X", Set("command", ("a",))),
        ("docker run -v $D:/x alpine", Swap("mounts", Mount("bind", "$D", "/x"), Mount("volume", "d", "/x"))),
        ("docker run -p $P alpine", Swap("ports", Port("$P"), Port("$P", None, "127.0.0.1"))),
        ("docker run alpine", Set("secrets", ("a",))),
        ("docker run alpine", Set("history", ("a",))),
        ("docker run alpine", Set("image", UNSET)),
        ("docker run alpine", Set("entrypoint", ("a", "b"))),
        ("docker run alpine", Set("health", Health(test=("CMD", "a", "b")))),
        ("docker run alpine", Set("memory", "much")),
        ("docker run alpine", Add("cap_add", "NOT_ONE")),
        ("docker run alpine", Add("privileged", True)),
        ("docker run alpine", Set("nonsense", True)),
    ],
)  # fmt: skip
def test_a_change_that_no_option_expresses_is_refused(line: str, change: FieldChange) -> None:
    with pytest.raises(FormatError):
        fix(line, change)


SHARED = """\
ARGS=(
  --privileged
  --cap-drop MKNOD
)
OPTS='--cap-add ALL -d'
MEM=512m
docker run $OPTS "${ARGS[@]}" -m $MEM -e "A=$MEM" nginx:1
"""


@pytest.mark.parametrize(
    "change",
    [
        Set("privileged", False),
        Set("cap_add", UNSET),
        Set("memory", 1 << 30),
        Swap("environment", Variable("A", "512m"), Variable("A", None)),
    ],
)
def test_values_of_variables_and_arrays_are_not_changed(change: FieldChange) -> None:
    with pytest.raises(FormatError, match="comes from a variable or an array"):
        fix(SHARED, change)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Set("read_only", True), 'docker run --read-only $OPTS "${ARGS[@]}" -m $MEM -e "A=$MEM" nginx:1'),
        (Add("cap_drop", "NET_RAW"), 'docker run --cap-drop NET_RAW $OPTS "${ARGS[@]}" -m $MEM -e "A=$MEM" nginx:1'),
        (Add("cap_add", "CHOWN"), 'docker run $OPTS --cap-add CHOWN "${ARGS[@]}" -m $MEM -e "A=$MEM" nginx:1'),
        (Set("image", "nginx:2"), 'docker run $OPTS "${ARGS[@]}" -m $MEM -e "A=$MEM" nginx:2'),
    ],
)
def test_new_options_are_written_in_the_line_and_not_in_the_array(change: FieldChange, line: str) -> None:
    head, _, _ = SHARED.rpartition("docker run")
    assert fix(SHARED, change) == f"{head}{line}\n"


A, READ_ONLY = Variable("A", "a b%$"), Mount("bind", "$PWD", "/x", read_only=True)
OTHER_FILES = [
    ("Makefile", "a:\n\tdocker run x\n", Add("environment", A), "a:\n\tdocker run --env 'A=a b%$$' x\n"),
    ("Makefile", "a:\n\t@docker run \\\n\t\t-i \\\n\t\t--init x\n", Set("stdin_open", False), "a:\n\t@docker run \\\n\t\t--init x\n"),
    ("a.mk", "a:\n\tdocker run -v $$PWD:/x x\n", Swap("mounts", Mount("bind", "$PWD", "/x"), READ_ONLY), "a:\n\tdocker run -v $$PWD:/x:ro x\n"),
    ("x.service", "[Service]\nExecStart=/usr/bin/docker run x\n", Add("environment", A), '[Service]\nExecStart=/usr/bin/docker run --env "A=a b%%$$" x\n'),
    ("x.service", "[Service]\nExecStart=/usr/bin/docker run \\\n  --privileged \\\n  x\n", Set("privileged", False), "[Service]\nExecStart=/usr/bin/docker run \\\n  x\n"),
    ("README.md", "```sh\n$ docker run -d \\\n    -p 80:80 x\n```\n", Set("read_only", True), "```sh\n$ docker run -d \\\n    --read-only \\\n    -p 80:80 x\n```\n"),
    ("ci.yml", "jobs:\n  a:\n    steps:\n      - run: docker run --privileged x\n", Set("privileged", False), "jobs:\n  a:\n    steps:\n      - run: docker run x\n"),
    ("x.sh", 'sh -c "docker run -i x"\n', Add("environment", Variable("A", "a b")), "sh -c \"docker run --env 'A=a b' -i x\"\n"),
    ("x.sh", "x=$(docker run -q x)\n", Set("read_only", True), "x=$(docker run --read-only -q x)\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "change", "after"), OTHER_FILES)
def test_other_files_keep_their_quoting_rules(name: str, before: str, change: FieldChange, after: str) -> None:
    assert fix(before, change, name=name) == after
    assert fix(after, change, name=name) == after


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ci.yml", "jobs:\n  a:\n    steps:\n      - run: 'docker run x'\n", "a b"),
        ("ci.yml", "jobs:\n  a:\n    steps:\n      - run: docker run x\n", "a: b #c"),
        ("x.sh", "sh -c 'docker run x'\n", "a b"),
    ],
)
def test_a_line_inside_other_quotes_is_not_broken(name: str, text: str, value: str) -> None:
    with pytest.raises(FormatError, match="does not allow this change"):
        fix(text, Add("environment", Variable("A", value)), name=name)


@pytest.mark.untraced
@pytest.mark.parametrize(
    "change",
    [
        Set("environment", UNSET),
        Set("environment", (Variable("B", "1"),)),
        Remove("environment", Variable("A", "7")),
        Set("read_only", True),
    ],
)
def test_a_long_line_is_changed_in_good_time(change: FieldChange) -> None:
    text = "docker run " + " ".join(f"-e A={number}" for number in range(10_000)) + " alpine\n"
    assert len(fix(text, change)) != len(text)


def test_an_edit_is_passed_through_and_a_change_may_name_another_line() -> None:
    text = "docker run --name a x\ndocker run --name b --privileged y\n"
    document = read(text)
    subject, _ = line_of(document)
    edits = formats.edits(document, subject, On("docker run b", Set("privileged", False)))
    assert apply_edits(text, edits) == "docker run --name a x\ndocker run --name b y\n"
    assert formats.edits(document, subject, edits[0]) == (edits[0],)
    assert isinstance(edits[0], Edit)
    with pytest.raises(FormatError, match="no run line"):
        formats.edits(document, subject, On("docker run c", Set("privileged", False)))


OPTIONS = [
    "-d", "-it", "-itP", "--rm", "--privileged", "--read-only=true", "--init", "--name web", "--name=web", "-p 80:80",
    "-p81:81", "--publish=127.0.0.1:82:82/udp", "-itp 83:83", "-v /a:/b", "-v data:/d:ro", "--volume=/anon",
    "--mount type=tmpfs,dst=/e", "--tmpfs /t:size=5m", '-v "$PWD/x:/y"', "-v ~/z:/z", "-e A=1", "-eB=2", "--env 'C=x y'",
    '-e "D=$HOME"', "--cap-add SYS_ADMIN", "--cap-add=net_raw", "--cap-drop ALL", "--security-opt no-new-privileges",
    "--security-opt=seccomp=unconfined", "--security-opt label=disable", "-u root", "-uroot", "--user=0", "-m 512m",
    "--memory=1g", "--cpus .5", "--restart=always", "--restart on-failure:3", "--network host", "--net=app",
    "--network name=app2,alias=q", "--network-alias w", "--link db:db", "--health-cmd 'a b'", "--health-interval=5s",
    "--no-healthcheck", "--log-driver local", "--log-opt max-size=5m", "--ulimit nofile=5", "--device /dev/fuse",
    "--pid=host", "--ipc host", "--label a=b", "-l c", "--sysctl net.x=1", "--dns 1.1.1.1", "--add-host a:1.2.3.4",
    "--entrypoint sh", "-w /srv", "--gpus all", "--expose 80", "--volumes-from x", "-h host", "--cidfile /c", "--umask 027", "-a stdout",
]  # fmt: skip
WORDS = st.text(alphabet="ab0 $'\"\\`*!#~é=,:;&|<>()[]{}%\n", max_size=6)
NAMES = st.from_regex(r"[a-z][a-z0-9]{1,5}", fullmatch=True)
PATHS = st.from_regex(r"/[a-z ,']{1,4}", fullmatch=True)
NUMBERS = st.integers(0, 1 << 33)
MOUNTS = st.one_of(
    st.builds(Mount, st.just("bind"), PATHS, PATHS, st.booleans(), st.sampled_from([None, "rshared", "private"])),
    st.builds(Mount, st.just("volume"), NAMES, PATHS, st.booleans(), options=st.sampled_from([(), ("nocopy",)])),
    st.builds(Mount, st.just("volume"), st.none(), PATHS.filter(lambda path: ":" not in path)),
    st.builds(
        Mount,
        st.just("tmpfs"),
        st.none(),
        NAMES.map("/{}".format),
        st.booleans(),
        options=st.sampled_from([(), ("noexec", "size=1m")]),
    ),
)
TIMES = st.none() | st.integers(1, 10**7).map(lambda number: number / 1000)
LISTS: dict[str, st.SearchStrategy[Any]] = {
    "environment": st.builds(Variable, NAMES, st.none() | WORDS),
    "labels": st.builds(Label, NAMES, WORDS),
    "annotations": st.builds(Label, NAMES, WORDS),
    "env_files": PATHS,
    "groups": NAMES,
    "cap_add": st.sampled_from(["ALL", "SYS_ADMIN", "NET_RAW", "CHOWN"]),
    "cap_drop": st.sampled_from(["ALL", "SYS_ADMIN", "NET_RAW", "CHOWN"]),
    "selinux": st.sampled_from(["disable", "type:a_t"]),
    "devices": st.builds(
        Device, NAMES.map("/dev/{}".format), NAMES.map("/dev/{}".format), st.sampled_from(["r", "rwm"])
    ),
    "device_rules": st.sampled_from(["c 1:3 rwm", "a *:* rwm"]),
    "sysctls": st.builds(Sysctl, NAMES.map("net.{}".format), WORDS),
    "mounts": MOUNTS,
    "volumes_from": NAMES,
    "networks": st.builds(Network, NAMES, st.lists(NAMES, max_size=2).map(tuple)),
    "links": st.builds(Link, NAMES, NAMES),
    "ports": st.builds(
        Port,
        st.integers(1, 65535).map(str),
        st.none() | st.integers(1, 65535).map(str),
        st.sampled_from([None, "127.0.0.1", "::1"]),
        st.sampled_from(["tcp", "udp"]),
    ),
    "expose": st.sampled_from(["80/tcp", "53/udp", "1-5/tcp"]),
    "dns": st.sampled_from(["1.1.1.1", "::1"]),
    "dns_search": NAMES,
    "dns_options": NAMES,
    "extra_hosts": NAMES.map("{}:10.0.0.1".format),
    "ulimits": st.builds(Ulimit, st.sampled_from(["nofile", "core"]), st.integers(0, 9), st.integers(9, 99)),
    "storage_options": NAMES.map("size={}".format),
    "command": WORDS,
}
SINGLE: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        ("name", "platform", "working_dir", "stop_signal", "runtime", "user", "seccomp", "apparmor", "volume_driver", "userns"),
        NAMES,
    ),
    **dict.fromkeys(("cgroup_parent", "hostname", "domainname", "cpuset_cpus", "cpuset_mems"), WORDS.filter(bool)),
    **dict.fromkeys(("memory", "memory_reservation", "memory_swap", "shm_size"), NUMBERS),
    **dict.fromkeys(
        ("memory_swappiness", "cpu_shares", "cpu_quota", "cpu_period", "cpu_rt_runtime", "cpu_rt_period", "pids_limit"),
        st.integers(-1, 10**6),
    ),
    **dict.fromkeys(("oom_score_adj", "stop_timeout"), st.integers(-1000, 1000)),
    **dict.fromkeys(("init", "content_trust", "no_new_privileges", *FALSE_BY_DEFAULT), st.booleans()),
    "blkio_weight": st.integers(0, 1000),
    "cpus": st.integers(0, 10**4).map(lambda number: number / 100),
    "pull": st.sampled_from(["always", "never"]),
    "image": NAMES,
    "entrypoint": st.just(()) | WORDS.filter(bool).map(lambda word: (word,)),
    "pid": st.sampled_from(["host", "container:x"]),
    "ipc": st.sampled_from(["host", "none", "shareable"]),
    "uts": st.just("host"),
    "cgroupns": st.sampled_from(["host", "private"]),
    "network_mode": st.sampled_from(["host", "none", "bridge", "container:x"]),
    "mac_address": st.just("02:42:ac:11:00:02"),
    "gpus": st.sampled_from(["all", "2"]),
    "restart": st.builds(Restart, st.just("on-failure"), st.none() | st.integers(1, 9)) | st.just(Restart("always")),
    "health": st.builds(
        Health,
        st.just(False),
        st.just(()) | WORDS.filter(bool).map(lambda line: ("CMD-SHELL", line)),
        TIMES, TIMES, TIMES, TIMES,
        st.none() | st.integers(1, 9),
    ).filter(lambda health: health != Health()) | st.just(Health(disabled=True)),
    "logging": st.builds(
        Logging,
        st.sampled_from(["local", "json-file"]),
        st.lists(st.tuples(NAMES, WORDS), max_size=2).map(tuple),
    ),
}  # fmt: skip


def settled(noun: Container) -> dict[str, Any]:
    """What is false by default is as good as not there, and an empty list too."""
    values = {field: getattr(noun, field) for field in FIELDS}
    for field, value in values.items():
        if (field in FALSE_BY_DEFAULT and value is False) or (field in LISTS and value == ()):
            values[field] = UNSET
    return values


@st.composite
def changes(draw: st.DrawFn, noun: Container) -> FieldChange:
    field = draw(st.sampled_from(sorted({*SINGLE, *LISTS})))
    if field in SINGLE:
        return Set(field, draw(SINGLE[field] if field == "image" else st.just(UNSET) | SINGLE[field]))
    elements = getattr(noun, field) or ()
    element = draw(LISTS[field])
    kind = draw(
        st.sampled_from(["set", "add", "remove", "swap"] if elements and field != "command" else ["set", "add"])
    )
    match kind:
        case "add":
            return Add(field, element)
        case "remove":
            return Remove(field, draw(st.sampled_from(elements)))
        case "swap":
            return Swap(field, draw(st.sampled_from(elements)), element)
        case _:
            values = tuple(draw(st.lists(LISTS[field], max_size=3)))
            return Set(field, values or UNSET)


@draws(200)
@given(
    st.lists(st.sampled_from(OPTIONS), max_size=6),
    st.sampled_from([" ", " \\\n  ", " \\\n\t"]),
    st.sampled_from(["alpine", "alpine sh -c 'a b'", '"alpine:3"']),
    st.data(),
)
def test_edits_read_back_as_the_change(options: list[str], gap: str, tail: str, data: st.DataObject) -> None:
    text = "#!/bin/sh\n" + gap.join(["docker run", *options, tail]) + "\necho done\n"
    document = read(text)
    subject, noun = line_of(document)
    change = data.draw(changes(noun))
    try:
        edits = formats.edits(document, subject, change)
    except FormatError as refused:
        # Words with an expansion cannot be rewritten.
        assert "variable" in str(refused) or "resolved" in str(refused)  # noqa: PT017  what it says counts
        assert "$" in text or "~" in text
        return
    after = apply_edits(text, edits)
    again = read(after)
    subject, reread = line_of(again)
    assert settled(reread) == settled(changed(noun, change))
    assert after.endswith("\necho done\n")
    if not isinstance(change, Add | Swap) or change.field not in {"environment", "command"}:
        assert apply_edits(after, formats.edits(again, subject, change)) == after

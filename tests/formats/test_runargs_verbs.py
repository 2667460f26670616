"""Verbs other than `run` that say what a container gets: exec, update, build, service create and update."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.formats.runargs.verbs import VERBS
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.change import Set
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.model.project import Project


def read(text: str) -> Document:
    return formats.read("run", Source("up.sh", text))


@pytest.mark.parametrize(
    ("line", "name", "field", "expected"),
    [
        ("docker exec --privileged x sh", "docker exec x", "privileged", True),
        ("docker exec -it --privileged=true x sh", "docker exec x", "privileged", True),
        ("docker exec -e A=1 x sh -c 'b --privileged'", "docker exec x", "privileged", UNSET),
        ("docker exec -e A=1 x sh", "docker exec x", "cap_drop", UNKNOWN),
        ("docker exec -e A=1 x sh", "docker exec x", "image", UNSET),
        ("podman exec -it --privileged x sh", "podman exec x", "privileged", True),
        ("ssh h docker exec --privileged x sh", "docker exec x", "privileged", True),
        ("sudo docker container exec --privileged x sh", "docker exec x", "privileged", True),
        ("docker update --pids-limit -1 x y", "docker update x", "pids_limit", -1),
        ("docker update x --memory 1g", "docker update x", "memory", 1 << 30),
        ("docker container update -m 1g x", "docker update x", "memory", 1 << 30),
        ("docker update --cpus 2 x", "docker update x", "memory", UNKNOWN),
        ("docker build --network host .", "docker build .", "network_mode", "host"),
        ("docker build . --network=host", "docker build .", "network_mode", "host"),
        ("docker buildx build --allow security.insecure .", "docker build .", "privileged", True),
        ("docker buildx b --allow=network.host .", "docker build .", "network_mode", "host"),
        ("docker image build --security-opt seccomp=unconfined .", "docker build .", "seccomp", "unconfined"),
        ("podman build -v /:/h --cap-add ALL .", "podman build .", "cap_add", ("ALL",)),
        ("docker build --build-arg A=1 .", "docker build .", "cap_drop", UNKNOWN),
        ("docker service create --cap-add ALL x", "docker service create x", "cap_add", ("ALL",)),
        ("docker service create --limit-memory 1g x", "docker service create x", "memory", 1 << 30),
        ("docker service create --reserve-memory 1g x", "docker service create x", "memory_reservation", 1 << 30),
        ("docker service create --limit-pids 9 x", "docker service create x", "pids_limit", 9),
        ("docker service create --read-only x", "docker service create x", "read_only", True),
        ("docker service create x:1 id --privileged", "docker service create x:1", "command", ("id", "--privileged")),
        ("docker service create --name w x", "docker service create w", "image", "x"),
        ("docker service create x", "docker service create x", "memory", UNSET),
        ("docker service update --image x:2 w", "docker service update w", "image", "x:2"),
        ("docker service update --image=x:2 w", "docker service update w", "image", "x:2"),
        ("docker service update w --cap-add ALL", "docker service update w", "cap_add", ("ALL",)),
        ("docker service update w --cap-add ALL", "docker service update w", "command", UNKNOWN),
        ("docker service update --env-add A=1 w", "docker service update w", "memory", UNKNOWN),
    ],
)
def test_a_verb_says_what_a_container_gets(line: str, name: str, field: str, expected: object) -> None:
    document = read(line)
    subject = document.subjects[0]
    assert (subject.name, document.errors) == (name, ())
    assert getattr(subject.noun, field) == expected


@pytest.mark.parametrize(
    ("option", "port"),
    [
        ("8080:80", ("80", "8080", "tcp")),
        ("published=8080,target=80,mode=host", ("80", "8080", "tcp")),
        ("published=53,target=53,protocol=udp", ("53", "53", "udp")),
        ("target=80", ("80", None, "tcp")),
    ],
)
def test_the_ports_of_a_service(option: str, port: tuple[str, str | None, str]) -> None:
    for line in (f"docker service create -p {option} x", f"docker service update --publish-add {option} x"):
        noun = read(line).subjects[0].noun
        assert isinstance(noun, Container)
        assert isinstance(noun.ports, tuple)
        assert [(one.container, one.host, one.protocol) for one in noun.ports] == [port]


@pytest.mark.parametrize(("condition", "policy"), [("none", "no"), ("any", "always"), ("on-failure", "on-failure")])
def test_the_restart_condition_of_a_service(condition: str, policy: str) -> None:
    noun = read(f"docker service create --restart-condition {condition} x").subjects[0].noun
    assert isinstance(noun, Container)
    assert getattr(noun.restart, "policy", "") == policy


@pytest.mark.parametrize(
    "line",
    [
        "docker exec -it x sh -c 'ls -v /'",
        "docker exec x id",
        "docker build -t x .",
        "docker build --push $OPTIONS .",
        "docker build --option-of-tomorrow=1 .",
        "docker update x",
        "docker service update --force w",
        "docker service ls",
        "docker compose build --privileged",
        "echo docker service create --cap-add ALL x",
        "docker exec --help",
    ],
)
def test_a_command_that_says_nothing_of_a_container_is_none(line: str) -> None:
    assert read(line).subjects == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("docker exec --cap-add ALL x sh", "unknown option: --cap-add"),
        ("docker update --privileged x", "unknown option: --privileged"),
        ("docker service create --privileged x", "unknown option: --privileged"),
        ("docker service create -p 127.0.0.1:80:80 x", "has an address, and a service is published on all of them"),
        ("docker service create -p target=80,port=1 x", 'has the unknown key "port"'),
        ("docker service create -p published=80 x", "names no target port"),
        ("docker service create --restart-condition always x", "is none of none, on-failure, any"),
        ("docker service create --limit-memory 1g", "docker service create names no image"),
        ("docker service update --limit-memory 1z w", "--limit-memory"),
    ],
)
def test_what_the_client_refuses_is_an_error(line: str, message: str) -> None:
    assert message in " ".join(error.message for error in read(line).errors)


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("docker exec --privileged x sh", Set("privileged", False), "docker exec x sh"),
        ("docker exec -it --privileged=true x sh", Set("privileged", UNSET), "docker exec -it x sh"),
        ("docker update --pids-limit -1 x", Set("pids_limit", 500), "docker update --pids-limit 500 x"),
        ("docker build --allow security.insecure .", Set("privileged", False), "docker build ."),
        ("docker build --network host .", Set("network_mode", UNSET), "docker build ."),
        ("docker build --build-arg A=1 .", Set("environment", ()), "docker build ."),
        ("podman build -v /:/h .", Set("mounts", ()), "podman build ."),
        (
            "docker service create x",
            Set("memory", 512 << 20),
            "docker service create --limit-memory 512m x",
        ),
        ("docker service create x", Set("cap_drop", ("ALL",)), "docker service create --cap-drop ALL x"),
        ("docker service create --cap-add ALL x", Set("cap_add", ()), "docker service create x"),
        ("docker service update --cap-add ALL w", Set("cap_add", ()), "docker service update w"),
        ("docker service update --image x w", Set("image", "x:2"), "docker service update --image x:2 w"),
        ("docker service update --image=x w", Set("image", "x:2"), "docker service update --image=x:2 w"),
    ],
)
def test_a_fix_is_spelled_as_the_verb_has_it(before: str, change: Set, after: str) -> None:
    document = read(before)
    assert apply_edits(before, formats.edits(document, document.subjects[0], change)) == after


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"scripts": {"a": "docker exec --privileged x sh"}}'),
        ("README.md", "Run `docker exec --privileged x sh`."),
        ("Makefile", "a:\n\tdocker exec --privileged x sh\n"),
        (".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - run: docker exec --privileged x sh\n"),
        ("Jenkinsfile", 'sh "docker exec --privileged x sh"'),
    ],
)
def test_they_are_found_where_run_lines_are(name: str, text: str) -> None:
    (subject,) = formats.read("run", Source(name, text)).subjects
    assert getattr(subject.noun, "privileged", None) is True


def test_only_commands_that_make_containers_are_a_project() -> None:
    document = read("docker exec --privileged a sh\ndocker service create --name b x\ndocker run --name c x\n")
    (project,) = [subject.noun for subject in document.subjects if isinstance(subject.noun, Project)]
    assert [service.name for service in project.services] == ["b", "c"]


@pytest.mark.parametrize("verb", VERBS)
def test_each_option_that_reads_a_value_says_what_it_is_like(verb: str) -> None:
    table = VERBS[verb]
    assert table.bases.keys() <= table.options.keys()
    assert all(table.options[option.name] is option for option in table.short.values() if verb not in {"run", "create"})

"""Rules on projects, where the text alone does not say it all: files in the folder, who speaks to whom, what runs together."""

from __future__ import annotations

import pytest

from sealock.model.container import Container, Mount, Network, Port, Variable, container
from sealock.model.document import Document, Subject
from sealock.model.finding import Finding, Severity
from sealock.model.location import Source
from sealock.model.project import Project, ProjectFile, ProjectSecret, Service
from sealock.rules.catalog import rules
from sealock.rules.evaluation import Evaluation, evaluate
from support.documents import read


def evaluated(project: Project) -> Evaluation:
    document = Document("compose", {"": Source("compose.yaml", "")}, (Subject("project", project, {}),))
    return evaluate("test", document, {"project": rules("project")})


def findings(project: Project, rule: str) -> list[Finding]:
    return [finding for finding in evaluated(project).findings if finding.rule == rule]


SECRET = ProjectSecret("pw", file="pw.txt")
FACTS = [
    ("a secret in the repository that Git does not ignore",
     ProjectFile("pw.txt", exists=True, mode=0o600, ignored_by_git=False, in_repository=True), (SECRET,), {Severity.HIGH}),
    ("an env_file there counts less, since it may hold mere settings",
     ProjectFile("app.env", exists=True, mode=0o600, ignored_by_git=False, in_repository=True), (), {Severity.MEDIUM}),
    ("a secret that every user may read",
     ProjectFile("pw.txt", exists=True, mode=0o644, ignored_by_git=True, in_repository=True), (SECRET,), {Severity.MEDIUM}),
    ("an env_file that every user may read",
     ProjectFile(".env", exists=True, mode=0o644, ignored_by_git=True, in_repository=True), (), {Severity.LOW}),
    ("a file that every user may write",
     ProjectFile(".env", exists=True, mode=0o666, ignored_by_git=None, in_repository=False), (), {Severity.HIGH}),
    ("mode 577 is compared as bits: others may write nothing, and read",
     ProjectFile(".env", exists=True, mode=0o575, ignored_by_git=None, in_repository=False), (), {Severity.LOW}),
    ("both at once",
     ProjectFile("pw.txt", exists=True, mode=0o644, ignored_by_git=False, in_repository=True), (SECRET,),
     {Severity.HIGH, Severity.MEDIUM}),
    ("a file that is its owner's alone and ignored is sound",
     ProjectFile("pw.txt", exists=True, mode=0o600, ignored_by_git=True, in_repository=True), (SECRET,), set()),
    ("an example is no secret",
     ProjectFile(".env.example", exists=True, mode=0o644, ignored_by_git=False, in_repository=True), (), set()),
    ("a config is no secret",
     ProjectFile("nginx.conf", exists=True, mode=0o644, ignored_by_git=False, in_repository=True),
     (ProjectSecret("c", "config", file="nginx.conf"),), set()),
    ("a file that is not there gives nothing away",
     ProjectFile("pw.txt", exists=False, mode=None, ignored_by_git=None, in_repository=None), (SECRET,), set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "secrets", "severities"), [pytest.param(fact, secrets, bad, id=name) for name, fact, secrets, bad in FACTS]
)
def test_files_with_secrets_are_judged_by_what_the_folder_says(
    fact: ProjectFile, secrets: tuple[ProjectSecret, ...], severities: set[Severity]
) -> None:
    found = findings(Project("compose", files=(fact,), secrets=secrets), "P003")
    assert {one.severity for one in found} == severities


def test_a_file_that_nobody_could_look_at_is_not_judged() -> None:
    result = evaluated(Project("compose", files=(ProjectFile(".env"),)))
    assert "P003" in {one.rule for one in result.skipped}


def service(name: str, image: str, *networks: str, ports: tuple[Port, ...] = (), says: str = "") -> Service:
    joined = tuple(Network(network) for network in networks)
    noun: Container = container(image=image, ports=ports, environment=(Variable("URL", says),))
    if joined:
        noun = container(image=image, ports=ports, networks=joined, environment=(Variable("URL", says),))
    return Service(name, f"service {name}", noun)


WEB = (Port("80", "80"),)
NETWORKS = [
    ("a proxy, an application and a database on one network",
     (service("web", "nginx:1", ports=WEB), service("app", "a:1"), service("db", "postgres:16")), True),
    ("the database on a network of its own",
     (service("web", "nginx:1", "front", ports=WEB), service("app", "a:1", "front", "back"), service("db", "postgres:16", "back")), False),
    ("a proxy that speaks of the database",
     (service("web", "nginx:1", ports=WEB, says="db:5432"), service("app", "a:1"), service("db", "postgres:16")), False),
    ("nobody is published",
     (service("web", "nginx:1"), service("app", "a:1"), service("db", "postgres:16")), False),
    ("an exporter is no database",
     (service("web", "nginx:1", ports=WEB), service("app", "a:1"), service("m", "acme/postgres-exporter:1")), False),
    ("two that only have each other",
     (service("web", "nginx:1", ports=WEB), service("db", "postgres:16")), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("services", "flat"), [pytest.param(services, flat, id=name) for name, services, flat in NETWORKS]
)
def test_a_flat_network_is_one_where_the_proxy_meets_a_database_it_never_speaks_of(
    services: tuple[Service, ...], *, flat: bool
) -> None:
    assert bool(findings(Project("compose", services), "P001")) is flat


def test_the_lines_of_a_script_need_not_run_together() -> None:
    one, other = (service(name, "a:1", ports=(Port("80", "8080"),)) for name in ("one", "other"))
    assert findings(Project("compose", (one, other)), "P009")
    assert not findings(Project("script", (one, other)), "P009")


@pytest.mark.parametrize(
    ("port", "other", "meet"),
    [
        (Port("80", "8000-8010"), Port("80", "8005"), True),
        (Port("80", "8000-8010"), Port("80", "8011"), False),
        (Port("80", "8080", "::"), Port("80", "8080", "127.0.0.1"), True),
        (Port("80", "8080", "10.0.0.1"), Port("80", "8080", "10.0.0.2"), False),
        (Port("53", "53", None, "tcp"), Port("53", "53", None, "udp"), False),
        (Port("80"), Port("80"), False),
    ],
)
def test_host_ports_meet_by_number_address_and_protocol(port: Port, other: Port, *, meet: bool) -> None:
    services = (service("a", "a:1", ports=(port,)), service("b", "b:1", ports=(other,)))
    assert bool(findings(Project("compose", services), "P009")) is meet


def test_power_and_strangers_together_are_graver_than_either() -> None:
    socket = Mount("bind", "/var/run/docker.sock", "/var/run/docker.sock", read_only=True)
    reachable = container(image="acme/ui:1", ports=(Port("9000", "9000"),), mounts=(socket,))
    kept = container(image="acme/ui:1", ports=(Port("9000", "9000", "127.0.0.1"),), mounts=(socket,))
    assert findings(Project("compose", (Service("ui", "service ui", reachable),)), "P013")
    assert not findings(Project("compose", (Service("ui", "service ui", kept),)), "P013")


def test_workers_of_one_image_may_share_a_volume() -> None:
    mounts = (Mount("volume", "up", "/up"),)
    same = tuple(Service(name, f"service {name}", container(image="a:1", mounts=mounts)) for name in "ab")
    assert not findings(Project("compose", same), "P002")
    other = Service("c", "service c", container(image="b:1", mounts=mounts))
    assert findings(Project("compose", (*same, other)), "P002")


def test_a_link_is_mended_on_both_sides_or_not_at_all() -> None:
    text = "docker run --link db:database acme/app:1\n"
    found = evaluate("test", read(text), {"project": rules("project")}).findings
    assert [one.remedy.changes for one in found if one.rule == "P012"] == [()]

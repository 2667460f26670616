"""Rules on projects that need more than one service: files next to the compose file, shared networks, ports."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sealock import formats
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
    ("an env_file that Git ignores may be readable, as files are",
     ProjectFile(".env", exists=True, mode=0o644, ignored_by_git=True, in_repository=True, has_secrets=True), (), set()),
    ("an env_file that every user may read",
     ProjectFile(".env", exists=True, mode=0o644, ignored_by_git=None, in_repository=False, has_secrets=True), (),
     {Severity.LOW}),
    ("an env_file without secrets gives none away",
     ProjectFile("app.env", exists=True, mode=0o644, ignored_by_git=False, in_repository=True, has_secrets=False), (), set()),
    ("a file that every user may write",
     ProjectFile(".env", exists=True, mode=0o666, ignored_by_git=None, in_repository=False), (), {Severity.HIGH}),
    ("mode 577 is compared as bits: others can only read",
     ProjectFile(".env", exists=True, mode=0o575, ignored_by_git=None, in_repository=False), (), {Severity.LOW}),
    ("both at once",
     ProjectFile("pw.txt", exists=True, mode=0o644, ignored_by_git=False, in_repository=True), (SECRET,),
     {Severity.HIGH, Severity.MEDIUM}),
    ("a file that only its owner can read and Git ignores is sound",
     ProjectFile("pw.txt", exists=True, mode=0o600, ignored_by_git=True, in_repository=True), (SECRET,), set()),
    ("an example is no secret",
     ProjectFile(".env.example", exists=True, mode=0o644, ignored_by_git=False, in_repository=True), (), set()),
    ("a config is no secret",
     ProjectFile("nginx.conf", exists=True, mode=0o644, ignored_by_git=False, in_repository=True),
     (ProjectSecret("c", "config", file="nginx.conf"),), set()),
    ("a missing file gives nothing away",
     ProjectFile("pw.txt", exists=False, mode=None, ignored_by_git=None, in_repository=None), (SECRET,), set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "secrets", "severities"), [pytest.param(fact, secrets, bad, id=name) for name, fact, secrets, bad in FACTS]
)
def test_secret_files_are_checked_by_mode_and_git(
    fact: ProjectFile, secrets: tuple[ProjectSecret, ...], severities: set[Severity]
) -> None:
    reported = findings(Project("compose", files=(fact,), secrets=secrets), "P003")
    assert {finding.severity for finding in reported} == severities


@pytest.mark.parametrize("second", [row[0] for row in FACTS])
@pytest.mark.parametrize("first", [row[0] for row in FACTS])
def test_a_secret_file_hides_no_other(first: str, second: str) -> None:
    rows = {name: (fact, secrets) for name, fact, secrets, _ in FACTS}
    paths = ("first/", "second/")
    files: list[ProjectFile] = []
    secrets: list[ProjectSecret] = []
    alone: list[str] = []
    for path, name in zip(paths, (first, second), strict=True):
        fact, declared = rows[name]
        file = replace(fact, path=path + fact.path)
        of_file = tuple(replace(secret, name=path, file=file.path) for secret in declared)
        files.append(file)
        secrets += of_file
        alone += [each.message for each in findings(Project("compose", files=(file,), secrets=of_file), "P003")]
    both = findings(Project("compose", files=tuple(files), secrets=tuple(secrets)), "P003")
    assert sorted(each.message for each in both) == sorted(alone)


def test_a_secret_file_that_could_not_be_checked_is_skipped() -> None:
    result = evaluated(Project("compose", files=(ProjectFile(".env"),)))
    assert "P003" in {skipped.rule for skipped in result.skipped}


def service(name: str, image: str, *networks: str, ports: tuple[Port, ...] = (), url: str = "") -> Service:
    joined = tuple(Network(network) for network in networks)
    noun: Container = container(image=image, ports=ports, environment=(Variable("URL", url),))
    if joined:
        noun = container(image=image, ports=ports, networks=joined, environment=(Variable("URL", url),))
    return Service(name, f"service {name}", noun)


WEB = (Port("80", "80"),)
NETWORKS = [
    ("a proxy, an application and a database on one network",
     (service("web", "nginx:1", ports=WEB), service("app", "a:1"), service("db", "postgres:16")), True),
    ("the database on a network of its own",
     (service("web", "nginx:1", "front", ports=WEB), service("app", "a:1", "front", "back"), service("db", "postgres:16", "back")), False),
    ("a proxy whose settings name the database",
     (service("web", "nginx:1", ports=WEB, url="db:5432"), service("app", "a:1"), service("db", "postgres:16")), False),
    ("no published service",
     (service("web", "nginx:1"), service("app", "a:1"), service("db", "postgres:16")), False),
    ("an exporter is no database",
     (service("web", "nginx:1", ports=WEB), service("app", "a:1"), service("m", "acme/postgres-exporter:1")), False),
    ("two that only have each other",
     (service("web", "nginx:1", ports=WEB), service("db", "postgres:16")), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("services", "flat"), [pytest.param(services, flat, id=name) for name, services, flat in NETWORKS]
)
def test_a_proxy_and_a_database_that_it_does_not_name_share_a_flat_network(
    services: tuple[Service, ...], *, flat: bool
) -> None:
    assert bool(findings(Project("compose", services), "P001")) is flat


def test_run_lines_of_a_script_may_publish_one_port() -> None:
    services = tuple(service(name, "a:1", ports=(Port("80", "8080"),)) for name in ("first", "second"))
    assert findings(Project("compose", services), "P009")
    assert not findings(Project("script", services), "P009")


@pytest.mark.parametrize(
    ("port", "other", "conflict"),
    [
        (Port("80", "8000-8010"), Port("80", "8005"), True),
        (Port("80", "8000-8010"), Port("80", "8011"), False),
        (Port("80", "8080", "::"), Port("80", "8080", "127.0.0.1"), True),
        (Port("80", "8080", "10.0.0.1"), Port("80", "8080", "10.0.0.2"), False),
        (Port("53", "53", None, "tcp"), Port("53", "53", None, "udp"), False),
        (Port("80"), Port("80"), False),
    ],
)
def test_host_ports_conflict_by_number_address_and_protocol(port: Port, other: Port, *, conflict: bool) -> None:
    services = (service("a", "a:1", ports=(port,)), service("b", "b:1", ports=(other,)))
    assert bool(findings(Project("compose", services), "P009")) is conflict


def test_a_privileged_service_is_reported_only_if_published() -> None:
    socket = Mount("bind", "/var/run/docker.sock", "/var/run/docker.sock", read_only=True)
    reachable = container(image="acme/ui:1", ports=(Port("9000", "9000"),), mounts=(socket,))
    local = container(image="acme/ui:1", ports=(Port("9000", "9000", "127.0.0.1"),), mounts=(socket,))
    assert findings(Project("compose", (Service("ui", "service ui", reachable),)), "P013")
    assert not findings(Project("compose", (Service("ui", "service ui", local),)), "P013")


def test_services_of_the_same_image_may_share_a_volume() -> None:
    mounts = (Mount("volume", "up", "/up"),)
    same = tuple(Service(name, f"service {name}", container(image="a:1", mounts=mounts)) for name in "ab")
    assert not findings(Project("compose", same), "P002")
    other = Service("c", "service c", container(image="b:1", mounts=mounts))
    assert findings(Project("compose", (*same, other)), "P002")


def test_a_link_is_fixed_on_both_sides_or_not_at_all() -> None:
    text = "docker run --link db:database acme/app:1\n"
    reported = evaluate("test", read(text), {"project": rules("project")}).findings
    assert [finding.remedy.changes for finding in reported if finding.rule == "P012"] == [()]


CONTENT = [
    ("a password of a setting", "password = Zx9kq2Lm3PqRs77", 1),
    ("a key of AWS", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzTTKKEY12", 1),
    ("a quoted setting of YAML", '  "password": "Zx9kq2Lm3PqRs77",', 1),
    ("two secrets", "password = Zx9kq2Lm3PqRs77\ntoken: Yq8mW2xKv4Rt", 2),
    ("a variable is none", "password = $${DB_PASSWORD}", 0),
    ("a file is none", "password_file = /run/secrets/db", 0),
    ("the kind of a token is none", "access_token: jwt\nAPI_AUTH=oidc", 0),
    ("other settings are none", "log_level = info\nlisten: 8080", 0),
]


@pytest.mark.parametrize(("content", "number"), [pytest.param(text, number, id=name) for name, text, number in CONTENT])
def test_secrets_in_the_content_of_a_config(content: str, number: int) -> None:
    indented = "\n".join(f"      {line}" for line in content.split("\n"))
    text = f"services:\n  a:\n    image: a:1\n    configs: [c]\nconfigs:\n  c:\n    content: |\n{indented}\n"
    found = read(text)
    noun = next(subject.noun for subject in found.subjects if isinstance(subject.noun, Project))
    assert len(findings(noun, "P005")) == number


def test_secrets_in_the_options_of_a_provider() -> None:
    text = "services:\n  db:\n    provider: {type: cloud, options: {password: Zx9kq2Lm3PqRs77, size: 5}}\n"
    document = read(text)
    noun = next(subject.noun for subject in document.subjects if isinstance(subject.noun, Project))
    (finding,) = findings(noun, "P005")
    assert "in the option password of db's provider" in finding.message
    assert "Zx9kq2Lm3PqRs77" not in finding.message


WORKFLOW = (
    "on: push\njobs:\n  a:\n    container:\n      image: o/x:1\n      credentials: {username: me, password: %s}\n"
)
CIRCLE = "version: 2.1\njobs:\n  b:\n    docker:\n    - image: o/x:1\n      %s\n"
CONFIG = "apiVersion: v1\nkind: %s\nmetadata: {name: app}\n%s\n"
SETTINGS = [
    ("a.yaml", CONFIG % ("ConfigMap", "data: {DB_PASSWORD: kV9-tqz2LmWx}"), ["a password in ConfigMap app/DB_PASSWORD"]),
    ("a.yaml", CONFIG % ("ConfigMap", "data:\n  a.ini: |\n    x = 1\n    db_password = kV9-tqz2LmWx"), ["a password in ConfigMap app/a.ini"]),
    ("a.yaml", CONFIG % ("ConfigMap", "data: {DB_PASSWORD: '${DB_PASSWORD}', HOST: db, a: '', b: [c]}"), []),
    ("a.yaml", CONFIG % ("Secret", "data: {password: a1Y5LXRxejJMbVd4}"), ["a password in Secret app/password"]),
    ("a.yaml", CONFIG % ("Secret", "data: {password: '%%', tls.crt: AAAA}\nstringData: {password: kV9-tqz2LmWx}"), ["a password in Secret app/password"]),
    ("a.json", '{"apiVersion": "v1", "kind": "SecretList", "items": [{"kind": "Secret", "stringData": {"token": "ghp_0123456789abcdefghijABCDEFGHIJ012345"}}]}', ["a GitHub token in Secret /token"]),
    ("a.yaml", CONFIG % ("SealedSecret", "spec: {encryptedData: {password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq}}"), []),
    (".github/workflows/a.yml", WORKFLOW % "kV9-tqz2LmWx", ["a password in credentials.password of container of job a"]),
    (".github/workflows/a.yml", WORKFLOW % "'${{ secrets.P }}'", []),
    (".circleci/config.yml", CIRCLE % "auth: {username: me, password: kV9-tqz2LmWx}", ["a password in auth.password of container 1 of job b"]),
    (".circleci/config.yml", CIRCLE % "auth: {username: me, password: $DOCKERHUB_PASSWORD}", []),
    (".circleci/config.yml", CIRCLE % "aws_auth: {aws_secret_access_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY}", ["a key in aws_auth.aws_secret_access_key of container 1 of job b"]),
    ("bitbucket-pipelines.yml", "image: {name: o/x:1, password: kV9-tqz2LmWx}\n", ["a password in password of image of the pipeline"]),
]  # fmt: skip


TWO_SECRETS = "data:\n  run.sh: |%s\n    %s\n    x = 1\n    db_password = kV9-tqz2LmWx\n\n    api_token = ghp_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.mark.parametrize("first", ["docker run --privileged a:1", "echo"])
@pytest.mark.parametrize("style", ["", "+", "2"])
def test_each_secret_of_a_text_has_its_line_whether_the_text_mentions_run_lines(first: str, style: str) -> None:
    text = CONFIG % ("ConfigMap", TWO_SECRETS % (style, first))
    recognition = formats.recognize("a.yaml", text)
    document = formats.read(recognition.kind or "kubernetes", Source("a.yaml", text))
    found = evaluate(
        "a.yaml", document, {kind: rules(kind) for kind in {one.kind for one in document.subjects}}
    ).findings
    assert sorted(one.location.line for one in found if one.rule == "P005") == [8, 10]
    assert ("C001" in {one.rule for one in found}) == first.startswith("docker")


@pytest.mark.parametrize(("name", "text", "expected"), SETTINGS)
def test_a_secret_that_a_manifest_or_pipeline_writes_out_is_found(name: str, text: str, expected: list[str]) -> None:
    recognition = formats.recognize(name, text)
    assert recognition.kind is not None or "SealedSecret" in text
    document = formats.read(recognition.kind or "kubernetes", Source(name, text))
    kinds = {subject.kind for subject in document.subjects}
    found = evaluate(name, document, {kind: rules(kind) for kind in kinds}).findings
    messages = [finding.message.partition(" (")[0] for finding in found if finding.rule == "P005"]
    assert messages == [f"has {text}" for text in expected]


@pytest.mark.parametrize(
    ("name", "message"),
    [("db", "links a to db outside the project"), ("", "links a to a container outside the project")],
)
def test_an_external_link_whose_name_is_not_known_is_named_otherwise(name: str, message: str) -> None:
    project = Project("compose", (Service("a", "a", Container(), external_links=(name,)),))
    assert [finding.message for finding in findings(project, "P012")] == [message]

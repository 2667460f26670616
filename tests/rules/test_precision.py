"""What sealock must not report, or reports as less, as a table: a sentence, a text, the rule, and what comes of it."""

from __future__ import annotations

import pytest

from sealock.model.finding import Finding, Severity
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from support.documents import read

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
JDWP = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address="
BUILDER = "FROM golang:1.25 AS b\n"


def findings(text: str, rule: str) -> list[Finding]:
    document = read(text)
    assert not document.errors, document.errors
    kinds = {kind: rules(kind) for kind in ("container", "build", "project")}
    return [finding for finding in evaluate("test", document, kinds).findings if finding.rule == rule]


def java(version: str, address: str, options: str = JDWP) -> str:
    return f'FROM eclipse-temurin:{version}\nCMD ["java", "{options}{address}", "-jar", "a.jar"]\n'


def copied(what: str, build: str = "RUN make\n") -> str:
    return f"FROM debian:12 AS b\n{build}FROM alpine:3.22\nCOPY --from=b {what} /x\n"


SILENT = [
    (
        "a download that a program reads, and no shell",
        'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN x=$(curl -s https://e.com/a); cat <<< "$x"\n',
        "B020",
    ),
    (
        "C001 covers what a privileged container keeps",
        "docker run --privileged --cap-drop MKNOD --network host alpine:3.20\n",
        "C005",
    ),
    ("C001 covers what a privileged container adds", "docker run --privileged --cap-add NET_RAW alpine:3.20\n", "C005"),
    ("single quotes write the name of a variable", "FROM a:1\nRUN echo 'key=$API_KEY' > /k\n", "B018"),
    ("so does a backslash", 'FROM a:1\nRUN echo "key=\\$API_KEY" > /k\n', "B018"),
    ("and a name in single quotes beside an expansion", "FROM a:1\nRUN echo 'key=$API_KEY'\"$HOME\" > /k\n", "B018"),
    ("a here-document with a quoted delimiter too", "FROM a:1\nRUN cat <<'X' > /k\nk=$API_KEY\nX\n", "B018"),
    ("jdwp on 127.0.0.1 is out of reach", java("11", "127.0.0.1:5005"), "C072"),
    ("jdwp on localhost is", java("8", "localhost:5005"), "C072"),
    ("jdwp on [::1] is", java("21", "[::1]:5005"), "C072"),
    ("a port by itself is loopback since Java 9", java("17", "5005"), "C072"),
    ("an agent that connects to its debugger does not listen", java("8", "ide:5005", JDWP.replace("=y", "=n")), "C072"),
    ("nor does one that leaves server out", java("8", "5005", "-agentlib:jdwp=transport=dt_socket,address="), "C072"),
    ("node --inspect is loopback by itself", "docker run node:22 node --inspect app.js", "C072"),
    ("with a port only too", "docker run node:22 node --inspect=9229 app.js", "C072"),
    ("debugpy with a port only too", "docker run python:3.12 python -m debugpy --listen 5678 a.py", "C072"),
    ("dlv on 127.0.0.1", "docker run golang:1.25 dlv debug --headless --listen=127.0.0.1:2345", "C072"),
    ("dlv without an address", "docker run golang:1.25 dlv debug --headless", "C072"),
    ("Xdebug connects to its debugger", "docker run -e XDEBUG_CONFIG=xdebug.mode=debug php:8.3", "C072"),
    ("/bin/echo is a program that knows -e", "FROM debian:12\nRUN /bin/echo -e 'a\\nb' > /x\n", "B186"),
    ("/usr/bin/test knows ==", "FROM debian:12\nRUN /usr/bin/test a == a\n", "B186"),
    (
        "a colon inside ${..:+..} separates nothing",
        'FROM alpine:3.22\nENV LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+${LD_LIBRARY_PATH}:}/usr/local/lib"\n',
        "C068",
    ),
    ("nor in a default", 'FROM alpine:3.22\nENV PATH="${EXTRA:-/opt/a:/opt/b}:/usr/bin"\n', "C068"),
    ("certificates need no C library", copied("/etc/ssl/certs/"), "B048"),
    ("nor do settings", copied("/src/app.conf"), "B048"),
    ("nor does web content", copied("/src/dist"), "B048"),
    ("nor does byte code", copied("/src/app.jar"), "B048"),
    ("LDFLAGS of one command make it static", copied("/x", "RUN LDFLAGS=-static ./configure && make\n"), "B048"),
    (
        "so does -extldflags",
        copied("/x", "RUN go build -ldflags '-linkmode external -extldflags -static' -o /x .\n"),
        "B048",
    ),
    ("and a variable of the stage below", copied("/x", "ENV LDFLAGS='-w -static'\nRUN make\n"), "B048"),
    ("an empty image works in /", "FROM scratch\nCOPY app amd64\n", "B155"),
    ("ENV AUTH=0 is a switch", "FROM haproxy:3.2\nENV AUTH=0 SECRETS=1\n", "B019"),
    (
        "--no-index asks no index",
        "FROM a:1\nRUN pip install --no-index --extra-index-url https://a.example x\n",
        "B051",
    ),
    ("an image that starts PostgreSQL exposes its port", 'FROM debian:12\nEXPOSE 5432\nCMD ["postgres"]\n', "C066"),
    ("through its script too", 'FROM debian:12\nENTRYPOINT ["d.sh"]\nEXPOSE 3306\nCMD ["mysqld"]\n', "C066"),
    ("a long range is for media", "FROM debian:12\nEXPOSE 2000-2500\n", "C066"),
    ("gosu changes the user", 'FROM debian:12\nENTRYPOINT ["gosu", "app", "/run"]\n', "C046"),
    (
        "su-exec behind tini does",
        'FROM debian:12\nENTRYPOINT ["tini", "-g", "--", "su-exec", "app:app", "/run"]\n',
        "C046",
    ),
    *(
        (
            f"su-exec behind {init} does",
            f'FROM debian:12\nENTRYPOINT ["/sbin/{init}", "--", "su-exec", "app", "/run"]\n',
            "C046",
        )
        for init in ("tini", "dumb-init", "catatonit", "docker-init", "nice", "stdbuf")
    ),
    ("setpriv does", 'FROM debian:12\nCMD ["setpriv", "--reuid=1000", "--clear-groups", "/run"]\n', "C046"),
    ("chpst in a shell does", "FROM debian:12\nCMD exec chpst -u app /run\n", "C046"),
    (".NET's samples run as app", "docker run mcr.microsoft.com/dotnet/samples:aspnetapp", "C046"),
    ("a link that replaces nothing", "FROM gcr.io/distroless/base:debug\nRUN ln -s /busybox/sh /bin/sh\n", "B122"),
    ("a pipe that only makes an argument", 'FROM debian:12\nRUN echo "$(cat a | tr a b)  a" | sha256sum -c\n', "B139"),
    (
        "a random password",
        'FROM debian:12\nRUN echo "a:$(dd if=/dev/urandom bs=9 count=1 | base64)" | chpasswd\n',
        "B039",
    ),
    ("files of an empty stage", "FROM scratch AS f\nCOPY a /\nFROM debian:12\nCOPY --from=f / /usr/local\n", "B011"),
    ("a tool that is made to be copied", "FROM tonistiigi/xx AS xx\nFROM debian:12\nCOPY --from=xx / /\n", "B011"),
    ("an image for one architecture is the official one", "FROM arm32v7/debian:12\nCOPY a /a\n", "B192"),
    ("Samba exposes NetBIOS", 'FROM debian:12\nEXPOSE 139 445\nCMD ["smbd", "-F"]\n', "C066"),
    ("apt-get -s installs nothing", "FROM debian:12\nRUN apt-get install -s x | grep y\n", "B109"),
    ("an image that the text builds", "docker build -t app .\ndocker run app\n", "C080"),
    ("also in other spellings", "docker buildx build --load --tag=acme/app:latest .\ndocker run acme/app\n", "C080"),
    ("an image that it tags", "docker tag x:1 app\ndocker run app:latest\n", "C080"),
    ("an image from a variable is not guessed", "docker run --rm $IMAGE x\n", "C046"),
    ("nor is one whose name begins with a variable", 'docker run "$REGISTRY/app:1"\n', "C046"),
    ("nor is a base image from an argument", "ARG BASE\nFROM ${BASE}\n", "C046"),
    ("a key in a file of its own", "FROM debian:12\nRUN apt-key --keyring /usr/share/keyrings/a.gpg add k\n", "B036"),
    ("a Dockerfile on a known image needs no guess", "FROM debian:12\nCOPY a /a\n", "B192"),
]
REPORTED = [
    ("double quotes expand", 'FROM a:1\nRUN echo "key=$API_KEY" > /k\n', "B018", HIGH, "writes $API_KEY to /k"),
    ("a mix of quotes too", "FROM a:1\nRUN echo 'k='\"$API_KEY\"'x' > /k\n", "B018", HIGH, "writes $API_KEY"),
    (
        "envsubst is told names in quotes",
        "FROM a:1\nRUN envsubst '$API_KEY' < t > /k\n",
        "B018",
        HIGH,
        "writes $API_KEY",
    ),
    ("jdwp on every address", java("21", "*:5005"), "C072", HIGH, "opens a Java debugger on all interfaces"),
    ("a port by itself on Java 8", java("8-jre", "5005"), "C072", HIGH, "opens a Java debugger on all interfaces"),
    (
        "a port by itself on an unknown Java",
        f"docker run a/b:1 java {JDWP}5005 -jar a.jar",
        "C072",
        LOW,
        "if Java is older than 9",
    ),
    (
        "a variable with jdwp",
        f"FROM a:1\nENV JAVA_TOOL_OPTIONS={JDWP}0.0.0.0:5005\n",
        "C072",
        HIGH,
        "on all interfaces",
    ),
    ("Tomcat's debugger", "FROM tomcat:11\nENV JPDA_ADDRESS=*:8000\n", "C072", HIGH, "opens a Java debugger"),
    (
        "dlv on every address",
        "docker run a/b:1 dlv debug --headless --listen=:2345",
        "C072",
        HIGH,
        "opens a Go debugger",
    ),
    (
        "debugpy too",
        "docker run a/b:1 python -m debugpy --listen [::]:5678 a.py",
        "C072",
        HIGH,
        "opens a Python debugger",
    ),
    ("echo is dash's own", "FROM debian:12\nRUN echo -e 'a\\nb' > /x\n", "B186", MEDIUM, "echo -e"),
    (
        "a relative entry beside an expansion",
        'FROM a:1\nENV PATH="bin:${A:+$A:}/bin"\n',
        "C068",
        MEDIUM,
        "directory bin",
    ),
    ("a program linked with glibc", copied("/src/app"), "B048", Severity.INFO, "built for glibc"),
    (
        "the index that is asked is named",
        "FROM a:1\nRUN pip install --index-url https://a.example -U --extra-index-url=https://b.example x\n",
        "B051",
        LOW,
        "from https://a.example or https://b.example, whichever",
    ),
    (
        "a variable names it too",
        "FROM a:1\nENV PIP_INDEX_URL=https://a.example PIP_EXTRA_INDEX_URL=https://b.example\n",
        "B051",
        LOW,
        "from https://a.example or https://b.example, whichever",
    ),
    (
        "a range holds known ports",
        "FROM debian:12\nEXPOSE 2370-2380\n",
        "C066",
        MEDIUM,
        "exposes port 2375 of the Docker API",
    ),
    (
        "20-25 holds SSH",
        "FROM debian:12\nEXPOSE 20-25/tcp\n",
        "C066",
        MEDIUM,
        "exposes port 22 of SSH and 23 of Telnet",
    ),
    ("gosu root is root", 'FROM debian:12\nENTRYPOINT ["gosu", "root", "/run"]\n', "C046", HIGH, "runs as root"),
    (
        "an entry point with gosu may change the user",
        'FROM debian:12\nENV GOSU_VERSION 1.19\nENTRYPOINT ["docker-entrypoint.sh"]\n',
        "C046",
        MEDIUM,
        "only its entry point can change that",
    ),
    (
        "the docker group is root with the socket",
        "FROM a:1\nRUN usermod -aG docker dev\n",
        "B060",
        LOW,
        "socket is mounted",
    ),
    ("the sudo group is root without", "FROM a:1\nRUN usermod -aG sudo dev\n", "B060", MEDIUM, "adds a user to sudo"),
    (
        "newuidmap needs its capability",
        "FROM a:1\nRUN setcap cap_setuid+ep /usr/bin/newuidmap\n",
        "B043",
        LOW,
        "cap_setuid",
    ),
    ("another program does not", "FROM a:1\nRUN setcap cap_setuid+ep /usr/bin/python3\n", "B043", HIGH, "cap_setuid"),
    (
        "chmod in a stage that does not ship",
        f"{BUILDER}RUN chmod 777 /go\nFROM scratch\nCOPY --from=b /app /\n",
        "B042",
        LOW,
        "777",
    ),
    (
        "in one that is copied from",
        f"{BUILDER}RUN chmod 777 /go\nFROM scratch\nCOPY --from=b /go/bin /\n",
        "B042",
        MEDIUM,
        "777",
    ),
    ("in one that is built on", f"{BUILDER}RUN chmod 777 /go\nFROM b\nCOPY a /a\n", "B042", MEDIUM, "777"),
    (
        "a path from a variable may ship",
        f"{BUILDER}RUN chmod 777 $D\nFROM scratch\nCOPY --from=b /app /\n",
        "B042",
        MEDIUM,
        "777",
    ),
    (
        "sudo in a stage that does not ship",
        f"{BUILDER}RUN echo 'a ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers\nFROM scratch\nCOPY --from=b /app /\n",
        "B041",
        LOW,
        "sudoers",
    ),
    ("WORKDIR in one", f"{BUILDER}WORKDIR /etc\nFROM scratch\nCOPY --from=b /app /\n", "B135", LOW, "works in /etc"),
    (
        "no USER on an unknown base",
        "FROM vulhub/php:8.1\nCOPY a /a\n",
        "B192",
        MEDIUM,
        "does not know the user of vulhub/php:8.1",
    ),
    (
        "no USER on a base from an argument",
        "ARG BASE\nFROM ${BASE}\n",
        "B192",
        MEDIUM,
        "does not know the user of ${BASE}",
    ),
    (
        "no USER on a base that no argument gives",
        "FROM ${BASE}\n",
        "B192",
        MEDIUM,
        "does not know the user of ${BASE}",
    ),
    ("and on an empty one", 'ARG BASE=\nFROM "$BASE"\n', "B192", MEDIUM, 'does not know the user of "$BASE"'),
    (
        "a password that is mounted",
        'FROM debian:12\nRUN --mount=type=secret,id=pw echo "a:$(cat /run/secrets/pw)" | chpasswd\n',
        "B039",
        MEDIUM,
        "sets a password",
    ),
    ("adm reads logs", "docker run --group-add adm acme/app:1", "C047", LOW, "may read the logs"),
    (
        "a socket proxy in one word",
        "docker run -v /var/run/docker.sock:/var/run/docker.sock acme/dockersocketproxy:1",
        "C011",
        MEDIUM,
        "as a socket proxy has to",
    ),
    ("nginx with a start of its own", "docker run --entrypoint /start nginx:1.29", "C046", MEDIUM, "runs as root"),
    ("postgres with one", "docker run --entrypoint /start postgres:17", "C046", MEDIUM, "runs as root"),
]

PASSWORDS = [
    ("a strong password", "POSTGRES_PASSWORD", "kV9-tqz2LmWx", HIGH),
    ("the name of the service", "POSTGRES_PASSWORD", "postgres", HIGH),
    ("root", "MYSQL_ROOT_PASSWORD", "root", HIGH),
    ("password", "REDIS_PASSWORD", "password", HIGH),
    ("admin", "ADMIN_PASSWORD", "admin", HIGH),
    ("four digits", "DB_PASSWORD", "1234", HIGH),
    ("a word", "JIRA_PASSWORD", "jira", HIGH),
    ("CHANGEME", "DB_PASSWORD", "CHANGEME", MEDIUM),
    ("!changeme!", "DB_PASSWORD", "!changeme!", MEDIUM),
    ("a sentence that asks for a change", "DB_PASSWORD", "change-me-to-something-secure", MEDIUM),
    ("a name that asks for a change", "API_TOKEN", "PleaseChangeThisToken", MEDIUM),
    ("the name again", "IDP_CLIENT_SECRET", "CLIENT_SECRET", MEDIUM),
    ("a word for a secret before the name", "CODECOV_TOKEN", "SECRET_TOKEN", MEDIUM),
    ("the name with a hyphen", "apitoken", "api-token", MEDIUM),
    ("the name in small letters", "DB_PASSWORD", "db_password", MEDIUM),
    ("the name in one word", "DB_PASSWORD", "dbpass", MEDIUM),
    ("an example", "MONGO_INITDB_ROOT_PASSWORD", "example", MEDIUM),
    ("the password of a guide", "MSSQL_SA_PASSWORD", "yourStrong(!)Password", MEDIUM),
    ("a setting under the name of a token", "TOKEN", "cookie", MEDIUM),
    ("a secret under the name of its id", "AWS_ACCESS_KEY_ID", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz1Qw8rTyU", HIGH),
]


@pytest.mark.parametrize(("text", "rule"), [row[1:] for row in SILENT], ids=[row[0] for row in SILENT])
def test_a_sound_line_is_not_reported(text: str, rule: str) -> None:
    assert findings(text, rule) == []


@pytest.mark.parametrize(
    ("text", "rule", "severity", "words"), [row[1:] for row in REPORTED], ids=[row[0] for row in REPORTED]
)
def test_a_fault_is_reported_once_with_its_severity(text: str, rule: str, severity: Severity, words: str) -> None:
    (finding,) = findings(text, rule)
    assert finding.severity is severity
    assert words in finding.message


@pytest.mark.parametrize(
    ("name", "value", "severity"), [row[1:] for row in PASSWORDS], ids=[row[0] for row in PASSWORDS]
)
def test_a_weak_password_is_as_grave_as_a_strong_one_and_a_placeholder_is_less(
    name: str, value: str, severity: Severity
) -> None:
    (finding,) = findings(f"services:\n  a:\n    image: a/b:1\n    environment:\n      {name}: '{value}'\n", "C048")
    assert finding.severity is severity


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        ("baseImage", "must be lowercase"),
        ("Acme/baseImage:1", "must be lowercase"),
        ("debian:", "invalid reference format"),
        ("-debian", "invalid reference format"),
        ("debian@sha256:123", "invalid reference format"),
        ("{{image}}", "invalid reference format"),
        ("a" * 64, "an image's id is no name"),
        ("x/" * 400, "at most 255 characters"),
    ],
)
def test_a_base_image_whose_name_no_builder_takes_is_an_error(image: str, fault: str) -> None:
    (error,) = read(f"FROM {image}\nRUN true\n").errors
    assert fault in error.message
    assert (error.location.line, error.location.column) == (1, 6)
    assert not read(f"FROM {image} AS unused\nFROM debian:12\n").errors


@pytest.mark.parametrize(
    "image",
    [
        "debian",
        "a/b:1",
        "Registry.example:5000/a/b",
        "localhost/x",
        "a__b/c-d.e:V1_x",
        "[::1]:5000/a",
        "a@sha256:" + "0" * 64,
    ],
)
def test_a_base_image_that_builders_take_is_none(image: str) -> None:
    assert not read(f"FROM {image}\n").errors


def test_a_template_of_a_dockerfile_has_errors_and_no_findings() -> None:
    lines = "".join(f"{{{{part {number}}}}}\n" for number in range(20))
    document = read(f"FROM debian:12\n{lines}WORKDIR {{{{directory}}}}\n")
    assert len(document.errors) == 11
    assert document.errors[-1].message.endswith("this does not look like a Dockerfile, so it is skipped")
    assert not document.subjects

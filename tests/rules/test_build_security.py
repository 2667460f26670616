"""The fixes, severities and confidence of the security rules on Dockerfiles, and the secrets they never print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.formats.files import FileRefusedError
from sealock.formats.textedits import apply_edits
from sealock.model.change import Edit
from sealock.model.finding import Finding, Severity
from sealock.model.location import Source
from sealock.model.project import ProjectFile
from sealock.rules.catalog import rules
from sealock.rules.evaluation import Evaluation, evaluate
from support.documents import read
from support.draws import draws

SECURITY = {rule.id: rule for rule in rules("build") if not "B100" <= rule.id < "C"}


class Folder:
    """A build context: its top-level names, and its .dockerignore if it has one."""

    environment: Mapping[str, str] = {}

    def __init__(self, names: tuple[str, ...], ignored: str | None = None, npmrc: str | None = None) -> None:
        texts = {".dockerignore": ignored, ".npmrc": npmrc}
        self.texts = {name: text for name, text in texts.items() if text is not None}
        self.names = (*names, *self.texts)

    def text(self, path: str) -> str:
        if path not in self.texts:
            msg = "not there"
            raise FileRefusedError(msg)
        return self.texts[path]

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path, exists=path in self.names)

    def entries(self, _folder: str) -> tuple[str, ...]:
        return self.names


def result(text: str, *ids: str, files: Any = None) -> Evaluation:
    document = read(text) if files is None else formats.read("dockerfile", Source("Dockerfile", text), files)
    return evaluate("Dockerfile", document, {"build": tuple(SECURITY[id_] for id_ in ids or SECURITY)})


def findings(text: str, *ids: str, files: Any = None) -> tuple[Finding, ...]:
    return result(text, *ids, files=files).findings


COPY_ALL = "FROM debian:12\nCOPY . /app\n"


@pytest.mark.parametrize(
    ("sentence", "context", "message"),
    [
        ("there is no .dockerignore", Folder(("src",)), "no .dockerignore"),
        ("the repository is there", Folder((".git", "src")), ".git"),
        ("a repository of Mercurial is there", Folder((".hg", "src")), ".hg"),
        ("a key is there", Folder(("id_rsa",)), "id_rsa"),
        (".dockerignore forgets .env", Folder((".git", ".env"), ".git\n"), ".env"),
        (".dockerignore lets .env in again", Folder((".env",), "*\n!.env\n"), ".env"),
    ],
)
def test_copying_the_whole_context_is_checked_by_its_contents(sentence: str, context: Folder, message: str) -> None:
    (finding,) = findings(COPY_ALL, "B012", files=context)
    assert message in finding.message, sentence


@pytest.mark.parametrize(
    ("sentence", "text", "context"),
    [
        (".dockerignore keeps both out", COPY_ALL, Folder((".git", ".env"), "**/.git\n.env*\n")),
        (".dockerignore keeps all out but src", COPY_ALL, Folder((".git", ".env", "src"), "*\n!src\n")),
        (".dockerignore is there and nothing tells", COPY_ALL, Folder(("src",), "node_modules\n")),
        ("only a directory is copied", "FROM debian:12\nCOPY src /app\n", Folder((".git",))),
        ("another stage is copied from", "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=a . /\n", Folder((".git",))),
    ],
)
def test_a_context_without_secrets_is_clean(sentence: str, text: str, context: Folder) -> None:
    assert not findings(text, "B012", files=context), sentence


@pytest.mark.parametrize(
    ("line", "npmrc", "ids"),
    [
        ("COPY .npmrc a ./", "registry=x", []),
        ("ADD ./.npmrc /a/", "registry=x", []),
        ("COPY /.npmrc .", "a:_authToken=${T}", []),
        ("COPY . .", "registry=x", []),
        ("COPY .npmrc .env ./", "registry=x", ["B016"]),
        ("COPY .npmrc .", "a:_authToken=x", ["B016"]),
        ("COPY a/.npmrc .", "registry=x", ["B016"]),
        ("COPY --from=a .npmrc .", "registry=x", ["B016"]),
        ("COPY --from=b:1 .npmrc .", "registry=x", ["B016"]),
        ("ADD https://e.com/Release.key /etc/apt/", "", []),
        ("ADD https://e.com/a.pem https://e.com/.npmrc /a/", "", []),
        ("ADD https://e.com/id_rsa /a/", "", ["B016"]),
        ("ADD https://e.com/Release.key b.key /a/", "", ["B016"]),
        ("COPY . .", "a:_authToken=x", ["B012"]),
    ],
)
def test_settings_without_a_token_are_no_credentials(line: str, npmrc: str, ids: list[str]) -> None:
    context = Folder((), "x", npmrc)
    found = findings(f"FROM debian:12 AS a\nFROM debian:12\n{line}\n", "B012", "B016", files=context)
    assert [finding.rule for finding in found] == ids


@pytest.mark.parametrize("source", [".", "./", "/", "*", "./*"])
def test_every_spelling_of_the_whole_context_is_known(source: str) -> None:
    (finding,) = findings(f"FROM debian:12\nCOPY {source} /x\n", "B012", files=Folder((".git",)))
    assert finding.evidence == "COPY ."


def test_an_unknown_context_is_skipped() -> None:
    evaluated = result(COPY_ALL, "B012")
    assert not evaluated.findings
    assert [skipped.rule for skipped in evaluated.skipped] == ["B012"]


SECRETS = (
    "Tr0ub4dor-and-3",
    "0a1b2c3d4e5f6a7b8c9d",
    "ghp_ab12ab34ab56ab78ab90cd12cd34cd56cd78",
    "glpat-abcdefghij0123456789",
)
LEAKS = """FROM debian:12
ARG API_KEY=0a1b2c3d4e5f6a7b8c9d
ENV DB_PASSWORD=Tr0ub4dor-and-3 GITHUB_TOKEN=ghp_ab12ab34ab56ab78ab90cd12cd34cd56cd78
LABEL token=ghp_ab12ab34ab56ab78ab90cd12cd34cd56cd78
RUN git clone https://oauth2:glpat-abcdefghij0123456789@gitlab.com/a/b.git
RUN curl -k -u me:Tr0ub4dor-and-3 http://example.com/a | sh
RUN echo 'root:Tr0ub4dor-and-3' | chpasswd && useradd -p Tr0ub4dor-and-3 x
RUN pip install --trusted-host e.com -i http://me:Tr0ub4dor-and-3@e.com/simple x
ENV PIP_EXTRA_INDEX_URL=http://me:Tr0ub4dor-and-3@e.com/simple
ADD http://me:Tr0ub4dor-and-3@e.com/a /a
RUN mysql -pTr0ub4dor-and-3 && sudo mysql -pTr0ub4dor-and-3
ADD https://me:Tr0ub4dor-and-3@e.com/ca.crt /usr/local/share/ca-certificates/
RUN curl -o /etc/apt/keyrings/k.asc https://me:Tr0ub4dor-and-3@e.com/k && sudo wget http://me:Tr0ub4dor-and-3@e.com/x
RUN echo "deb http://me:Tr0ub4dor-and-3@e.com/ x y" > /etc/apt/sources.list.d/x.list && export GOPROXY=http://me:Tr0ub4dor-and-3@e.com
ENV JAVA_TOOL_OPTIONS="-agentlib:jdwp=x -Dkey.password=Tr0ub4dor-and-3"
CMD ["tool", "--password", "Tr0ub4dor-and-3"]
"""


def test_no_finding_prints_its_secret() -> None:
    results = findings(LEAKS)
    assert {"B013", "B014", "B015", "B020", "B039", "B050", "B051", "B009"} <= {finding.rule for finding in results}
    for finding in results:
        for secret in SECRETS:
            assert secret not in finding.message, finding.rule
            assert secret not in finding.evidence, finding.rule


def fixed(text: str, *ids: str) -> str:
    """The text after the fixes of all findings of these rules."""
    for _ in range(20):
        offered = next((finding for finding in findings(text, *ids) if finding.remedy.changes), None)
        if offered is None:
            return text
        text = apply_edits(text, [change for change in offered.remedy.changes if isinstance(change, Edit)])
    pytest.fail("it never ends")


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("B008", "add --link a /a", "COPY --link a /a".replace("COPY", "copy")),
        ("B024", "RUN curl \\\n    -k \\\n    https://e.com/", "RUN curl \\\n    https://e.com/"),
        ("B024", "RUN curl \\\n    # hush\n    -k https://e.com/", "RUN curl \\\n    # hush\n    https://e.com/"),
        ("B024", "RUN curl '-sk' https://e.com/", "RUN curl '-s' https://e.com/"),
        ("B030", "RUN apt-get install -qy --force-yes x", "RUN apt-get install -qy x"),
        ("B030", "RUN apt-get install -q --force-yes x", "RUN apt-get install -q -y x"),
        ("B024", "RUN mvn -B -Dmaven.wagon.http.ssl.insecure=true package", "RUN mvn -B package"),
        ("B024", "RUN apk --no-check-certificate add curl", "RUN apk add curl"),
        ("B024", "ENV VAULT_SKIP_VERIFY=true", "ENV VAULT_SKIP_VERIFY=0"),
        ("B024", "RUN git -c http.sslVerify=0 clone x", "RUN git clone x"),
        ("B024", "RUN pip install --trusted-host a --trusted-host b x", "RUN pip install x"),
        ("B024", 'RUN ["pip", "install", "--trusted-host", "a", "x"]', 'RUN ["pip", "install", "x"]'),
        ("B040", "RUN a && sudo -E b | sudo c", "RUN a && b | c"),
        ("B040", "RUN sudo A=1 b", "RUN A=1 b"),
        ("B040", "RUN sudo -u app b", "RUN sudo -u app b"),
        ("B040", "USER app\nRUN sudo b", "USER app\nRUN sudo b"),
        ("B042", "RUN chmod -R 0777 /a && chmod 666 /b", "RUN chmod -R 755 /a && chmod 644 /b"),
        ("B042", "RUN chmod a+rw,g-x /a", "RUN chmod u+rw,go+r,g-x /a"),
        ("B042", "RUN chmod -R ugo+rwX /a", "RUN chmod -R ug+rwX,o+rX /a"),
        ("B043", "RUN chmod 4755 /a", "RUN chmod 0755 /a"),
        ("B044", "RUN --mount=type=cache,target=/c --network=host x", "RUN --mount=type=cache,target=/c x"),
        ("B025", 'RUN wget "http://e.com/$V"', 'RUN wget "https://e.com/$V"'),
        ("B024", "RUN npm config set strict-ssl=false", "RUN npm config set strict-ssl=true"),
        (
            "B014",
            "ARG NPM_TOKEN\nRUN a $NPM_TOKEN\nRUN b\nRUN --mount=type=cache,target=/c c ${NPM_TOKEN}",
            (
                "RUN --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN a $NPM_TOKEN\nRUN b\n"
                "RUN --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN --mount=type=cache,target=/c c ${NPM_TOKEN}"
            ),
        ),
        (
            "B014",
            "ARG NPM_TOKEN\nENV X=$NPM_TOKEN\nRUN a $NPM_TOKEN",
            "ARG NPM_TOKEN\nENV X=$NPM_TOKEN\nRUN a $NPM_TOKEN",
        ),
        ("B014", "ARG NPM_TOKEN\nRUN npm ci", "ARG NPM_TOKEN\nRUN npm ci"),
        (
            "B036",
            'RUN wget -qO- https://d.e.com/gpg | sudo apt-key add - && add-apt-repository "deb [arch=amd64] https://d.e.com/l x y"',
            (
                "RUN wget -qO- https://d.e.com/gpg | sudo gpg --dearmor -o /usr/share/keyrings/d.e.com.gpg && "
                'add-apt-repository "deb [arch=amd64 signed-by=/usr/share/keyrings/d.e.com.gpg] https://d.e.com/l x y"'
            ),
        ),
        (
            "B036",
            "RUN curl https://e.com/k | apt-key add - && echo 'deb [ arch=amd64 ] https://e.com/ x y' | tee /etc/apt/sources.list",
            (
                "RUN curl https://e.com/k | gpg --dearmor -o /usr/share/keyrings/e.com.gpg && "
                "echo 'deb [ arch=amd64 signed-by=/usr/share/keyrings/e.com.gpg ] https://e.com/ x y' | tee /etc/apt/sources.list"
            ),
        ),
        (
            "B035",
            "RUN sed -i 's#deb http://e.com/ x#deb http://e.com/ x y#; s#^x#deb http://f.com/ x#' /etc/apt/sources.list",
            "RUN sed -i 's#deb http://e.com/ x#deb http://e.com/ x y#; s#^x#deb https://f.com/ x#' /etc/apt/sources.list",
        ),
        (
            "B030",
            "RUN sed -i 's/gpgcheck=1/gpgcheck=0/' /etc/yum.conf",
            "RUN sed -i 's/gpgcheck=1/gpgcheck=1/' /etc/yum.conf",
        ),
        ("B036", "RUN curl https://e.com/k | apt-key add -", "RUN curl https://e.com/k | apt-key add -"),
    ],
)
def test_a_fix_changes_no_more_than_it_must(rule: str, before: str, after: str) -> None:
    head = "# syntax=docker/dockerfile:1\nFROM debian:12\n"
    assert fixed(f"{head}{before}\n", rule) == f"{head}{after}\n"


def test_a_secret_mount_adds_a_frontend_that_supports_it() -> None:
    after = fixed("FROM debian:12\nARG NPM_TOKEN\nRUN a $NPM_TOKEN\n", "B014")
    assert after.startswith("# syntax=docker/dockerfile:1\nFROM debian:12\nRUN --mount=type=secret,")


SECRET = "FROM a AS a\nARG NPM_TOKEN\nRUN a $NPM_TOKEN\n"
MOUNTED = "FROM a AS a\nRUN --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN a $NPM_TOKEN\n"
HEAD = "# syntax=docker/dockerfile:1\n"
REPEATED = {
    "before all stages and in one": (f"{HEAD}ARG NPM_TOKEN\n{SECRET}", 1, f"{HEAD}{MOUNTED}"),
    "before all stages and in two": (
        f"{HEAD}ARG NPM_TOKEN\n{SECRET}{SECRET.replace(' a', ' b')}",
        1,
        f"{HEAD}{MOUNTED}{MOUNTED.replace(' a', ' b')}",
    ),
    "before all stages alone": ("ARG NPM_TOKEN\nFROM a\n", 1, ""),
    "before all stages, where FROM takes it too": ("ARG NPM_TOKEN\nFROM a:$NPM_TOKEN\nARG NPM_TOKEN\nRUN a\n", 1, ""),
    "before all stages, where another argument takes it": (
        f"ARG NPM_TOKEN\nARG X=$NPM_TOKEN\n{SECRET}",
        1,
        "",
    ),
    "twice in a stage": ("FROM a\nARG NPM_TOKEN\nRUN a\nARG NPM_TOKEN\n", 1, ""),
    "in two stages": (f"FROM a\nARG NPM_TOKEN\n{SECRET}", 2, f"{HEAD}FROM a\nARG NPM_TOKEN\n{MOUNTED}"),
    "in a stage, where the value before all stages is none": ("ARG NPM_TOKEN=none\nFROM a\nARG NPM_TOKEN\n", 1, ""),
    "with a secret of its own": ("ARG NPM_TOKEN\nFROM a\nARG NPM_TOKEN=Tr0ub4dor-and-3\n", 2, ""),
}


@pytest.mark.parametrize(
    ("text", "number", "after"), [pytest.param(*row, id=f"an ARG {name}") for name, row in REPEATED.items()]
)
def test_a_secret_argument_and_its_repetition_are_one_finding(text: str, number: int, after: str) -> None:
    assert [finding.rule for finding in findings(text) if finding.rule == "B014"] == ["B014"] * number
    assert fixed(text, "B014") == (after or text)


def test_each_key_is_named_in_its_own_source() -> None:
    text = (
        "FROM debian:12\n"
        "RUN curl https://a.com/k | apt-key add -\n"
        "RUN curl https://b.com/k | apt-key add -\n"
        "RUN echo 'deb https://apt.a.com/ x y' > /etc/apt/sources.list.d/a.list\n"
        "RUN echo 'deb https://apt.b.com/ x y' > /etc/apt/sources.list.d/b.list\n"
    )
    after = fixed(text, "B036")
    assert "deb [signed-by=/usr/share/keyrings/a.com.gpg] https://apt.a.com/" in after
    assert "deb [signed-by=/usr/share/keyrings/b.com.gpg] https://apt.b.com/" in after
    assert "apt-key" not in after


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("FROM debian:12\nADD a /a\n", True),
        ("FROM debian:12\nADD a* /a\n", False),
        ("FROM debian:12\nARG X\nADD $X /a\n", False),
    ],
)
def test_copy_for_add_is_safe_if_the_file_is_known(text: str, *, safe: bool) -> None:
    assert [finding.remedy.safe for finding in findings(text, "B008")] == [safe]


@pytest.mark.parametrize(
    ("text", "rule", "severity"),
    [
        ("FROM golang:1.20 AS b\nFROM debian:12\n", "B062", Severity.MEDIUM),
        ("FROM golang:1.20\n", "B062", Severity.HIGH),
        ("FROM debian:12\nADD https://github.com/a/b.git#v1.2.3 /b\n", "B009", Severity.LOW),
        ("FROM debian:12\nADD http://e.com/a /b\n", "B009", Severity.HIGH),
        ("FROM debian:12\nRUN setcap cap_net_bind_service=+ep /a\n", "B043", Severity.LOW),
        ("FROM debian:12\nRUN setcap cap_sys_admin,cap_net_bind_service=+ep /a\n", "B043", Severity.HIGH),
        ("FROM debian:12\nENV DB_PASSWORD=changeme\n", "B013", Severity.MEDIUM),
        ("FROM debian:12\nENV DB_PASSWORD=\n", "B019", Severity.INFO),
        ("FROM alpine:3.21\nRUN echo http://mirror.alpinelinux.org/x >> /etc/apk/repositories\n", "B035", Severity.LOW),
    ],
)
def test_severity_follows_the_risk(text: str, rule: str, severity: Severity) -> None:
    assert [finding.severity for finding in findings(text, rule)] == [severity]


def test_the_list_of_trusted_registries_is_configurable() -> None:
    document = read("FROM registry.example.com/acme/base:1\nCOPY --from=ghcr.io/acme/tool:1 /x /x\n")
    rule = SECURITY["C086"]
    assert len(evaluate("x", document, {"build": (rule,)}).findings) == 1
    (finding,) = evaluate("x", document, {"build": (rule.going_by(("*.example.com",)),)}).findings
    assert "ghcr.io" in finding.message


@pytest.mark.untraced
@pytest.mark.parametrize(
    "piece", ["RUN curl -k https://e.com/ | sh\n", "ENV PASSWORD=a\n", "RUN echo a > /etc/apt/a.list\n"]
)
def test_long_dockerfiles_are_checked_fast(piece: str) -> None:
    results = findings("FROM debian:12\n" + piece * 2000)
    assert len(results) >= 1


WORDS = (
    "RUN", "ENV", "ARG", "COPY", "ADD", "FROM", "CMD", "\n", "\n", "\\\n", "|", "&&", ";", "$(", ")", "`", '"', "'", "<(", "<<E", "E",
    "curl", "-k", "-o", "wget", "sh", "-c", "bash", "sudo", "-u", "apt-key", "add", "adv", "--recv-keys", "-", "chmod", "777", "a+w",
    "install", "-m", "setcap", "=", "+ep", "git", "-c", "http.sslVerify=false", "config", "pip", "--trusted-host", "npm", "strict-ssl",
    "false", "TOKEN=a1b2c3d4e5f6g7h8", "PASSWORD=", "https://a:b@c/", "http://", "[", "]", ",", "{", "}", "sed", "s/a/b/", "s", "-i",
    "deb [trusted=yes] http://e.com/", ">", "/etc/apt/sources.list", "--setopt", "gpgcheck=0", "yum", "--from=", "--chmod=", "debian",
    "ssh-keygen", "openssl", "req", "-newkey", "useradd", "-p", "-G", "sudo,x", "passwd", "cp", "/run/secrets/x", "cat", "go", "\t",
)  # fmt: skip


@draws(200)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_no_dockerfile_makes_a_rule_raise_and_every_fix_applies(text: str) -> None:
    text = f"FROM debian:12\nRUN {text}\n"
    document = formats.read("dockerfile", Source("Dockerfile", text))
    for finding in evaluate("Dockerfile", document, {"build": tuple(SECURITY.values())}).findings:
        assert finding.location.line > 0
        edits = [change for change in finding.remedy.changes if isinstance(change, Edit)]
        assert not edits or apply_edits(text, edits) != text


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("RUN sudo x", "uses sudo although it is root already"),
        ("RUN sudo -u root x", "uses sudo although it is root already"),
        ("USER app\nRUN sudo x", "becomes root with sudo"),
        ("RUN sudo -u app x", "becomes another user with sudo"),
        ("USER app\nRUN sudo --user=b -E x", "becomes another user with sudo"),
        ("RUN sudo x -u app", "uses sudo although it is root already"),
    ],
)
def test_a_finding_on_sudo_says_who_becomes_whom(lines: str, message: str) -> None:
    (finding,) = findings(f"FROM debian:12\n{lines}\n", "B040")
    assert finding.message == message

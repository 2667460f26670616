"""What leans on content trust is found in texts of every kind, and what only looks like it is not."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.trust.audit.kinds import KINDS
from sealock.trust.audit.texts import WORTH, find
from support.draws import draws

FOUND: Final = {
    "Dockerfile": ("ENV DOCKER_CONTENT_TRUST 1", "variable"),
    "Dockerfile with =": ("ENV A=b DOCKER_CONTENT_TRUST=1", "variable"),
    "Dockerfile argument": ("ARG DOCKER_CONTENT_TRUST", "mention"),
    "compose, a list": ("      - DOCKER_CONTENT_TRUST=1", "variable"),
    "compose, a table": ('      DOCKER_CONTENT_TRUST: "1"', "variable"),
    "compose, passed on": ("      - DOCKER_CONTENT_TRUST", "mention"),
    "compose, from outside": ("      DOCKER_CONTENT_TRUST: ${DOCKER_CONTENT_TRUST:-1}", "mention"),
    "compose, from elsewhere": ("      DOCKER_CONTENT_TRUST: ${TRUST:-1}", "variable"),
    "a run line that passes it on": ("docker run -e DOCKER_CONTENT_TRUST=$DOCKER_CONTENT_TRUST bench", "mention"),
    "compose, empty": ("      DOCKER_CONTENT_TRUST:", "mention"),
    "shell": ("export DOCKER_CONTENT_TRUST=1", "variable"),
    "shell, before a command": ("DOCKER_CONTENT_TRUST=1 docker pull alpine", "variable"),
    "shell, off": ("export DOCKER_CONTENT_TRUST=0", "off"),
    "shell, emptied": ("DOCKER_CONTENT_TRUST= docker pull alpine", "off"),
    "shell, unset": ("unset DOCKER_CONTENT_TRUST", "off"),
    "shell, read": ('if [ "$DOCKER_CONTENT_TRUST" = 1 ]; then', "mention"),
    "shell, read with braces": ('test "${DOCKER_CONTENT_TRUST}" = 1', "mention"),
    "fish": ("set -gx DOCKER_CONTENT_TRUST 1", "variable"),
    "csh": ("setenv DOCKER_CONTENT_TRUST 1", "variable"),
    "Windows": ("setx DOCKER_CONTENT_TRUST 1", "variable"),
    "Windows, set": ("set DOCKER_CONTENT_TRUST=1", "variable"),
    "PowerShell": ('$env:DOCKER_CONTENT_TRUST = "1"', "variable"),
    "Jenkins": ("    DOCKER_CONTENT_TRUST = '1'", "variable"),
    "Jenkins, by env": ("env.DOCKER_CONTENT_TRUST = '1'", "variable"),
    "Jenkins, compared": ("if (env.DOCKER_CONTENT_TRUST == '1')", "mention"),
    "Make": ("export DOCKER_CONTENT_TRUST ?= 1", "variable"),
    "JSON": ('{"DOCKER_CONTENT_TRUST": "1"}', "variable"),
    "systemd": ("Environment=DOCKER_CONTENT_TRUST=1", "variable"),
    "Python": ('os.environ["DOCKER_CONTENT_TRUST"] = "1"', "variable"),
    "Python, read": ('os.environ.get("DOCKER_CONTENT_TRUST", "")', "mention"),
    "a run line": ("docker run -e DOCKER_CONTENT_TRUST=1 builder", "variable"),
    "server": ("DOCKER_CONTENT_TRUST_SERVER=https://notary.example.com", "server"),
    "Docker's server": ("DOCKER_CONTENT_TRUST_SERVER: https://notary.docker.io", "hub"),
    "Docker's server alone": ("curl https://notary.docker.io/v2/", "hub"),
    "passphrase": ("DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE=hunter22", "passphrase"),
    "passphrase of a repository": ("  DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: hunter22", "passphrase"),
    "passphrase of notary": ("export NOTARY_TARGETS_PASSPHRASE=hunter22", "passphrase"),
    "docker trust": ("docker trust sign example.com/app:1", "command"),
    "docker trust with options": ("sudo docker --config /x -D trust key load my.pem", "command"),
    "docker trust in JSON": ('["docker", "trust", "sign", "app:1"]', "command"),
    "notary": ("notary list example.com/app", "notary"),
    "notary with options": ("notary -s https://n.example.com -d ~/.docker/trust publish example.com/app", "notary"),
    "notary's keys": ("notary key rotate example.com/app snapshot -r", "notary"),
    "notary by its path": ("/usr/local/bin/notary -D list $GUN", "notary"),
    "flag": ("docker pull --disable-content-trust=false alpine", "flag"),
    "flag, off": ("docker pull --disable-content-trust alpine", "off"),
    "flag, off in words": ("docker build --disable-content-trust=true .", "off"),
    "notary server": ("    image: notary:server-0.7.0", "service"),
    "notary signer of Harbor": ("image: goharbor/notary-signer-photon:v2.6.0", "service"),
    "Azure": ("az acr config content-trust update -r mine --status enabled", "azure"),
    "Azure in Terraform": ("  trust_policy_enabled = true", "azure"),
    "Azure in a template": ('"trustPolicy": {"type": "Notary", "status": "enabled"}', "azure"),
    "Harbor": ("./install.sh --with-notary --with-trivy", "harbor"),
    "Connaisseur": ("    type: notaryv1", "admission"),
    "Portieris": ("apiVersion: portieris.cloud.ibm.com/v1", "admission"),
    "engine": ('{"content-trust": {"mode": "enforced"}}', "daemon"),
    "pins": ('{"trust_pinning": {"certs": {}}}', "pinning"),
    "notary's settings": ('{"remote_server": {"url": "https://n.example.com"}, "trust_dir": "~/.docker/trust"}', "server"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "kind"), FOUND.values(), ids=list(FOUND))
def test_what_leans_is_found_once(line: str, kind: str) -> None:
    found = find(f"first\n{line}\n", "file")
    assert [one.kind for one in found] == [kind]
    assert (found[0].line, found[0].where) == (2, "file")
    assert WORTH.search(line.encode())


@pytest.mark.parametrize(
    "line",
    [
        "# export DOCKER_CONTENT_TRUST=1",
        "// env.DOCKER_CONTENT_TRUST = 1",
        "  # docker trust sign app:1",
        "MY_DOCKER_CONTENT_TRUST=1",
        "DOCKER_CONTENT_TRUSTED=1",
        "we trust docker. Trust sign-ups.",
        "docker run app; trust sign",
        "The notary server lists what is signed, and our notary will verify images.",
        "a notary list of names",
        "xcrun notarytool submit app.zip",
        "trust_policy = data.aws_iam_policy_document.assume.json",
        '"trustPolicy": {"Version": "2012-10-17"}',
        "notation sign example.com/app:1",
        "depends_on: [notary-server]",
    ],
)
def test_what_does_not_lean_is_not_found(line: str) -> None:
    assert find(line, "file") == ()


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("DOCKER_CONTENT_TRUST=1", "Docker CLI 29"),
        ("DOCKER_CONTENT_TRUST_SERVER=https://notary.docker.io", "2026-12-08"),
        ("docker trust sign mine.azurecr.io/app:1", "2028-03-31"),
        ("trust_policy_enabled = true", "2028-03-31"),
        ("notary list example.com/app", ""),
    ],
)
def test_when_it_ends(line: str, ends: str) -> None:
    assert [one.ends for one in find(line, "file")] == [ends]


@pytest.mark.parametrize(
    "line",
    [
        "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE=hunter22",
        'DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: "hunter22"',
        "DOCKER_CONTENT_TRUST_SERVER=https://me:hunter22@notary.example.com",
        "notary -s https://me:hunter22@notary.example.com list example.com/app",
    ],
)
def test_no_secret_is_repeated(line: str) -> None:
    [one] = find(line, "file")
    assert "hunter22" not in one.what


def test_where_it_stands() -> None:
    [one] = find("a\n  env: {DOCKER_CONTENT_TRUST: 1}\n", "ci.yml")
    assert (one.line, one.column, one.what) == (2, 9, "DOCKER_CONTENT_TRUST=1")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (
            "docker pull --disable-content-trust=false a; docker push --disable-content-trust a",
            [("flag", 13, "--disable-content-trust=false"), ("off", 58, "--disable-content-trust")],
        ),
        (
            "docker trust sign a || docker trust sign b; curl https://notary.docker.io",
            [("command", 1, "docker trust sign"), ("command", 24, "docker trust sign"), ("hub", 50, "https://notary.docker.io")],
        ),
        (
            "notary -s https://notary.docker.io list example.com/app && curl https://notary.docker.io",
            [("notary", 1, "notary -s https://notary.docker.io list"), ("hub", 65, "https://notary.docker.io")],
        ),
        (
            "DOCKER_CONTENT_TRUST_SERVER=https://notary.docker.io docker trust sign a",
            [("hub", 1, "DOCKER_CONTENT_TRUST_SERVER=https://notary.docker.io"), ("command", 54, "docker trust sign")],
        ),
    ],
)  # fmt: skip
def test_a_line_may_lean_in_several_ways_each_found_once(line: str, found: list[tuple[str, int, str]]) -> None:
    assert [(each.kind, each.column, each.what) for each in find(line, "file")] == found


def test_each_kind_says_what_to_do() -> None:
    for about in KINDS.values():
        assert about.title
        assert about.todo.endswith(".")


PIECES = st.sampled_from([
    "DOCKER_CONTENT_TRUST", "=", ":", " ", "docker ", "trust ", "notary ", "-s ", "sign", "list", "/", "a", "$", '"',
    "\n", "--disable-content-trust", "notary-server", "\x1b", "\u2028", "é",
])  # fmt: skip


@draws(200)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_is_read(text: str) -> None:
    for one in find(text, "file"):
        assert one.line >= 1
        assert len(one.what) <= 160


@pytest.mark.parametrize(
    "piece",
    [
        "notary -a ",
        "docker ",
        "a/",
        "trustPolicy ",
        "DOCKER_CONTENT_TRUST",
        "notary -a b ",
        "docker trust ",
        "$",
        "x" * 50,
    ],
)
def test_long_lines_take_no_longer_than_they_are(piece: str) -> None:
    """What grew faster than the line would not end here."""
    text = "\n".join([piece * (100_000 // len(piece))] * 10)
    assert len(find(text, "file")) <= 1000

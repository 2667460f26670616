"""Rules on the contents of an image: severities, messages and grouping of findings."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.model.container import Container, Variable
from sealock.model.document import Document, Subject
from sealock.model.finding import Finding, Severity
from sealock.model.inventory import Distribution, FileFact, Inventory, Layer, Package, PackageType
from sealock.model.location import Source
from sealock.rules.catalog import rules
from sealock.rules.evaluation import Evaluation, evaluate

LAYERS = (
    Layer(0, "sha256:a", created_by="ADD rootfs.tar /"),
    Layer(1, "sha256:b", created_by="RUN /bin/sh -c make install"),
    Layer(2, "sha256:c", created_by="/bin/sh -c rm -rf /tmp/x"),
)


def image(
    *files: FileFact,
    packages: tuple[Package, ...] = (),
    distribution: Distribution | None = None,
    container: Container | None = None,
) -> Inventory:
    return Inventory(
        ("app:1",), "sha256:1", "linux/amd64", LAYERS, container or Container(), distribution, packages, files
    )


def evaluated(inventory: Inventory) -> Evaluation:
    document = Document("inventory", {"": Source("app:1", "")}, (Subject("app:1", inventory, {}),))
    return evaluate("app:1", document, {"image": rules("image")})


def findings(inventory: Inventory) -> list[Finding]:
    return list(evaluated(inventory).findings)


def fact(kind: str, path: str, mode: int = 0, detail: str = "", owner: str = "", *, removed: bool = False) -> FileFact:
    return FileFact(kind, path, mode, detail=detail, layer=1, owner=owner, removed=removed)


def package(type_: PackageType, name: str, *, removed: bool = False) -> Package:
    return Package(type_, name, "1.0", "db", layer=1, removed=removed)


H, M, L, INFO = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
ONE_FACT = [
    ("a setuid program", fact("setuid", "opt/x", 0o4755), "F001", M),
    ("a setuid program of the distribution", fact("setuid", "bin/su", 0o4755, owner="util-linux"), "F001", L),
    ("cap_setuid makes root", fact("capability", "opt/x", detail="cap_setuid=ep"), "F002", M),
    ("cap_setuid of a package", fact("capability", "bin/newuidmap", detail="cap_setuid=ep", owner="uidmap"), "F002", L),
    ("cap_sys_admin leads to the host", fact("capability", "x", detail="cap_net_raw,cap_sys_admin=p"), "F002", H),
    ("all capabilities", fact("capability", "x", detail="all=ep [rootid=1000]"), "F002", H),
    ("ping", fact("capability", "bin/ping", detail="cap_net_raw=ep", owner="iputils-ping"), "F002", L),
    ("a port below 1024", fact("capability", "x", detail="cap_net_bind_service=ep"), "F002", INFO),
    ("the second clause gives it", fact("capability", "x", detail="cap_kill=i cap_chown=eip"), "F002", M),
    ("an attribute that is unreadable", fact("capability", "x", detail="not understood: 00ff"), "F002", M),
    ("a file of the program", fact("world-writable", "app/x.py", 0o666), "F003", M),
    ("data of a package", fact("world-writable", "usr/share/x", 0o666, owner="x"), "F003", L),
    ("a program of a package", fact("world-writable", "opt/x", 0o777, owner="x"), "F003", M),
    ("the accounts", fact("world-writable", "etc/passwd", 0o666), "F003", H),
    ("the accounts, of a package", fact("world-writable", "etc/passwd", 0o666, owner="base"), "F003", H),
    ("a shared library", fact("world-writable", "opt/lib/libx.so.1.2", 0o777), "F003", H),
    ("root's own files", fact("world-writable", "root/.profile", 0o666), "F003", H),
    ("a directory", fact("world-writable-directory", "srv/data", 0o777), "F004", M),
    ("a directory of a package", fact("world-writable-directory", "var/x", 0o777, owner="x"), "F004", L),
    ("a directory that PATH does not reach, by a name like one", fact("world-writable-directory", "us", 0o777), "F004", M),
    ("a directory below one of PATH", fact("world-writable-directory", "usr/bin/x", 0o777), "F004", M),
    ("a directory on PATH", fact("world-writable-directory", "usr/local/bin", 0o777), "F005", H),
    ("a directory on PATH with a sticky bit", fact("world-writable-directory", "usr/local/bin", 0o1777), "F005", H),
    ("a directory above one on PATH", fact("world-writable-directory", "usr", 0o777), "F005", H),
    ("a sticky directory above one on PATH", fact("world-writable-directory", "usr", 0o1777), "F004", M),
    ("the root", fact("world-writable-directory", "", 0o777), "F005", H),
    ("a program in a directory below one of PATH", fact("world-writable", "usr/bin/x/y", 0o777), "F003", M),
    ("a program on PATH", fact("world-writable", "usr/bin/x", 0o777), "F005", H),
    ("no password", fact("empty-password", "etc/shadow", detail="root, app"), "F006", H),
    ("a shared uid", fact("double-uid", "etc/passwd", detail="a, b (7)"), "F007", M),
    ("a shared gid", fact("double-gid", "etc/group", detail="a, b (0)"), "F007", L),
    ("a second root", fact("root-account", "etc/passwd", detail="toor"), "F008", H),
    ("credentials", fact("credential-file", "root/.netrc", detail="credentials of several hosts"), "F009", H),
    ("perhaps credentials", fact("credential-file", "app/.npmrc", detail="settings of npm, which may hold a token"),
     "F009", M),
    ("a key of a package", fact("credential-file", "etc/x.key", detail="an SSH private key", owner="x"), "F009", L),
    ("a key for tests", fact("credential-file", "app/tests/id_rsa", detail="an SSH private key"), "F009", L),
    ("a repository", fact("leftover", "app/.git", detail="a Git repository, with all its history"), "F010", M),
    ("a shell's history", fact("leftover", "root/.bash_history", detail="shell history"), "F010", M),
    ("a recipe", fact("leftover", "app/Dockerfile", detail="a build recipe"), "F010", L),
    ("a program for glibc", fact("needs-glibc", "app/x", detail="version GLIBC_2.34; lacks qsort_r"), "F014", INFO),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file_fact", "rule", "severity"), [row[1:] for row in ONE_FACT], ids=[row[0] for row in ONE_FACT]
)
def test_each_fact_is_one_finding_of_one_rule(file_fact: FileFact, rule: str, severity: Severity) -> None:
    (finding,) = findings(image(file_fact))
    assert (finding.rule, finding.severity) == (rule, severity)
    assert "/" + file_fact.path in finding.message
    assert "layer 2 (RUN" in finding.message
    assert finding.location.pointer == "/" + file_fact.path
    assert finding.evidence.startswith(f"{file_fact.kind} {file_fact.path}")


NOTHING = [
    ("a capability that is only inheritable", fact("capability", "x", detail="cap_sys_admin=i")),
    ("a capability without bits", fact("capability", "x", detail="")),
    ("what a later layer removes", fact("setuid", "x", 0o4755, removed=True)),
    ("a writable file that is gone", fact("world-writable", "x", 0o666, removed=True)),
    ("a writable directory that is gone", fact("world-writable-directory", "usr/bin", 0o777, removed=True)),
    ("accounts that a later layer writes anew", fact("empty-password", "etc/shadow", detail="root", removed=True)),
    ("who shares root's id: that is the second root's rule", fact("double-uid", "etc/passwd", detail="root, t (0)")),
    ("a cache that is gone", fact("leftover", "root/.cache", detail="a cache", removed=True)),
    ("glibc's need, gone", fact("needs-glibc", "x", removed=True)),
    ("a kind that no rule knows", fact("new-kind", "x")),
]


@pytest.mark.parametrize("file_fact", [row[1] for row in NOTHING], ids=[row[0] for row in NOTHING])
def test_harmless_facts_give_no_finding(file_fact: FileFact) -> None:
    result = evaluated(image(file_fact))
    assert not result.findings
    assert not result.skipped


def test_a_key_that_a_later_layer_removes_is_still_reported() -> None:
    (finding,) = findings(image(fact("credential-file", "app/id_rsa", detail="an SSH private key", removed=True)))
    assert finding.severity is H
    assert finding.message == (
        "still contains /app/id_rsa, an SSH private key: in layer 2 (RUN make install), though a later layer removes it"
    )


def test_a_key_that_a_later_layer_replaces_gives_two_findings() -> None:
    first = fact("credential-file", "app/id_rsa", detail="an SSH private key", removed=True)
    second = FileFact("credential-file", "app/id_rsa", detail="an SSH private key", layer=2)
    replaced, present = findings(image(first, second))
    assert "though a later layer replaces it" in replaced.message
    assert present.message.startswith("contains /app/id_rsa, an SSH private key, from layer 3 (RUN rm -rf")
    assert replaced.fingerprint != present.fingerprint


def test_a_removed_repository_is_still_reported() -> None:
    (finding,) = findings(
        image(fact("leftover", "app/.git", detail="a Git repository, with all its history", removed=True))
    )
    assert finding.message.startswith("still contains /app/.git")


@pytest.mark.parametrize(
    ("kind", "directory", "detail"),
    [
        ("world-writable", "app", ""),
        ("world-writable", "usr/bin", ""),
        ("world-writable-directory", "app", ""),
        ("credential-file", "app", "credentials"),
        ("leftover", "app", "a cache"),
        ("needs-glibc", "app", "lacks qsort_r"),
    ],
)
def test_hundreds_of_files_in_a_layer_give_one_finding(kind: str, directory: str, detail: str) -> None:
    many = [fact(kind, f"{directory}/{number:03}", 0o666, detail) for number in range(300)]
    (finding,) = findings(image(*many))
    first = ", ".join(f"/{directory}/{number:03}" for number in range(5))
    assert f"({first} and 295 more)" in finding.message
    assert "300 " in finding.message
    again = findings(image(*reversed(many)))
    assert [repeated.fingerprint for repeated in again] == [finding.fingerprint]


def test_five_files_in_each_of_two_layers_give_a_finding_each() -> None:
    many = [FileFact("world-writable", f"app/{n}", 0o666, layer=layer) for layer in (1, 2) for n in range(layer, 9, 2)]
    assert len(findings(image(*many))) == len(many) == 8


def test_a_directory_in_several_layers_gives_one_finding() -> None:
    twice = [FileFact("world-writable-directory", "srv", 0o777, layer=layer) for layer in (1, 2)]
    (finding,) = findings(image(*twice))
    assert "from layer 2 (" in finding.message


@pytest.mark.parametrize(
    ("path", "rule"),
    [("/opt/venv/bin:/usr/bin", "F005"), ("/opt/venv/bin/", "F005"), ("opt/venv/bin:", "F004"), (None, "F004")],
)
def test_the_path_of_the_image_counts(path: str | None, rule: str) -> None:
    container = Container(environment=(Variable("PATH", path),))
    (finding,) = findings(image(fact("world-writable-directory", "opt/venv/bin", 0o777), container=container))
    assert finding.rule == rule


def test_login_servers_are_reported() -> None:
    packages = tuple(package("deb", name) for name in ("openssh-server", "openssh-client", "telnetd"))
    gone = (package("apk", "dropbear", removed=True), package("pypi", "vsftpd"))
    results = [finding for finding in findings(image(packages=(*gone, *packages))) if finding.rule == "C036"]
    assert [(finding.evidence, finding.severity) for finding in results] == [
        ("package openssh-server", L),
        ("package telnetd", M),
    ]


def test_tools_give_one_finding() -> None:
    names = (
        "bash",
        "dash",
        "apt",
        "dpkg",
        "gcc-12",
        "clang19",
        "golang-1.24",
        "gcc-12-base",
        "curl",
        "libcurl4",
        "tzdata",
    )
    (finding,) = findings(image(packages=tuple(package("deb", name) for name in names)))
    assert (finding.rule, finding.severity) == ("F012", INFO)
    assert finding.message == (
        "contains 8 tools: shells (bash, dash), package managers (apt, dpkg), "
        "compilers and build tools (clang19, gcc-12, golang-1.24), network tools (curl)"
    )


GLIBC = [
    ("of a package of the distribution", (package("deb", "bash"),), "bash", None),
    ("of a wheel", (package("pypi", "numpy"), package("deb", "libc6")), "numpy", "which musl images do not have"),
    ("where only musl is", (package("apk", "musl"),), "", "which this musl image does not have"),
    ("where gcompat helps", (package("apk", "musl"), package("apk", "gcompat")), "", "which musl images"),
]


@pytest.mark.parametrize(("packages", "owner", "words"), [row[1:] for row in GLIBC], ids=[row[0] for row in GLIBC])
def test_files_that_need_glibc_are_reported(packages: tuple[Package, ...], owner: str, words: str | None) -> None:
    needing = fact(
        "needs-glibc", "app/x", detail="version GLIBC_2.34; lacks qsort_r, gnu_get_libc_version", owner=owner
    )
    results = [finding for finding in findings(image(needing, packages=packages)) if finding.rule == "F014"]
    assert len(results) == (words is not None)
    if words is not None:
        assert f"it needs glibc 2.34 or newer, {words}" in results[0].message
        assert results[0].message.endswith("; musl lacks qsort_r, gnu_get_libc_version")


def test_glibc_versions_compare_by_number() -> None:
    many = [fact("needs-glibc", f"app/{minor}", detail=f"version GLIBC_2.{minor}") for minor in (4, 38, 17, 9, 2, 36)]
    (finding,) = findings(image(*many))
    assert "they need glibc 2.38 or newer" in finding.message


def test_all_findings_are_sorted_and_unique() -> None:
    results = findings(image(*(row[1] for row in ONE_FACT)))
    assert len({finding.fingerprint for finding in results}) == len(results)
    assert [finding.rule for finding in results] == sorted(finding.rule for finding in results)


def test_a_setuid_bit_that_a_later_layer_sets_on_a_packaged_program_keeps_its_severity() -> None:
    packages = (Package("deb", "python3", "3.13", "var/lib/dpkg/status", layer=0),)
    files = tuple(
        FileFact("setuid", f"usr/bin/{name}", 0o4755, layer=layer, owner="python3")
        for name, layer in (("a", 0), ("b", 1))
    )
    (rule,) = [rule for rule in rules("image") if rule.id == "F001"]
    assert {fault.evidence: fault.severity for fault in rule.check(image(*files, packages=packages))} == {
        "setuid usr/bin/b": None,
        "setuid usr/bin/a": Severity.LOW,
    }


def secret(path: str, detail: str, layer: int = 1, **more: Any) -> FileFact:
    fields: dict[str, Any] = {"line": 3, "mark": "ab12", "confidence": "high"} | more
    return FileFact("secret", path, detail=detail, layer=layer, **fields)


SECRETS = [
    ("a token", [secret("app/.env", "a GitHub token")], H, "contains a GitHub token (line 3) in /app/.env, from layer 2"),
    ("two", [secret("a", "a key"), secret("a", "a password", line=9)], H, "a key (line 3) and a password (line 9) in /a"),
    ("five", [secret("a", f"a key {n}") for n in range(5)], H, "a key 0 (line 3), a key 1 (line 3) and 3 more in /a"),
    ("a locked key", [secret("k", "a private key, locked with a passphrase")], M, "locked with a passphrase (line 3)"),
    ("a hash", [secret("etc/shadow", "a password hash")], M, "a password hash (line 3) in /etc/shadow"),
    ("perhaps", [secret("a", "a password", confidence="medium")], M, "contains a password (line 3) in /a"),
    ("of a package", [secret("etc/x.conf", "a password", owner="x")], L, "in a file that packages bring (/etc/x.conf)"),
    ("for tests", [secret(f"app/tests/{n}", "a key") for n in range(4)], L, "contains secrets in 4 files for tests or examp"),
    ("removed", [secret("k", "a key", removed=True, removed_in=2)], H, "though layer 3 removes it: everyone who pulls"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "severity", "message"), [row[1:] for row in SECRETS], ids=[row[0] for row in SECRETS]
)
def test_secrets_in_files_are_reported(facts: list[FileFact], severity: Severity, message: str) -> None:
    (finding,) = findings(image(*facts))
    assert (finding.rule, finding.severity) == ("F015", severity)
    assert message in finding.message


def test_a_changed_secret_is_a_new_finding() -> None:
    first, second = (findings(image(secret("a", "a key", mark=mark)))[0].fingerprint for mark in ("ab12", "ab13"))
    assert first != second


def test_a_credential_file_with_a_known_secret_is_reported_once() -> None:
    named = FileFact("credential-file", "app/id_rsa", detail="an SSH private key", layer=1)
    (finding,) = findings(image(named, secret("app/id_rsa", "an OpenSSH private key")))
    assert finding.rule == "F015"

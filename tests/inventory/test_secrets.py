"""Secrets in files: found by what they are, told by line, and kept by nothing but a mark."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory import leftovers
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.onfiles.secrets import Secrets
from sealock.inventory.secretfiles import LARGEST, looks_into, may_hold
from sealock.model.inventory import FileFact
from sealock.scan.images import ImageOptions, read_inventories
from support.analyzers import mutated, survives
from support.draws import draws
from support.linecount import grows
from support.madeimages import docker_save, info, tar, write
from support.madesecrets import HEX, UPPER, Maker, files, key, pgp, putty

FILES = files()
make = Maker(7)


def found(path: str, data: str | bytes) -> list[FileFact]:
    raw = data.encode() if isinstance(data, str) else data
    return list(Secrets().read(AnalyzedFile(path, raw)))


def is_looked_into(path: str, size: int = 100) -> bool:
    directory, _, name = path.rpartition("/")
    return may_hold(name, name.rpartition(".")[2], size, looks_into(directory))


@pytest.mark.parametrize("path", FILES)
def test_files_that_people_leave_in_images(path: str) -> None:
    assert is_looked_into(path, len(FILES[path]))
    facts = found(path, FILES[path])
    assert facts
    for fact in facts:
        assert (fact.kind, fact.path) == ("secret", path)
        assert fact.line >= 1
        assert len(fact.mark) == 4
        assert fact.confidence in {"medium", "high"}


@pytest.mark.parametrize("path", FILES)
def test_no_value_is_kept(path: str) -> None:
    words = {word for word in FILES[path].replace('"', " ").replace("=", " ").split() if len(word) > 10}
    for fact in found(path, FILES[path]):
        said = f"{fact.detail} {fact.mark}"
        assert not any(word in said for word in words)


@pytest.mark.parametrize(
    ("text", "kinds", "lines"),
    [
        (f"a\nb\nX={make.checked('ghp_')}\n", ["a GitHub token"], [3]),
        (f"PASSWORD={make.password()}\n\nAPI_KEY={make.drawn(32)}9\n", ["a password", "a key"], [1, 3]),
        (key("openssh"), ["an OpenSSH private key"], [1]),
        (key("openssh", "locked"), ["an OpenSSH private key, locked with a passphrase"], [1]),
        (key("pkcs1", "locked"), ["a private key, locked with a passphrase"], [1]),
        (key("pkcs8", "locked"), ["a private key, locked with a passphrase"], [1]),
        (pgp(0), ["an OpenPGP private key"], [1]),
        (pgp(254), ["an OpenPGP private key, locked with a passphrase"], [1]),
        (putty(), ["a PuTTY private key"], [1]),
        (putty("aes256-cbc"), ["a PuTTY private key, locked with a passphrase"], [1]),
        (f"  data: {b64encode(key('pkcs8').encode()).decode()}\n", ["a private key in base64"], [1]),
        (f"# password = {make.password()}\n", ["a password"], [1]),
        (make.web_token() + "\n", ["a JSON web token"], [1]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) and isinstance(value[0], str) else "text",
)
def test_what_each_is_and_where_it_stands(text: str, kinds: list[str], lines: list[int]) -> None:
    facts = found("app/some.conf", text)
    assert [fact.detail for fact in facts] == kinds
    assert [fact.line for fact in facts] == lines


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (f"pat{make.drawn(14)}.{make.drawn(64, HEX)}", "an Airtable token"),
        (f"dop_{'v1'}_{make.drawn(64, HEX)}", "a DigitalOcean token"),
        (f"shp{'at'}_{make.drawn(32, HEX)}", "a Shopify token"),
        (f"glsa_{make.drawn(32)}_{make.drawn(8, HEX)}", "a Grafana token"),
        (f"sqp_{make.drawn(40, HEX)}", "a SonarQube token"),
        (f"tskey-auth-{make.drawn(12)}-{make.drawn(32)}", "a Tailscale key"),
        (f"hooks.slack.com/services/T{make.drawn(8, UPPER)}/B{make.drawn(8, UPPER)}/{make.drawn(24)}", "a Slack webhook"),
        (f"AI{'za'}{make.drawn(35)}", "a Google API key"),
        (f"github_{'pat'}_{make.drawn(22)}_{make.drawn(59)}", "a GitHub token"),
        (f"sk-{'ant'}-api03-{make.drawn(93)}", "an Anthropic key"),
        (f"{make.drawn(2)}q8Q~{make.drawn(34)}", "an Azure secret"),
        (f"cio{make.drawn(32)}", "a crate registry token"),
        (f"rubygems_{make.drawn(48, HEX)}", "a RubyGems key"),
        (make.age(), "an age private key"),
        (make.macaroon(), "a PyPI token"),
    ],
    ids=lambda value: value.split(" ", 1)[1] if value.startswith(("a ", "an ")) else "token",
)  # fmt: skip
def test_tokens_of_services_in_any_text(token: str, kind: str) -> None:
    for text in (f"x {token}\n", f'{{"a":"{token}"}}', f"export A={token}\n", f"a\n{token}"):
        assert [fact.detail for fact in found("app/x.txt", text)] == [kind]
    assert found("app/x.txt", f"x word{token}\n") == [] or kind in {"a Slack webhook", "an Azure secret"}


BROKEN = make.checked("ghp_")[:-1] + "_"
MARK = "PRIVATE " + "KEY"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/x.conf", f"token={BROKEN[:-2]}zz "),
        ("app/x.conf", f"t {make.checked('npm_')[:-1]}- and ghp_{'a' * 36}"),
        ("app/x.txt", "AKIA" + "IOSFODNN7" + "EXAMPLE"),
        ("app/x.txt", make.web_token(b'{"sub":"1","name":"John Doe"}')),
        ("app/x.txt", make.web_token(alg="none")),
        ("app/x.txt", "eyJabcdefghijk.eyJabcdefghijk.abcdefghijk"),
        ("app/x.txt", f"-----BEGIN {MARK}-----\n...\n-----END {MARK}-----"),
        ("app/x.py", f'if "-----BEGIN {MARK}-----" in text: pass'),
        ("app/x.txt", "AGE-SECRET-" + "KEY-1" + "Q" * 58),
        ("app/x.txt", "postgres://user:password@host/db and https://me:secret99x@example.com/"),
        ("app/.env", "DB_PASSWORD=\nAPI_KEY=${API_KEY}\nTOKEN=<your token>\nSECRET_FILE=/run/secrets/x\n"),
        ("app/x.yml", "password: string\ntoken: {type: text}\nsecret: !vault x\npassword: Your new password\n"),
        ("app/x.py", "password = get_password()\ntoken = self.token\nsecret = os.environ['SECRET']\n"),
        ("app/x.py", "PASSWORD_FIELD = 'user_password_field'\nkey = 'authToken'\n"),
        ("app/x.conf", "#password_encryption = scram-sha-256\n# requirepass foobared\n; password = changeme\n"),
        ("app/x.properties", "error.password=Das Passwort ist falsch\n"),
        ("root/.docker/config.json", '{"auths": {"reg": {"auth": "bm9jb2xvbg=="}}}'),
        ("root/.docker/config.json", f'{{"auths": {{"reg": {{"auth": "{b64encode(b":password").decode()}"}}}}}}'),
        ("root/.docker/config.json", f'{{"auths": {{"reg": {{"auth": "{b64encode(b"username:").decode()}"}}}}}}'),
        ("root/.netrc", "machine x login y password $PASS\n"),
        ("app/x.bin", b"\0\0" + f"DB_PASSWORD={make.password()}".encode()),
        ("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n"),
        ("etc/nsswitch.conf", "passwd:  sss # by sssd\n"),
    ],
)  # fmt: skip
def test_what_is_no_secret(path: str, text: str | bytes) -> None:
    assert found(path, text) == []


@pytest.mark.parametrize(
    "path",
    [
        "usr/share/doc/x/example.conf", "usr/lib/x/helper.py", "usr/share/x/translations/de.json", "usr/lib/x/plain",
        "usr/local/lib/python3.12/test/keycert.pem", "opt/venv/lib/python3.11/site-packages/x/y.py", "usr/include/x.json",
        "app/node_modules/x/config.json", "usr/share/nodejs/x/package.json", "usr/src/linux-headers-6.1/.config",
        "root/go/pkg/mod/x/a.yml", "usr/local/cargo/registry/a.toml", "app/.git/objects/ab/cd", "var/lib/dpkg/info/x.sh",
        "app/locale/de.yml", "app/a.png", "app/README", "app/package-lock.json",
    ],
)  # fmt: skip
def test_what_is_not_looked_into(path: str) -> None:
    assert not is_looked_into(path)


@pytest.mark.parametrize(
    "path",
    [
        # The directories that official images are built around lie where packages have theirs.
        "usr/src/app/config/settings.yml", "usr/share/nginx/html/config.js", "usr/share/caddy/index.html",
        "usr/lib/cgi-bin/app", "usr/lib/systemd/system/app.service", "lib/systemd/system/app.service",
        "usr/lib/x/settings.ini", "usr/share/x/.env", "usr/local/bin/run", "app/registry/a.yml", "app/mod/a.yml",
        "app/objects/a.yml", "app/docs/a.yml", "app/lang/a.yml", "root/.npm/_logs/a.log", "root/.cache/pip/pip.conf",
        "app/node_modules/.npmrc", "app/vendor/own/.env", "etc/apt/sources.list.d/private.list", "app/private.asc",
        "app/aws/rootkey.csv", "app/main.js.map", "app/index.html", "etc/ssl/certs/own.pem",
    ],
)  # fmt: skip
def test_where_people_put_theirs_among_what_packages_have(path: str) -> None:
    assert is_looked_into(path)


def test_of_programs_only_scripts_are_read(tmp_path: Path) -> None:
    line = f"export TOKEN={make.checked('ghp_')}\n"
    layer = tar(info("usr/bin/run", f"#!/bin/sh\n{line}".encode()), info("usr/bin/data", line.encode()))
    (image,) = read_inventories(write(tmp_path / "a.tar", docker_save(layer)), ImageOptions())
    assert [fact.path for fact in image.files if fact.kind == "secret"] == ["usr/bin/run"]


def test_in_prose_a_name_tells_of_what_looks_drawn_by_lot_alone() -> None:
    assert found("app/lang/de.yml", f"password: Passwort{make.password()}\n") == []
    assert found("app/lang/de.yml", f"a: {make.checked('ghp_')}\n")


def test_large_and_tiny_files_are_not_looked_into() -> None:
    assert [is_looked_into("app/x", size) for size in (11, 12, LARGEST, LARGEST + 1)] == [False, True, True, False]


def test_a_file_in_two_byte_characters_is_read() -> None:
    assert found("app/x.ini", f"password={make.password()}\r\n".encode("utf-16"))


def test_very_many_secrets_are_counted() -> None:
    facts = found("app/.env", "".join(f"KEY{number}_PASSWORD={make.password()}\n" for number in range(50)))
    assert len(facts) == 21
    assert facts[-1].detail == "30 more secrets"


def test_as_many_secrets_as_are_told_are_not_counted() -> None:
    facts = found("app/.env", "".join(f"KEY{number}_PASSWORD={make.password()}\n" for number in range(20)))
    assert [fact.detail for fact in facts] == ["a password"] * 20


@pytest.mark.parametrize(("left", "broken"), [(1, False), (0, True)], ids=["the most", "one more"])
def test_so_many_places_are_searched(left: int, *, broken: bool) -> None:
    secrets = Secrets()
    secrets.left = left
    facts = secrets.read(AnalyzedFile("app/.env", f"PASSWORD={make.password()}\n".encode()))
    assert next(facts).detail == "a password"
    if broken:
        with pytest.raises(BrokenFileError, match="the rest was not searched"):
            next(facts)
    assert list(facts) == []


@pytest.mark.parametrize(
    ("path", "text", "detail"),
    [
        (
            "root/.dockercfg",
            f'{{"reg": {{"auth": "{b64encode(b"user:a-word").decode()}"}}}}',
            "a registry's credentials",
        ),
        ("etc/fstab", "//nas/a /mnt cifs username=me,password=Hk72x9 0 0\n", "a password"),
        ("etc/auto.nas", "a -fstype=cifs,username=me,password=Hk72x9 ://nas/a\n", "a password"),
        ("etc/openvpn/login", "somebody\nHk72x9qQ\n", "a password"),
    ],
)
def test_a_file_that_writes_secrets_in_a_way_of_its_own(path: str, text: str, detail: str) -> None:
    assert [fact.detail for fact in found(path, text)] == [detail]


def test_the_mark_tells_two_secrets_of_one_place_apart() -> None:
    one, other, same = (
        found("a/.env", f"PASSWORD={word}\n")[0].mark for word in ("Xy12!abcQ9", "Xy12!abcQ8", "Xy12!abcQ9")
    )
    assert one == same != other
    assert found("b/.env", "PASSWORD=Xy12!abcQ9\n")[0].mark != one


@pytest.mark.parametrize(
    ("path", "data", "cleared"),
    [
        ("app/.npmrc", b"registry=https://npm.corp/\n", True),
        ("app/.env", b"DEBUG=1\nPORT=80\n\n", True),
        ("app/.env.production", b"DEBUG=1\nPORT=80\n\n", True),
        ("app/tls.key", b"-----BEGIN CERTIFICATE-----\nMII", True),
        ("app/tls.key", b"anything else", False),
        ("app/tls.key", b"-----BEGIN PRIVATE KEY-----\nMII", False),
        ("root/.m2/settings.xml", b"<settings/>", True),
        ("root/.docker/config.json", b"{}", True),
        ("app/store.p12", b"\x30\x82\0\0", False),
        ("root/.netrc", b"machine x", False),
        ("root/.ssh/id_rsa", b"anything at all", False),
        ("app/.htpasswd", b"bob:x", False),
    ],
)
def test_whether_a_telling_name_is_cleared_by_what_the_file_holds(path: str, data: bytes, cleared: bool) -> None:  # noqa: FBT001  a table's column
    assert leftovers.is_cleared(path, data) is cleared


@pytest.mark.parametrize(
    "unit",
    ["://", "sk-", "eyJ", "password=", "SG.", "://a:b@", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", 'token":"',
     "<password>", "$6$", "LS0tLS1CRUdJTi", "PuTTY-User-Key-File-2: x\nEncryption: none\n", "secret ", "a.token:", "ghp_",
     ":AA", "Q~", "define('PASSWORD',", "_pass_pass"],
)  # fmt: skip
@pytest.mark.untraced
def test_texts_that_repeat_what_is_looked_for_end_soon(unit: str) -> None:
    """The largest file that is read: anything quadratic in it would take hours."""
    assert len(found("app/x.conf", (unit * (LARGEST // len(unit) + 1))[:LARGEST])) <= 21
    few, more = (lambda: found("app/x.conf", unit * 3000)), (lambda: found("app/x.conf", unit * 6000))
    assert grows(few, more) < 3


WHOLE = "\n".join(FILES.values()).encode()[:20000]


@draws(80)
@given(mutated(WHOLE))
def test_damaged_texts_are_survived(data: bytes) -> None:
    survives(Secrets(), "app/x.conf", data)


@draws(60)
@given(st.binary(max_size=400), st.sampled_from(sorted(FILES)))
def test_any_bytes_are_survived(data: bytes, path: str) -> None:
    survives(Secrets(), path, data)
    survives(Secrets(), path, FILES[path].encode()[: len(data)] + data)


def test_a_layer_of_nothing_but_beginnings_is_left_at_last() -> None:
    search, told = Secrets(), ""
    search.left = 50_000
    data = b"password=\n" * 50_000
    read = 0
    while not told and read < 9:
        read += 1
        try:
            assert list(search.read(AnalyzedFile("app/x.conf", data))) == []
        except BrokenFileError as broken:
            told = str(broken)
    assert "the rest was not searched" in told
    assert list(search.read(AnalyzedFile("app/.env", FILES["app/.env"].encode()))) == []

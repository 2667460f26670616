"""Secrets known by their names: each word of a table, each form of an assignment, and what is none has its row."""

from __future__ import annotations

from base64 import b64encode

import pytest

from sealock.model.finding import Confidence
from sealock.secrets.search import SecretMatch, find_anchors
from sealock.secrets.settings import find_by_name, find_name_words
from sealock.secrets.tokens import token_patterns
from sealock.secrets.values import find_secret, kind_of_name, mask

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def by_name(text: str, *, code: bool = False) -> list[SecretMatch]:
    return list(find_by_name(text, find_name_words(text.encode()), code=code))


NAME_WORDS = (
    "passw passphrase passcode _pass pwd secret token apikey api_key api-key api.key accesskey access_key access-key"
    " privatekey private_key credential _auth authkey auth_key encryption_key encryption-key signing_key signing-key"
    " master_key account_key masterauth requirepass psk app_key app.key jwt_key session_key cookie_key hmac_key fernet_key"
)


@pytest.mark.parametrize("word", NAME_WORDS.split())
def test_words_in_names_of_secrets_are_found_anywhere(word: str) -> None:
    text = f"xy{word}z{word.upper()}".encode()
    assert find_name_words(text) == [2, 3 + len(word)]
    # A search goes by pieces of 64 KiB: what lies on a border is found once.
    for before in (65535, 65536 - len(word), 65536, 65537):
        assert find_name_words(b" " * before + word.encode() + b" ") == [before]


def test_places_that_may_be_secrets_are_bounded() -> None:
    assert len(find_name_words(b"pwd " * 30_000)) == 20_000
    assert find_name_words(b"pwd " * 5)[-1] == 16
    for before in (65535, 65536, 65537):
        assert find_anchors(b" " * before + b"ghp_ ") == [(before, "ghp_")]
    assert 20_000 < len(find_anchors(b"ghp_" * 60_000)) < 40_000


def test_places_come_in_the_order_of_the_text_whatever_is_searched_first() -> None:
    anchors = sorted({prefix for prefix, _, _ in token_patterns()})
    for text in (" ".join(anchors), " ".join(reversed(anchors))):
        places = find_anchors(text.encode())
        assert len(places) >= len(anchors)
        assert places == sorted(places)


PASSWORD = "q7Zp1mWx9LdKv"


@pytest.mark.parametrize(
    ("text", "kind", "confidence"),
    [
        ("password=@", "a password", HIGH),
        ("password: @", "a password", HIGH),
        ("password => '@'", "a password", HIGH),
        ('password := "@"', "a password", HIGH),
        ('"password": "@",', "a password", HIGH),
        ("<password>@</password>", "a password", HIGH),
        ('<add key="password" value="@"/>', "a password", HIGH),
        ("define('DB_PASSWORD', '@');", "a password", HIGH),
        ("Server=x;User Id=sa;Password=@;", "a password", HIGH),
        ("Server=x;uid=sa;pwd={@};", "a password", HIGH),
        ("api.token=@", "a token", MEDIUM),
        ("pwd=@", "a password", HIGH),
        ("# password=@", "a password", HIGH),
        ("; password=@", "a password", HIGH),
        ("// password=@", "a password", HIGH),
        ("* password=@", "a password", HIGH),
        ("<!-- password=@", "a password", HIGH),
        ("-- password=@", "a password", HIGH),
        ("rem password=@", "a password", HIGH),
        ("dnl password=@", "a password", HIGH),
        ("APP_KEY=base64:@", "a key", HIGH),
        ("TOKEN=tokentokenX7\npassword=@", "a password", HIGH),
        ("passwd: @", "a password", HIGH),
        ("-password=@", "a password", HIGH),
        ("--db-password=@", "a password", HIGH),
        ("2.db_password=@", "a password", HIGH),
        ("..9password=@", "a password", HIGH),
        ("0password=@", "a password", HIGH),
        ("9=password=@", "a password", HIGH),
        ("x-9.password=@", "a password", HIGH),
        ("password:'@'", "a password", HIGH),
        ("password=@;", "a password", HIGH),
        ("password=@}", "a password", HIGH),
        ("password=@]", "a password", HIGH),
        ("password=@ # x", "a password", HIGH),
        ("password=@&x=y", "a password", HIGH),
        ("<x.password> @ </x.password>", "a password", HIGH),
        ('key="password"  value="@"', "a password", HIGH),
        ("( 'password' , '@' )", "a password", HIGH),
        ("uid=a; pwd = @;", "a password", HIGH),
        ("Username=a;Password=@", "a password", HIGH),
        ("user=a;password={@};x=y", "a password", HIGH),
        ("psk = '@'", "a password", HIGH),
    ],
)
def test_named_secrets_are_found_with_their_place(text: str, kind: str, confidence: Confidence) -> None:
    whole = "first line\n" + text.replace("@", PASSWORD) + "\n"
    matches = by_name(whole)
    start = whole.index(PASSWORD)
    assert [(match.kind, match.end, match.confidence) for match in matches] == [
        (kind, start + len(PASSWORD), confidence)
    ]
    assert whole[matches[0].start : matches[0].end].removeprefix("base64:") == PASSWORD


def test_a_secret_key_in_the_place_of_its_id_is_found_by_its_name() -> None:
    text = "AWS_ACCESS_KEY_ID=wJalrXUtnFEMIK7MDENGbPxRfiCYZQZQZQZKEYab"
    assert [(match.kind, match.start, match.confidence) for match in by_name(text)] == [("an AWS secret key", 18, HIGH)]


@pytest.mark.parametrize("sign", ["#", ";", "//", "*", "<!--", "--", "rem ", "dnl "])
def test_in_a_comment_a_password_must_look_random(sign: str) -> None:
    assert by_name(f"{sign}password=kwxhqv3z") == []
    assert len(by_name("password=kwxhqv3z")) == 1


def test_only_a_key_of_a_wireless_network_may_have_spaces() -> None:
    assert [match.kind for match in by_name("psk='two 9words xyz12'")] == ["a password"]
    assert by_name("password='two 9words xyz12'") == []


SERVICES = "files db compat nis nisplus ldap sss systemd winbind extrausers cache hesiod"


@pytest.mark.parametrize("service", SERVICES.split())
def test_services_of_names_are_no_passwords(service: str) -> None:
    assert by_name(f"passwd: {service}\n") == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f'password = "{PASSWORD}"', 1),
        (f"password = {PASSWORD}", 0),
        ('password = "kwxhqv3z"', 0),
        ('password = "kwxhqvzplmrt"', 0),
        ('password = "q7Zp_mWxvLdKv"', 0),
        ('password = "q7Zp_mWx9LdK3"', 1),
        ('password = "q7Zp-mWxvLdKv"', 1),
        ('password = "aaaa-1111-aaaa"', 0),
        (f"define('PASSWORD', '{PASSWORD}')", 1),
        ("define('PASSWORD', 'kwxhqv3z')", 1),
    ],
)
def test_in_programs_only_random_literals_are_secrets(text: str, count: int) -> None:
    assert [match.confidence for match in by_name(text, code=True)] == [
        MEDIUM if "define" not in text else HIGH if PASSWORD in text else MEDIUM
    ] * count


@pytest.mark.parametrize(
    "text",
    [
        "token=get_token(x)",
        "token=items[0]",
        "token=self.field.value",
        "token=process.env.X",
        "token=os.environ",
        "password=motdepasse",
        "password=пароль",
        "token=dummyXy7qPw2zLkwe",
        "token=abcdef7qPw2zLkwe",
        "token=Xy7 qPw2 zLkwe9",
        f"password={b64encode(b'changeme').decode()}",
        f"password={b64encode(b'password').decode()}",
        "kind: SealedSecret\npassword: q7Zp1mWx9LdKv\n",
        '{"kind":"SealedSecret","password": "q7Zp1mWx9LdKv"}',
        "token=cookiesession",
        "password",
        "password=\n",
        "--=q7Zp1mWx9LdKv",
        "-=password q7Zp1mWx9LdKv",
        "password=q7Zp1mWx9LdKv x",
        "password=q7Zp1mWx9LdKv(x",
        "<password>q7Zp1mWx9LdKv</passwort>",
        "(password, 'q7Zp1mWx9LdKv')",
        "password=get_password9(x)",
        "password=self.field9.value",
        "password='my 9 secret words'",
        f"password={'ghp_' + PASSWORD * 3}"[:53],
        f"{'password=' * 3}",
    ],
)
def test_named_values_that_are_no_secrets(text: str) -> None:
    assert by_name(text) == []


def test_only_the_sealed_document_is_left_out() -> None:
    secret, sealed = f"password: {PASSWORD}\n", "kind: SealedSecret\n"
    assert len(by_name(f"{secret}---\n{sealed}{secret}---\n{secret}")) == 2
    assert [match.start for match in by_name(f"{sealed}{secret}---\n{secret}")] == [len(sealed + secret) + 14]


REFERENCES = (
    "vault: op:// ssm: sm:// arn: file: env: secret: secretref: awssm: gcp: akv: bw:// doppler:// keyring: projects/"
    " @Microsoft.KeyVault enc: ENC[ ENC( !vault $ % @ & * < [ { ( / ./ ../ ~/ \\\\ C:\\ C:/ a${ a$( a{{ a://"
)


@pytest.mark.parametrize("start", REFERENCES.split())
def test_references_are_no_secrets(start: str) -> None:
    assert find_secret("DB_PASSWORD", f"{start}q7Zp1mWx9LdKv") is None
    assert find_secret("DB_PASSWORD", "q7Zp1mWx9LdKv") is not None


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DB_PASSWORD", "db_password", ("a password", LOW, True)),
        ("DB_PASSWORD", "changeme", ("a password", LOW, True)),
        ("DB_PASSWORD", "letmein", ("a password", LOW, False)),
        ("DB_PASSWORD", "abc", ("a password", LOW, False)),
        ("DB_PASSWORD", "kwxh", ("a password", MEDIUM, False)),
        ("DB_PASSWORD", "kwxhqv3", ("a password", MEDIUM, False)),
        ("DB_PASSWORD", "kwxhqv3z", ("a password", HIGH, False)),
        ("DB_PASSWORD", "kwxhqvzz", ("a password", MEDIUM, False)),
        ("DB_PASSWORD", "kwx hqv3z", ("a password", MEDIUM, False)),
        ("DB_PASSWORD", "12345", ("a password", MEDIUM, False)),
        ("API_TOKEN", "12345678", None),
        ("API_TOKEN", "cookies", ("a token", LOW, False)),
        ("API_TOKEN", "cookiesession", ("a token", LOW, False)),
        ("API_TOKEN", "cookie5", ("a token", LOW, False)),
        ("API_TOKEN", "cookie5session", ("a token", MEDIUM, False)),
        ("API_TOKEN", "cookie 5 session", ("a token", HIGH, False)),
        ("APP_SECRET", "cookiesession", ("a secret", MEDIUM, False)),
        ("APP_SECRET", "kwxhqv3zplmrtb9q", ("a secret", HIGH, False)),
        ("APP_SECRET", "kwxhqv3zplmrtb9", ("a secret", MEDIUM, False)),
        ("APP_SECRET", "aabb1aabb1aabb1aabb1", ("a secret", MEDIUM, False)),
        ("APP_SECRET", "example7qPw2zLkwe", ("a secret", LOW, False)),
        ("REGISTRY_AUTH", "q7Zp1mWx9LdKv", ("credentials", MEDIUM, False)),
        ("ACCESSKEY", "q7Zp1mWx9LdKv", ("a key", MEDIUM, False)),
        ("PASSWORD_HASH", "q7Zp1mWx9LdKv", ("a password hash", MEDIUM, False)),
        ("AWS_ACCESS_KEY_ID", "wJalrXUtnFEMIK7MDENGbPxRfiCYZQZQZQZKEYab", ("an AWS secret key", HIGH, False)),
        ("AWS_ACCESS_KEY_ID", "wJalrXUtnFEMIK7MDENGbPxRfiCYZQZQZQZKEYa", None),
        ("DB_PASSWORD", "'q7Zp1mWx9LdKv'", ("a password", HIGH, False)),
        ("DB_PASSWORD", ' " " ', None),
        ("DB_PASSWORD", "fixme", ("a password", LOW, True)),
        ("DB_PASSWORD", "your-password-here", ("a password", LOW, True)),
        ("DB_PASSWORD", "x-x.x", None),
        ("DB_PASSWORD", "/DFoL95WGReVL/eKeore/9D+vDct0mhxkWxGxjA4G0U=", ("a password", HIGH, False)),
        ("API_TOKEN", "fixme", None),
        ("API_TOKEN", "cookie 5 x", ("a token", LOW, False)),
        ("CLIENT_SECRET", "my-client-secret", ("a secret", LOW, True)),
        ("GOOGLE_API_KEY", "GOOGLE_API_KEY_VAL", ("a key", LOW, True)),
        ("CLIENT_SECRET", "my-client-secret5", ("a secret", HIGH, False)),
        ("CLIENT_SECRET", "my-other-secret", ("a secret", MEDIUM, False)),
        ("DB_PASSWORD", "my-database-password-for-the-service-that-nobody-may-ever-guess-so", ("a password", HIGH, False)),
        ("CLIENT_SECRET", "my-client-secret-é", ("a secret", MEDIUM, False)),
        ("CLIENT_SECRET", "-".join(["my-client-secret"] * 5), ("a secret", MEDIUM, False)),
        ("APP_KEY", "/AbcdEfghIjklMnopQrstUvwxYzabCdefGhijKlmnOpq", None),
        ("AWS_ACCESS_KEY_ID", "AbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAb", None),
    ],
)  # fmt: skip
def test_names_values_and_confidence(name: str, value: str, secret: tuple[str, Confidence, bool] | None) -> None:
    result = find_secret(name, value)
    assert (result and (result.kind, result.confidence, result.placeholder)) == secret


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("mysql -uroot -pTr0ub4dor -e x; mariadb -pTr0ub4dor", "mysql -uroot -p… -e x; mariadb -p…"),
        ("sshpass -p Tr0ub4dor ssh; sshpass -pTr0ub4dor ssh", "sshpass -p … ssh; sshpass -p… ssh"),
        ("curl -u bob:Tr0ub4dor --user eve:Tr0ub4dor x", "curl -u bob:… --user eve:… x"),
        ("docker login -p 'Tr0ub4dor' x", "docker login -p '…' x"),
        ("openssl x -passin pass:Tr0ub4dor -passout pass:Tr0ub4dor", "openssl x -passin pass:… -passout pass:…"),
        ("openssl x -pass pass:Tr0ub4dor", "openssl x -pass pass:…"),
        ("htpasswd -cb -B f me Tr0ub4dor", "htpasswd -cb -B f me …"),
        ("redis-cli -a Tr0ub4dorTr0ub4dor ping", "redis-cli -a Tr0u… ping"),
        ("a --password 'Tr0ub4dor x' --api-key q7Zp1mWx9LdKv", "a --password '…' --api-key …"),
        ('PASSWORD=Tr0ub4dor9 TOKEN="q7Zp1mWx9LdKvq7"', 'PASSWORD=… TOKEN="…"'),
        ("-H 'X-API-Key: q7Zp1mWx' -H 'X-Auth-Key: q7Zp1mWx'", "-H 'X-API-Key: …' -H 'X-Auth-Key: …'"),
        ("-H 'Proxy-Authorization: Basic q7Zp1mWx'", "-H 'Proxy-Authorization: Basic …'"),
        ("-H 'Authorization: token q7Zp1mWx'", "-H 'Authorization: token …'"),
        ("-H 'Authorization: Bearer your-token' -H 'X-API-Key: $KEY'", "-H 'Authorization: Bearer your-token' -H 'X-API-Key: $KEY'"),
        ("mysql -pfixme; mysql -p$PW", "mysql -pfixme; mysql -p$PW"),
        ("PASSWORD= TOKEN=q7Zp1mWx9LdKv PASSWORD=$PW", "PASSWORD= TOKEN=… PASSWORD=$PW"),
        ("a --password (x) --token q7Zp1mWx9LdKv", "a --password (x) --token …"),
    ],
)  # fmt: skip
def test_a_line_is_shown_without_its_secrets(line: str, masked: str) -> None:
    assert mask(line) == masked


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("INSTALL_SSHPASS", None),
        ("SKIP_PASSWORD", None),
        ("SSHPASS", "a password"),
        ("DB_INSTALL_PASSWORD", "a password"),
        ("ENABLE_PASSWORD", "a password"),
        ("INSTALL_TOKEN", "a token"),
        ("PASS_THROUGH", None),
        ("DB_PASSWORD_OLD", "a password"),
        ("GPG_SECRET", None),
        ("PGP_SECRET", None),
        ("GPG_PASSPHRASE", "a password"),
        ("GPG_PRIVATE_KEY", "a key"),
        ("WEBPASSWORD", "a password"),
        ("vncPasswd", "a password"),
        ("keypassphrase1", "a password"),
        ("NOPASSWORD", None),
        ("SKIP_VNCPASSWORD", None),
        ("DBPASSWORD_FILE", None),
        ("DBPASSWORDS", None),
    ],
)
def test_names_promise_a_kind_of_secret_or_none(name: str, kind: str | None) -> None:
    assert kind_of_name(name) == kind

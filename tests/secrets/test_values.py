"""Secrets are detected by shape and by name, and never shown whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.finding import Confidence
from sealock.secrets.values import find_in_text, find_secret, kind_of_name, mask, redact
from support.draws import draws
from support.linecount import lines_run

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("AKIAQ3EGRIPLKB2M7XYZ", "an AWS access key"),
        (f"ghp_{LETTERS}", "a GitHub token"),
        (f"github_pat_11ABCDEFG0{LETTERS}{LETTERS}", "a GitHub token"),
        ("glpat-abcDEF0123456789xyz_", "a GitLab token"),
        ("xoxb-123456789012-1234567890123-abcdefABCDEF", "a Slack token"),
        ("https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/abcdefghijklmnopqrst", "a Slack webhook"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "a Stripe key"),
        ("AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "a Google API key"),
        (f"npm_{LETTERS}", "an npm token"),
        (f"pypi-AgEIcHlwaS5vcmc{LETTERS}", "a PyPI token"),
        ("dckr_pat_abcdefghij-klmnopqrstuvwx", "a Docker access token"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "a JSON web token"),
        ("SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "a SendGrid key"),
        ("sk-proj-abc123DEF456ghi789JKL012mno345PQR678", "an OpenAI-style key"),
        ("sk-ant-api03-abcdefghij0123456789", "an Anthropic key"),
        ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "a Hugging Face token"),
        ("AGE-SECRET-KEY-1QQPQ9ZX0YF5MVQKJ4KZ6WPMT9RH2XGQSSGFDR7QWERTYUIOPASDF", "an age private key"),
        ("123456789:AAFabcdefghijklmnopqrstuvwxyz012345", "a Telegram bot token"),
        ("SK0123456789abcdef0123456789abcdef", "a Twilio key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----", "a private key"),
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        (
            (
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\nComment: A <a@b.example>\n\nlQOYBGV4YW1wbGUBCADKq0Fz7Xn5Vt1yR2m9\n"
                "-----END PGP PRIVATE KEY BLOCK-----"
            ),
            "a private key",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----<br>MHcCAQEEIDJq0Fz7Xn5Vt1yR2m9LkWsT3q<br>-----END EC PRIVATE KEY-----",
            "a private key",
        ),
        (
            "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP==",
            "an Azure storage key",
        ),
        ("postgres://app:Tr0ub4dor@db:5432/app", "a password in an address"),
        ("amqp://u:p%40ss1234@mq/", "a password in an address"),
        ("https://0123456789abcdef0123456789abcdef01234567@github.com/a/b", "a token in an address"),
        ("$6$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789abcdefghijk", "a password hash"),
    ],
)
def test_known_shapes_are_secrets_under_any_name(value: str, kind: str) -> None:
    assert getattr(find_secret("SOMETHING", value), "kind", None) == kind
    assert [secret[0] for secret in find_in_text(f"run --with '{value}' now")][:1] == [kind]


@pytest.mark.parametrize("body", ["", "...", "\\n", "YOUR_KEY", "${KEY}", "<your key>", "{{ key }}"])
def test_what_stands_for_a_private_key_is_none(body: str) -> None:
    text = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
    assert find_secret("SOMETHING", text) is None
    assert not [*find_in_text(f"run --with '{text}' now")]


@pytest.mark.parametrize(
    ("name", "value", "confidence"),
    [
        ("DB_PASSWORD", "Tr0ub4dor-and-3", HIGH),
        ("dbPassword", "Tr0ub4dor-and-3", HIGH),
        ("db.password", "tiger", MEDIUM),
        ("MYSQL_ROOT_PASSWORD", "root", LOW),
        ("PASSWORD", "changeme", LOW),
        ("RABBITMQ_DEFAULT_PASS", "guest1234", HIGH),
        ("JWT_SECRET", "0a1b2c3d4e5f6a7b8c9d", HIGH),
        ("SECRET_KEY_BASE", "0a1b2c3d4e5f6a7b8c9d", HIGH),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", LOW),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", LOW),
        ("API_KEY", "0a1b2c3d4e5f6a7b8c9d", HIGH),
        ("apikey", "0a1b2c3d4e5f6a7b8c9d", HIGH),
        ("NODE_AUTH_TOKEN", "0a1b2c3d4e5f6a7b8c9d", HIGH),
        ("DB_PASSWORD_PROD", "Tr0ub4dor-and-3", HIGH),
        ("GPG_PASSPHRASE", "", None),
        ("PGPASSWORD", "Tr0ub4dor-and-3", HIGH),
        ("ADMIN_PASSWORD1", "Tr0ub4dor-and-3", HIGH),
    ],
)
def test_a_name_makes_a_value_a_secret_with_some_confidence(
    name: str, value: str, confidence: Confidence | None
) -> None:
    secret = find_secret(name, value)
    assert (secret.confidence if secret else None) == confidence


@pytest.mark.parametrize(
    "value",
    [
        "token",
        "other)",
        "Kx()9pQ",
        'Kx("9pQ',
        "P@ss(w)ord1",
        "abc(def)Gh12",
        "Wd9.kq(",
        "self.tok-en1",
        "Kx['",
        "selfless.tok",
    ],
)
def test_signs_of_programs_alone_make_no_code(value: str) -> None:
    assert find_secret("TOKEN", value) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSWORD_FILE", "/run/secrets/db"),
        ("POSTGRES_PASSWORD_FILE", "db_password"),
        ("SECRET_NAME", "prod-db"),
        ("TOKEN_URL", "https://example.com/token"),
        ("TOKEN_TTL", "3600"),
        ("ACCESS_TOKEN_EXPIRY", "15m"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MAX_TOKENS", "4096"),
        ("KEYBOARD", "us"),
        ("PUBLIC_KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"),
        ("GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305"),
        ("GPG_KEYS", "7169605F62C751356D054A26A821E680E5FA6305"),
        ("NGINX_GPGKEY", "573BFD6B3D8FBC641079A6ABABF5BD827BD9BF62"),
        ("PYTHON_SHA256", "0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a1b"),
        ("CACHE_KEY", "0a1b2c3d4e5f6a7b8c9d"),
        ("PWD", "/app"),
        ("PASSWORD", ""),
        ("PASSWORD", "${DB_PASSWORD}"),
        ("PASSWORD", "$DB_PASSWORD"),
        ("PASSWORD", "$(cat /run/secrets/x)"),
        ("PASSWORD", "{{ vault.password }}"),
        ("PASSWORD", "<your-password>"),
        ("PASSWORD", "xxxxxxxx"),
        ("HF_TOKEN", "hf_xxx"),
        ("DB_PASSWORD", "my-XXX"),
        ("PASSWORD", "********"),
        ("API_KEY", "your-api-key-here"),
        ("API_KEY", "REPLACE_ME"),
        ("SECRET", "/run/secrets/x"),
        ("SECRET", "./secret.txt"),
        ("SECRET_KEY", "keys/server.pem"),
        ("TOKEN", "vault:secret/data/x#token"),
        ("TOKEN", "op://vault/item/field"),
        ("KAFKA_SSL_KEYSTORE_CREDENTIALS", "kafka01_keystore_creds"),
        ("SASL_CREDENTIALS", "etc/sasl-credentials"),
        ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes"),
        ("MYSQL_RANDOM_ROOT_PASSWORD", "1"),
        ("SECRET_KEY_BASE_DUMMY", "1"),
        ("SECRET_KEY_BASE", "dummy"),
        ("API_KEY", "invalid"),
        ("SSH_AUTH_SOCK", "/tmp/agent.sock"),
        ("CREDENTIALS_PROVIDER", "ec2"),
        ("SENTRY_DSN", "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/2"),
        ("DATABASE_URL", "postgres://app:${DB_PASSWORD}@db/app"),
        ("DATABASE_URL", "postgres://user:password@db/app"),
        ("HTTP_PROXY", "http://proxy.example.com:3128"),
        ("COMMIT", "0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d"),
        ("GITHUB_EXAMPLE", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("token", "f.read().strip()"),
        ("token", "read_token()"),
        ("token", 'getenv("TOKEN")'),
        ("token", "os.environ['TOKEN']"),
        ("token", 'cfg["token"]'),
        ("token", "new TokenSource()"),
        ("token", "await client.token(scope)"),
        ("token", "request.headers.get(name)"),
        ("token", "self.token"),
        ("token", "this.token"),
        ("token", "token)"),
        ("api_token", "api_token)),"),
    ],
)
def test_references_placeholders_and_settings_about_secrets_are_no_secrets(name: str, value: str) -> None:
    assert find_secret(name, value) is None


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("mysql -uroot -pTr0ub4dor -e 'select 1'", "Tr0ub4dor"),
        ("curl -u bob:Tr0ub4dor https://example.com/", "Tr0ub4dor"),
        ("curl --user=bob:Tr0ub4dor https://example.com/", "Tr0ub4dor"),
        ("curl -H 'Authorization: Bearer 0a1b2c3d4e5f' https://example.com/", "0a1b2c3d4e5f"),
        ('curl -H "PRIVATE-TOKEN: 0a1b2c3d4e5f" https://example.com/', "0a1b2c3d4e5f"),
        ("tool --password=Tr0ub4dor9", "Tr0ub4dor9"),
        ("tool --password Tr0ub4dor9 --verbose", "Tr0ub4dor9"),
        ('export PGPASSWORD="Tr0ub4dor9" && psql', "Tr0ub4dor9"),
        ("sshpass -p Tr0ub4dor ssh host", "Tr0ub4dor"),
        ("redis-cli -a Tr0ub4dor ping", "Tr0ub4dor"),
        ("docker login -u me -p Tr0ub4dor9 registry.example.com", "Tr0ub4dor9"),
        ("htpasswd -bc /etc/htpasswd me Tr0ub4dor", "Tr0ub4dor"),
        ("openssl rsa -in k -passin pass:Tr0ub4dor", "Tr0ub4dor"),
        ("npm config set //r.example.com/:_authToken=0a1b2c3d4e5f6a7b8c9d", "0a1b2c3d4e5f6a7b8c9d"),
        ("git clone https://me:Tr0ub4dor@example.com/x.git", "Tr0ub4dor"),
    ],
)
def test_secrets_in_command_lines_are_found_and_masked(line: str, hidden: str) -> None:
    assert find_in_text(line)
    assert hidden not in mask(line)
    assert "…" in mask(line)


@pytest.mark.parametrize(
    "line",
    [
        "mysql -uroot -p -e 'select 1'",
        "mysql -uroot -p$PW -e 'select 1'",
        "mkdir -p /srv/mysql && chown mysql /srv/mysql",
        "curl -u $USER:$TOKEN https://example.com/",
        'curl -H "Authorization: Bearer $(cat /run/secrets/t)" https://example.com/',
        "tool --password-file /run/secrets/p --token-url https://example.com/t",
        "docker login --password-stdin registry.example.com",
        "docker build --secret id=npm,src=.npmrc --secret id=other,env=OTHER_TOKEN .",
        "docker service create --secret source=site.key,target=site.key nginx && podman run --secret db,type=env,target=PW a",
        "git clone git@github.com:acme/x.git && git clone https://${TOKEN}@github.com/acme/x.git",
        "pip install 'tokenizers==0.20' && python -m pytest --keys a",
        "wget https://example.com/a@b/c:d",
        "echo 'deb [signed-by=/usr/share/keyrings/x.gpg] https://example.com/ x main'",
    ],
)
def test_command_lines_without_a_secret_are_left_as_they_are(line: str) -> None:
    assert mask(line) == line


def test_a_secret_is_never_shown_whole() -> None:
    assert redact("Tr0ub4dor") == "…"
    assert redact(f"ghp_{LETTERS}") == "ghp_…"


@pytest.mark.parametrize("name", ["x" * 300, "_", "", "1", "PASS", "PWD"])
def test_other_names_promise_no_secret(name: str) -> None:
    assert kind_of_name(name) is None


@draws(150)
@given(st.text(max_size=80), st.text(max_size=200))
def test_any_text_is_searched_and_every_place_lies_in_it(name: str, value: str) -> None:
    find_secret(name, value)
    last = 0
    for _, start, end in find_in_text(value):
        assert last <= start < end <= len(value)
        last = end


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        "://a:",
        "mysql -",
        "curl -u a:",
        "-----BEGIN ",
        "eyJ",
        "authorization: ",
        "a",
        "--token ",
        "\"'",
        "$6$",
    ],
)
def test_long_texts_take_linear_work(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    assert lines_run(lambda: find_in_text(text)) < 20 * len(text)


@pytest.mark.parametrize(
    "header", ["Authorization", "proxy-authorization", "X-Vault-Token", "X-API-Key", "api-key", "x-auth-key"]
)
def test_a_header_with_credentials_is_a_secret(header: str) -> None:
    assert [kind for kind, *_ in find_in_text(f"curl -H '{header}: Xy7qPw2zLk' https://e.com")] == [
        "credentials in a header"
    ]

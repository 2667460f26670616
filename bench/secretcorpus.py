"""Makes files with planted secrets, and files that only look so. Nothing here is a secret until it is asked for.

The same seed makes the same files. Each file has a kind, so that what is missed or wrongly reported can be named.
"""

from __future__ import annotations

import json
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import NamedTuple

from support.madesecrets import HEX, LETTERS, UPPER, Maker, key, putty

DIGITS = string.digits
BASE64 = LETTERS + "+/"
SMALL = string.ascii_lowercase + DIGITS
PLANTED, LOOK_ALIKES = 65, 216


class MadeFile(NamedTuple):
    """A file in an image: its kind, its path and its text."""

    kind: str
    path: str
    text: str


def planted(seed: int) -> list[MadeFile]:
    """The files with a secret each."""
    files = [MadeFile(*row) for row in (*_tokens(Maker(seed)), *_named(Maker(seed + 1)), *_formats(Maker(seed + 2)))]
    assert len(files) == PLANTED, len(files)
    return files


def look_alikes(seed: int) -> list[MadeFile]:
    """The files without a secret."""
    make = Maker(seed + 3)
    files = [
        MadeFile(kind, f"app/{at}/{name}", text)
        for kind, name, texts in _harmless(make)
        for at, text in enumerate(texts)
    ]
    assert len(files) == LOOK_ALIKES, len(files)
    return files


def letters(make: Maker, count: int) -> str:
    """Letters without a digit, small and capital ones mixed."""
    return make.drawn(count, string.ascii_letters)


def basic(user: str, password: str) -> str:
    """Name and password as basic authentication sends them."""
    return b64encode(f"{user}:{password}".encode()).decode()


def discord(make: Maker) -> str:
    """A bot's token: its number in base64, a time, a signature."""
    number = urlsafe_b64encode(make.drawn(18, DIGITS[1:]).encode()).decode().rstrip("=")
    return f"{number}.G{make.drawn(5)}.{make.drawn(38)}"


def slack(make: Maker) -> str:
    """A bot's token."""
    return f"xox{'b'}-{make.drawn(12, DIGITS[1:])}-{make.drawn(13, DIGITS[1:])}-{make.drawn(24)}"


def _tokens(make: Maker) -> Iterator[tuple[str, str, str]]:
    yield "AWS key id", "root/.aws/credentials", f"[default]\naws_access_key_id = {make.aws()}\n"
    yield "AWS secret under the id's name", "app/deploy.env", f"AWS_ACCESS_KEY_ID={make.drawn(40, BASE64)}\n"
    yield "GitHub", "app/ci.sh", f"git clone https://x-access-token:{make.checked('gh' + 'p_')}@git.corp/a/b\n"
    yield "GitHub, fine-grained", "app/a.py", f"T = 'github_{'pat'}_{make.drawn(22)}_{make.drawn(59)}'\n"
    yield "GitLab", "app/b.sh", f"curl -H 'PRIVATE-TOKEN: gl{'pat'}-{make.drawn(20)}' https://git.corp\n"
    yield "npm", "root/.npmrc", f"//npm.corp/:_authToken={make.checked('npm' + '_')}\n"
    yield "PyPI", "root/.pypirc", f"[pypi]\nusername = __token__\npassword = {make.macaroon()}\n"
    yield "Slack bot", "app/notify.js", f"const slack = new Slack('{slack(make)}');\n"
    numbers = "-".join(make.drawn(12, DIGITS[1:]) for _ in range(3))
    yield "Slack user", "app/n.rb", f"Slack.token = 'xox{'p'}-{numbers}-{make.drawn(32, HEX)}'\n"
    yield (
        "Slack app",
        "app/n.yml",
        f"app: xap{'p'}-1-A{make.drawn(10, UPPER)}-{make.drawn(13, DIGITS[1:])}-{make.drawn(64, HEX)}\n",
    )
    yield "Stripe", "app/pay.conf", f"key sk_{'live'}_{make.drawn(24)}\n"
    yield "SendGrid", "app/mail.js", f"const k = 'SG{'.'}{make.drawn(21)}7.{make.drawn(42)}1';\n"
    yield "Google", "app/maps.js", f"const k = 'AI{'za'}{make.drawn(34)}4';\n"
    yield "OpenAI", "app/ai.py", f"client = OpenAI('sk-{'proj'}-{make.drawn(60)}1')\n"
    yield "Anthropic", "app/ai.ts", f"const k = 'sk-{'ant'}-api03-{make.drawn(80)}';\n"
    yield "Hugging Face", "app/hub.py", f"login('hf{'_'}{make.drawn(33)}7')\n"
    yield "Hugging Face, letters only", "app/hub2.py", f"login('hf{'_'}{letters(make, 34)}')\n"
    yield "Hugging Face, letters only", "root/.cache/huggingface/token", f"hf{'_'}{letters(make, 34)}"
    yield "Telegram", "app/bot.ini", f"[bot]\ntok = {make.drawn(9, DIGITS[1:])}:A{'A'}{make.drawn(33)}\n"
    yield "Discord in code", "app/bot.py", f"import discord\nclient.run('{discord(make)}')\n"
    yield "Discord in settings", "app/.env", f"TOKEN={discord(make)}\n"
    yield "Discord in YAML", "app/bot.yml", f"discord:\n  token: {discord(make)}\n"
    yield "JSON web token", "app/token.txt", f"Bearer {make.web_token()}\n"
    yield "age key", "app/keys.txt", f"# created today\n{make.age()}\n"
    yield "Docker Hub", "app/dck.txt", f"dckr_{'pat'}_{make.drawn(27)}\n"
    yield (
        "Azure storage",
        "app/storage.cfg",
        f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={make.base64(64)}\n",
    )
    yield "New Relic", "app/newrelic.ini", f"license_key = {make.drawn(36, HEX)}NRAL\n"
    yield "New Relic, a region", "app/nr.js", f"exports.k = 'eu01xx{make.drawn(30, HEX)}NRAL'\n"
    signature = f"{make.drawn(42)}8%3D"
    address = f"https://a.blob.core.windows.net/b?sp=r&se=2030-01-01&sv=2022-11-02&sr=c&sig={signature}"
    yield "Azure, a shared address", "app/upload.sh", f"azcopy copy x '{address}'\n"


def _named(make: Maker) -> Iterator[tuple[str, str, str]]:
    yield "password in .env", "srv/.env", f"DB_PASSWORD={make.password()}\n"
    yield "password in YAML", "app/application.yml", f"spring:\n  datasource:\n    password: {make.password()}\n"
    yield "password in JSON", "app/appsettings.json", json.dumps({"Smtp": {"Password": make.password()}})
    yield "password in XML", "root/.m2/settings.xml", f"<server><password>{make.password()}</password></server>"
    yield "password in properties", "app/a.properties", f"spring.datasource.password={make.password()}\n"
    yield "password in a comment", "etc/app.conf", f"# password = {make.password()}\n"
    yield "letters-only password", "etc/mail.conf", f"smtp_password = {letters(make, 16)}\n"
    yield "WordPress", "var/www/wp-config.php", f"<?php define('DB_PASSWORD', '{make.password()}');\n"
    yield "Django", "app/settings.py", f"SECRET_KEY = '{make.drawn(46)}!42x'\n"
    yield "Laravel", "var/www/.env", f"APP_NAME=Shop\nAPP_KEY=base64:{make.base64(32)}\n"
    yield "Laravel in YAML", "app/compose.yml", f"    environment:\n      APP_KEY: base64:{make.base64(32)}\n"
    yield "Rails", "app/config/secrets.yml", f"production:\n  secret_key_base: {make.drawn(128, HEX)}\n"
    yield (
        "Terraform state",
        "srv/terraform.tfstate",
        json.dumps({"attributes": {"password": make.password()}}, indent=2),
    )
    yield "connection string", "app/web.config", f'"Server=db;User Id=sa;Password={make.drawn(13)}4;"\n'
    yield "odbc.ini", "etc/odbc.ini", f"[app]\nServer = db\nUID = app\nPWD = {make.password()}\n"
    yield "ODBC string", "app/odbc.txt", f"Driver=FreeTDS;Server=db;Uid=app;Pwd={make.password()};\n"
    yield "Kubernetes Secret", "app/secret.yaml", f"kind: Secret\ndata:\n  password: {make.base64(18)}\n"
    yield "address", "app/db.conf", f"url = postgres://app:{make.drawn(13)}7@db.corp:5432/app\n"
    yield "address, letters only", "app/mq.conf", f"url = amqp://app:{letters(make, 20)}@mq.corp/\n"
    yield (
        "address, small letters",
        "app/redis.conf",
        f"url: redis://:{make.drawn(20, string.ascii_lowercase)}@cache.corp:6379\n",
    )


def _formats(make: Maker) -> Iterator[tuple[str, str, str]]:
    yield (
        "basic authentication in code",
        "app/api.js",
        f"headers: {{ Authorization: 'Basic {basic('app', make.password())}' }}\n",
    )
    yield (
        "basic authentication in settings",
        "etc/proxy.conf",
        f'proxy_set_header Authorization "Basic {basic("app", make.drawn(16))}";\n',
    )
    yield (
        "wpa_supplicant",
        "etc/wpa_supplicant/wpa_supplicant.conf",
        f'network={{\n  ssid="home"\n  psk="{make.drawn(14)}"\n}}\n',
    )
    yield (
        "wpa_supplicant, words",
        "etc/wpa_supplicant/w.conf",
        f'network={{\n  psk="blue {make.drawn(6)}7 river {make.drawn(4)}"\n}}\n',
    )
    yield (
        "NetworkManager",
        "etc/NetworkManager/system-connections/home.nmconnection",
        f"[wifi-security]\npsk={make.drawn(64, HEX)}\n",
    )
    yield "fstab", "etc/fstab", f"//nas/share /mnt cifs username=app,password={make.password()},uid=1000 0 0\n"
    yield "fstab, last option", "srv/etc/fstab", f"//nas/share /mnt cifs user=app,pass={make.drawn(12)} 0 0\n"
    yield "OpenVPN login", "etc/openvpn/auth.txt", f"app\n{make.password()}\n"
    yield (
        "OpenVPN, inline",
        "etc/openvpn/client.conf",
        f"client\n<auth-user-pass>\napp\n{make.drawn(14)}\n</auth-user-pass>\n",
    )
    yield "netrc", "root/.netrc", f"machine git.corp login bob password {make.password()}\n"
    yield "pgpass", "root/.pgpass", f"db.corp:5432:app:app:{make.password()}\n"
    yield (
        "Docker login",
        "root/.docker/config.json",
        json.dumps({"auths": {"reg.corp": {"auth": basic("bob", make.password())}}}),
    )
    yield (
        "Composer",
        "root/.composer/auth.json",
        json.dumps({"github-oauth": {"github.com": make.drawn(40, HEX)}}, indent=4),
    )
    yield "Bundler", "usr/local/bundle/config", f'---\nBUNDLE_GEMS__CORP__COM: "bob:{make.drawn(20)}7"\n'
    yield "private key", "app/tls.key", key("pkcs8")
    yield "PuTTY key", "app/me.ppk", putty()


_TRANSLATIONS = (
    "Passwort", "Wachtwoord", "Lösenord", "Contraseña", "Mot de passe", "Palavra-passe", "Password", "Hasło", "Heslo",
    "Пароль", "パスワード", "密码", "비밀번호", "Salasana", "Jelszó", "Şifre",
)  # fmt: skip
_BASIC = ("authentication", "usage", b64encode(b"user:pass").decode(), "configuration")
_CAMEL = "AutoModelForSequenceClassificationOutput"
_REFERENCES = (
    "${DB_PASSWORD}", "$DB_PASSWORD", "{{ vault.db }}", "<password>", "/run/secrets/db", "vault:secret/data/db#pw",
    "op://infra/db/password", "ENC[AES256_GCM,data:abc123,iv:xyz9,tag:t1,type:str]", "%env(DB_PASSWORD)%",
    "arn:aws:secretsmanager:eu-west-1:1:secret:db", "!vault |", "env:DB_PASSWORD",
)  # fmt: skip
_EXAMPLES = (
    "changeme", "CHANGE_ME", "!changeme!", "change-me-to-something-secure", "your-password-here", "example", "xxxxxxxx",
    "********", "REPLACE_ME", "todo", "dummy", "placeholder",
)  # fmt: skip
_ECHOES = (
    "DB_PASSWORD=db_password", "CLIENT_SECRET=CLIENT_SECRET", "api_key=api-key", "ACCESS_TOKEN=access_token",
    "smtp_password=smtpPassword", "JWT_SECRET=jwt_secret", "user_password=user_password", "authToken=authToken",
    "SECRET_KEY=my-secret-key", "REDIS_PASSWORD=redispassword",
)  # fmt: skip
_URLS = (
    "postgres://user:password@localhost/db", "https://example.com:8443/path@x", "redis://localhost:6379/0",
    "mongodb://${USER}:${PASS}@db/app", "amqp://guest:guest@mq:5672", "http://user:pass@proxy.example.com",
    "git+ssh://git@github.com/a/b", "https://username:yourpassword@host/x", "ftp://anonymous@ftp.corp/pub",
    "postgres://postgres:postgres@db:5432/app", "https://sentry.corp/12?k=@x", "s3://bucket@region/key",
)  # fmt: skip
_CODE = (
    "password = request.form['password']", "const token = getToken();", "if (password == null) throw e;",
    'secret := os.Getenv("APP_SECRET")', "self.api_key = settings.API_KEY", "token: process.env.TOKEN,",
    "def reset_password(token: str) -> None:", "PASSWORD_HASHERS = ['PBKDF2PasswordHasher']",
    "password_validator = 'MinimumLengthValidator'", "var apiKey = config.apiKey;",
)  # fmt: skip


def _harmless(make: Maker) -> Iterator[tuple[str, str, list[str]]]:
    """A kind of look-alike, the name of its files, and their texts."""
    yield "Slack-like words", "s.py", [f"t = 'xox{'b'}-not-a-real-token-{at}'\n" for at in range(12)]
    yield "Slack-like placeholder", "s.yml", [f"slack: xox{'bp'[at % 2]}-your-slack-token-{at}\n" for at in range(6)]
    yield "SealedSecret", "sealed.yaml", [_sealed(make) for _ in range(8)]
    yield "sops", "sops.yaml", [_sops(make) for _ in range(6)]
    yield "translation", "ui.json", [json.dumps({"password": word}, ensure_ascii=False) for word in _TRANSLATIONS]
    yield "echo of the name", "e.env", [f"{echo}\n" for echo in _ECHOES]
    yield "reference", "r.env", [f"DB_PASSWORD={reference}\n" for reference in _REFERENCES]
    yield "placeholder", "p.yml", [f"password: {example}\n" for example in _EXAMPLES]
    yield "address", "u.conf", [f"url = {url}\n" for url in _URLS]
    yield "code", "c.py", [f"{line}\n" for line in _CODE]
    yield "digest", "d.txt", [f"sha256:{make.drawn(64, HEX)}  file-{at}\n" for at in range(12)]
    yield "integrity", "i.html", [f'<script integrity="sha384-{make.base64(48)}"></script>\n' for _ in range(8)]
    yield "UUID", "id.yml", [f"id: {'-'.join(make.drawn(n, HEX) for n in (8, 4, 4, 4, 12))}\n" for _ in range(8)]
    yield "commit", "v.txt", [f"commit {make.drawn(40, HEX)}\n" for _ in range(6)]
    yield "public key", "k.txt", [f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{make.base64(32)[:43]} me\n" for _ in range(6)]
    yield "certificate", "c.pem", [_certificate(make) for _ in range(6)]
    yield "image in base64", "b.html", [f'<img src="data:image/png;base64,{make.base64(90)}">\n' for _ in range(6)]
    yield "basic words", "basic.txt", [f"Basic {_BASIC[at % 4]} of part {at}\n" for at in range(8)]
    policies = [f"password_min_length = {at + 8}\ntoken_ttl = {at * 600}\n" for at in range(8)]
    yield "policy on passwords", "pw.conf", policies
    files = [f"DB_PASSWORD_FILE=/run/secrets/db{at}\nTOKEN_URL=https://id.corp/t\n" for at in range(6)]
    yield "file of a secret", "f.env", files
    yield "working directory", "env.txt", [f"PWD=/srv/app{at}\nOLDPWD=/root\n" for at in range(6)]
    yield "camel case after hf_", "h.py", [f"hf_{_CAMEL[: 34 + at]}()\n" for at in range(6)]
    yield (
        "attribute",
        "n.js",
        [f"import discord from 'discord';\nModule.config.setting{at}.value\n" for at in range(10)],
    )
    names = [f"const k = '{word}NRAL';\n" for word in ("0" * 40, "YOUR_LICENSE_KEY_", "1234567890" * 4, "JOU")]
    yield "New Relic-like words", "n.js", names
    logins = ("<token>", "your-github-token-here-1", "${GITHUB_TOKEN}", "GITHUB_OAUTH_TOKEN_2_INSERT")
    yield "Composer placeholder", "auth.json", [json.dumps({"github-oauth": {"github.com": at}}) for at in logins]
    settings = ("WITHOUT: development:test", "GEM__TEST: rspec", "BUILD__PG: --with-pg:/opt/pg9", "X__Y: user:password")
    yield "Bundler settings", "config.yml", [f"BUNDLE_{at}\n" for at in settings]
    signed = ("v=1&sig=abc", f"sv=2&sig={make.drawn(43)}=", "sv=2022-11-02&sig=<signature>", "se=2022-01-01&sig=...")
    yield "other signed addresses", "u.sh", [f"curl 'https://a.corp/x?{at}'\n" for at in signed]


def _sealed(make: Maker) -> str:
    data = "Ag" + make.base64(420)[2:]
    return f"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec:\n  encryptedData:\n    password: {data}\n"


def _certificate(make: Maker) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{make.base64(300)}\n-----END CERTIFICATE-----\n"


def _sops(make: Maker) -> str:
    value = f"ENC[AES256_GCM,data:{make.base64(12)},iv:{make.base64(32)},tag:{make.base64(16)},type:str]"
    return f"password: {value}\napi_key: {value}\nsops:\n  mac: {value}\n"

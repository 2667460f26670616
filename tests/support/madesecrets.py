"""Makes secrets for tests. None stands in this repository: each is put together when it is asked for."""

from __future__ import annotations

import json
import random
import string
from base64 import b64encode, urlsafe_b64encode
from binascii import crc32
from functools import cache

from cryptography.hazmat.primitives import serialization as to
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


class Maker:
    """The same secrets each time for the same seed."""

    def __init__(self, seed: int = 20) -> None:
        self.chance = random.Random(seed)  # noqa: S311  made-up secrets are to be the same each time

    def drawn(self, count: int, letters: str = LETTERS) -> str:
        return "".join(self.chance.choice(letters) for _ in range(count))

    def password(self) -> str:
        return self.drawn(11) + "7aQ!"

    def checked(self, prefix: str) -> str:
        """A token as GitHub and npm make it, with check digits."""
        body = self.drawn(30)
        value, digits = crc32(body.encode()), ""
        for _ in range(6):
            value, digit = divmod(value, 62)
            digits = BASE62[digit] + digits
        return prefix + body + digits

    def aws(self) -> str:
        return "AK" + "IA" + self.drawn(16, string.ascii_uppercase + "234567")

    def web_token(self, claims: bytes = b'{"sub":"deploy","iat":1790000000}', alg: str = "HS256") -> str:
        parts = (json.dumps({"alg": alg, "typ": "JWT"}).encode(), claims, self.chance.randbytes(32))
        return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    def macaroon(self) -> str:
        return "py" + "pi-AgEI" + urlsafe_b64encode(b"cHlwaS5v" + self.chance.randbytes(120)).decode().rstrip("=")

    def age(self) -> str:
        data = [self.chance.randrange(32) for _ in range(52)]
        kind = "age-secret-key-"
        spread = [ord(one) >> 5 for one in kind] + [0] + [ord(one) & 31 for one in kind]
        check = _polymod([*spread, *data, 0, 0, 0, 0, 0, 0]) ^ 1
        data += [check >> 5 * (5 - place) & 31 for place in range(6)]
        return f"{kind}1{''.join(_BECH32[one] for one in data)}".upper()

    def base64(self, count: int) -> str:
        return b64encode(self.chance.randbytes(count)).decode()


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if (top >> bit) & 1 else 0
    return check


@cache
def key(kind: str, passphrase: str = "") -> str:
    """A new private key: "pkcs1", "pkcs8" or "openssh"."""
    lock = to.BestAvailableEncryption(passphrase.encode()) if passphrase else to.NoEncryption()
    if kind == "openssh" and passphrase:  # which cryptography makes only with another library's help
        data = b"openssh-key-v1\0" + b"".join(
            len(one).to_bytes(4, "big") + one for one in (b"aes256-ctr", b"bcrypt", Maker().chance.randbytes(200))
        )
        mark = "OPENSSH PRIVATE " + "KEY"
        return f"-----BEGIN {mark}-----\n{b64encode(data).decode()}\n-----END {mark}-----\n"
    if kind == "openssh":
        made = ed25519.Ed25519PrivateKey.generate()
        return made.private_bytes(to.Encoding.PEM, to.PrivateFormat.OpenSSH, lock).decode()
    shape = to.PrivateFormat.TraditionalOpenSSL if kind == "pkcs1" else to.PrivateFormat.PKCS8
    return rsa.generate_private_key(65537, 2048).private_bytes(to.Encoding.PEM, shape, lock).decode()


def putty(encryption: str = "none") -> str:
    """A key as PuTTY writes it."""
    maker = Maker()
    return (
        f"PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: {encryption}\r\nComment: me\r\nPublic-Lines: 2\r\n"
        f"{maker.drawn(64)}\r\n{maker.drawn(20)}\r\nPrivate-Lines: 1\r\n{maker.drawn(44)}\r\n"
        f"Private-MAC: {maker.drawn(64, HEX)}\r\n"
    )


def pgp(usage: int) -> str:
    """An armoured secret-key packet with an RSA key; `usage` 0 leaves its numbers plain."""
    body = b"\4" + bytes(4) + b"\1" + (8).to_bytes(2, "big") + b"\xff" + (17).to_bytes(2, "big") + b"\1\0\1"
    body += bytes([usage]) + Maker().chance.randbytes(90)
    packet = b"\x95" + len(body).to_bytes(2, "big") + body
    mark = "PGP PRIVATE " + "KEY BLOCK"
    return f"-----BEGIN {mark}-----\nVersion: x\n\n{b64encode(packet).decode()}\n=abcd\n-----END {mark}-----\n"


def files() -> dict[str, str]:
    """Files as people leave them in images, each with a secret or more."""
    make = Maker()
    return {
        "app/.npmrc": f"registry=https://npm.corp/\n//npm.corp/:_authToken={make.checked('npm_')}\n",
        "root/.pypirc": f"[index]\nusername = __token__\npassword = {make.macaroon()}\n",
        "root/.netrc": f"machine git.corp login bob password {make.password()}\n",
        "root/.docker/config.json": json.dumps(
            {"auths": {"reg.corp": {"auth": b64encode(f"bob:{make.password()}".encode()).decode()}}}
        ),
        "root/.aws/credentials": f"[default]\naws_access_key_id = {make.aws()}\n"
        f"aws_secret_access_key = {make.drawn(40, LETTERS + '/+')}\n",
        "root/.git-credentials": f"https://bob:{make.checked('ghp_')}@git.corp\n",
        "root/.kube/config": f"users:\n- user:\n    client-key-data: {b64encode(key('pkcs1').encode()).decode()}\n"
        f"    token: {make.drawn(32)}\n",
        "srv/terraform.tfstate": json.dumps({"resources": [{"attributes": {"password": make.password()}}]}, indent=2),
        "app/.env": f"DB_PASSWORD={make.password()}\nDATABASE_URL=postgres://app:{make.drawn(12)}1@db.corp:5432/app\n",
        "app/settings.py": f"SECRET_KEY = '{make.drawn(46)}!42x'\n",
        "app/config/application.yml": f"spring:\n  datasource:\n    password: {make.password()}\n",
        "app/config/application.properties": f"spring.datasource.password={make.password()}\n",
        "root/.ssh/id_rsa": key("openssh"),
        "app/tls.key": key("pkcs8"),
        "app/old.pem": key("pkcs1"),
        "app/service-account.json": json.dumps({"type": "service_account", "private_key": key("pkcs8")}),
        "app/me.ppk": putty(),
        "app/backup.txt": pgp(0),
        "app/keys.txt": f"# created today\n{make.age()}\n",
        "app/slack.sh": f"notify xoxb-{make.drawn(12, HEX[:10])}-{make.drawn(12, HEX[:10])}-{make.drawn(24)}\n",
        "app/ci.sh": f"curl -H 'PRIVATE-TOKEN: glpat-{make.drawn(20)}' https://git.corp\n",
        "app/mail.js": f"const k = 'SG.{make.drawn(21)}7.{make.drawn(42)}1';\n",
        "app/pay.conf": f"key sk_{'live'}_{make.drawn(24)}\n",
        "app/token.txt": f"Bearer {make.web_token()}\n",
        "app/wp-config.php": f"<?php define('DB_PASSWORD', '{make.password()}');\n",
        "root/.m2/settings.xml": f"<servers><server><password>{make.password()}</password></server></servers>",
        "root/.pgpass": f"db.corp:5432:app:app:{make.password()}\n",
        "etc/redis/redis.conf": f"# requirepass foobared\nrequirepass {make.drawn(20)}\n",
        "home/me/.vault-token": f"hvs.{make.drawn(90)}",
        "app/storage.cfg": f"c=DefaultEndpointsProtocol=https;AccountName=x;AccountKey={make.base64(64)};Suffix=x\n",
        "app/dck.txt": f"dckr_{'pat'}_{make.drawn(27)}\n",
        "app/bot.ini": f"[bot]\ntok = {make.drawn(9, '123456789')}:AA{make.drawn(33)}\n",
        "app/appsettings.json": json.dumps({"Default": f"Server=db;User Id=sa;Password={make.drawn(13)}4;"}),
        "app/secret.yaml": f"kind: Secret\ndata:\n  password: {make.base64(18)}\n",
        "app/users.txt": f"root:$6${make.drawn(12)}${make.drawn(86)}:19000:0:99999:7:::\n",
        "app/NuGet.config": f'<add key="ClearTextPassword" value="{make.password()}" />\n',
    }

"""What the recorded commands of `sealock trust` meet: a notary server, keys of Notation's signers, and trust policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from support.cosignworld import stretched_cheaply
from support.notationworld import Holder
from support.simulators.notary import NotarySimulator, notary
from support.simulators.registry import RegistrySimulator

RECORDS: Final = frozenset({"signatures", "notary", "notation"})
"""The records of commands whose keys, and so ids and digests, are new each time."""
DIFFERS: Final = (
    (re.compile(r"\b20\d\d-\d\d-\d\d(T\S+Z)?"), "DAY"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "ID"),
    (re.compile(r"\b(about )?\d+ days\b"), "DAYS"),
    (re.compile(r'"(?=[^"]*[a-z])[A-Za-z0-9+/=_-]{40,}"'), '"BASE64"'),
    (re.compile(r'"(timestamp|hint)": ("[^"]+"|\d+)'), r'"\1": "VALUE"'),
)
_LONG: Final = (-30, 36500)
"""The days that certificates are valid, from the world's own day."""


@contextmanager
def trust_commands(here: Path, host: str) -> Iterator[tuple[NotarySimulator, dict[str, str]]]:
    """Write the files of a directory; a notary server, and the environment of commands while it runs."""
    _policies(here, host)
    _notation(here, host)
    numbers = count(1)

    def made(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
        """A key that is the same in each run, since lists of keys are in the order of their ids."""
        return ec.derive_private_key(next(numbers), curve)

    with (
        notary() as server,
        patch("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply),
        patch.object(ec, "generate_private_key", made),
    ):
        yield (
            server,
            {
                "DOCKER_CONFIG": str(here / "docker"),
                "DOCKER_CONTENT_TRUST_SERVER": server.address,
                "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": "a root passphrase",
                "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "another passphrase",
                "COSIGN_PASSWORD": "a password",
                "XDG_CONFIG_HOME": str(here / "config"),
            },
        )


def pushed(server: RegistrySimulator, repository: str) -> str:
    """What a repository holds besides images: each manifest, with the JSON of its parts."""
    lines: list[str] = []
    for name, (_, raw) in server.manifests.get(repository, {}).items():
        table = json.loads(raw)
        parts = [part for part in (table.get("config"), *table.get("layers", ())) if part]
        if not ({"subject", "artifactType"} & table.keys() or name.endswith((".sig", ".att"))):
            continue
        lines += [f"--- {name}", json.dumps(table, indent=1)]
        for part in parts:
            try:
                lines.append(json.dumps(json.loads(server.blobs[part["digest"]]), indent=1))
            except ValueError:
                lines.append("not JSON")
    return "\n".join([*lines, ""])


def _policies(here: Path, host: str) -> None:
    (here / "signed.toml").write_text(
        f"""\
[trust]
default = "refuse"
[[trust.image]]
match = ["{host}/app"]
cosign = {{ keys = ["cosign.pub"] }}
[[trust.image]]
match = ["{host}/app:2"]
require = "any"
cosign = {{ keys = ["cosign.pub", "other.pub"], threshold = 2 }}
notary = {{ first-use = true }}
[[trust.image]]
match = ["{host}/multi"]
cosign = {{ keys = ["cosign.pub"] }}
[[trust.image.attestation]]
type = "custom"
keys = ["cosign.pub"]
[[trust.image]]
match = ["{host}/multi:arm"]
mode = "warn"
refuse = "not any more"
""",
        encoding="utf-8",
    )
    (here / "notation.toml").write_text(
        f"""\
[trust]
[[trust.image]]
match = ["{host}/*"]
notation = {{ policy = "trustpolicy.json", store = "notation" }}
digest = true
""",
        encoding="utf-8",
    )


def _notation(here: Path, host: str) -> None:
    root, other = (Holder("root", authority=True, days=_LONG) for _ in range(2))
    signer = Holder("signer", root, days=_LONG)
    (here / "signer.key").write_bytes(signer.pem())
    for name, ders in (("signer", signer.chain), ("root", root.chain), ("other", other.chain)):
        pems = (x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in ders)
        (here / f"{name}.pem").write_bytes(b"".join(pems))
    for store in ("notation", "config/notation"):
        where = here / store / "trust-store/x509/ca/mine"
        where.mkdir(parents=True)
        (where / "root.pem").write_bytes((here / "root.pem").read_bytes())
    statement = {
        "name": "mine",
        "registryScopes": [f"{host}/app"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:mine"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=example"],
    }
    known = {"name": "none", "registryScopes": [f"{host}/multi"], "signatureVerification": {"level": "skip"}}
    policy = json.dumps({"version": "1.0", "trustPolicies": [statement, known]})
    (here / "trustpolicy.json").write_text(policy, encoding="utf-8")
    (here / "config/notation/trustpolicy.json").write_text(policy, encoding="utf-8")
    mine = {"name": "mine", "keyPath": str(here / "signer.key"), "certPath": str(here / "signer.pem")}
    keys = json.dumps({"default": "mine", "keys": [mine]})
    (here / "config/notation/signingkeys.json").write_text(keys, encoding="utf-8")

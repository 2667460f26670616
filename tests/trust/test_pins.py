"""Pins: which one holds for a repository, and what it lets through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from sealock.errors import PolicyError
from sealock.trust.notary.metadata import NotaryKey
from sealock.trust.pins import Pin, Pins, merged, pin_of, read_pins
from sealock.trust.refusal import MetadataRefusedError
from support.notaryworld import World, world
from support.simulators.notary import NOW

A, B, C = (frozenset({letter * 64}) for letter in "abc")
PINS = Pins(
    {"example.com/app": A, "example.com/*": B, "example.com/team/*": C, "example.net/a*": A, "example.net/x": B},
    {"example.org/": b"one", "example.org/team/": b"two"},
    source="a file",
)


@pytest.mark.parametrize(
    ("repository", "ids", "authorities"),
    [
        ("example.com/app", A, None),
        ("example.com/app2", B, None),
        ("example.com/team/app", C, None),
        ("example.org/app", None, b"one"),
        ("example.org/team/app", None, b"two"),
        ("example.net/app", A, None),
        ("example.net/a", A, None),
        # A pin without a star is of one repository, and one with it of what begins so.
        ("example.net/b", None, None),
        ("example.net/xy", None, None),
        ("example.edu/app", None, None),
    ],
)
def test_the_nearest_pin_holds(repository: str, ids: frozenset[str] | None, authorities: bytes | None) -> None:
    assert pin_of(PINS, repository) == Pin(ids, authorities, True, "a file")


def test_of_two_configurations_both_count_and_the_stricter_about_first_use() -> None:
    both = merged(Pins({"a": A}, source="x"), Pins({"a": B, "b": B}, first_use=False, source="y"))
    assert (both.certificates, both.first_use, both.source) == ({"a": A, "b": B}, False, "x, y")


def load(path: str) -> bytes:
    if path == "ca.pem":
        return b"-----BEGIN CERTIFICATE-----"
    return b"nothing"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "f.json is not JSON"),
        ('{"trust_pinning": []}', "f.json is invalid: Expected `object | null`, got `array` - at `$.trust_pinning`"),
        (
            '{"trust_pinning": {"cert": {}}}',
            "f.json is invalid: Object contains unknown field `cert` - at `$.trust_pinning`",
        ),
        ('{"trust_pinning": {"certs": []}}', "got `array` - at `$.trust_pinning.certs`"),
        (
            '{"trust_pinning": {"certs": {"x": "y"}}}',
            "f.json: trust_pinning.certs.x is invalid: Expected `array`, got `str`",
        ),
        (
            '{"trust_pinning": {"disable_tofu": "yes"}}',
            "Expected `bool`, got `str` - at `$.trust_pinning.disable_tofu`",
        ),
        ('{"trust_pinning": {"ca": {"x": 5}}}', "f.json: trust_pinning.ca.x is invalid: Expected `str`, got `int`"),
        ('{"trust_pinning": {"ca": {"x": "no.pem"}}}', "names no.pem, which has no PEM certificates"),
    ],
)
def test_a_pin_that_is_spelled_wrongly_is_no_lack_of_pins(text: str, words: str) -> None:
    with pytest.raises(PolicyError) as error:
        read_pins(text, "f.json", load)
    assert words in str(error.value)


def test_pins_are_read_as_notary_writes_them() -> None:
    table = {"trust_pinning": {"certs": {"a": ["AB"]}, "ca": {"b": "ca.pem"}, "disable_tofu": True}}
    found = read_pins(json.dumps(table), "f.json", load)
    assert found == Pins({"a": frozenset({"ab"})}, {"b": b"-----BEGIN CERTIFICATE-----"}, False, "f.json")
    assert read_pins('{"auths": {}}', "f.json", load) is None


PEM = b"-----BEGIN CERTIFICATE-----"


@pytest.mark.parametrize(("length", "sound"), [(1 << 20, True), ((1 << 20) + 1, False)], ids=["the most", "one more"])
def test_the_authorities_of_a_pin_are_of_a_mebibyte_at_most(length: int, *, sound: bool) -> None:
    text = json.dumps({"trust_pinning": {"ca": {"x": "ca.pem"}}})
    raw = PEM + b" " * (length - len(PEM))
    if sound:
        assert read_pins(text, "f.json", lambda _: raw) is not None
    else:
        with pytest.raises(PolicyError, match="no PEM certificates"):
            read_pins(text, "f.json", lambda _: raw)


# Authorities.


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


class Authority:
    """Issues certificates."""

    def __init__(
        self,
        name: str,
        above: Authority | None = None,
        *,
        ca: bool = True,
        length: int | None = None,
        until: datetime = NOW + timedelta(days=9),
        critical: str = "",
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(self.name, self.key.public_key(), above or self, until)
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=length), critical=True)
        if critical:
            builder = builder.add_extension(
                x509.UnrecognizedExtension(ObjectIdentifier(critical), b"\x05\x00"), critical=True
            )
        self.certificate = builder.sign((above or self).key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @staticmethod
    def _builder(
        name: x509.Name, public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, above: Authority, until: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(above.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(until)
        )

    def leaf(self, here: World, *chain: Authority, use: ObjectIdentifier | None = None) -> NotaryKey:
        """A certificate for the repository's root key, with the chain that goes with it."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, here.gun)])
        builder = self._builder(name, here.author.root_keys[0].secret.public_key(), self, NOW + timedelta(days=5))
        if use is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        made = builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return NotaryKey("ecdsa-x509", made + b"".join(one.pem for one in chain))


def use_of(here: World, leaf: NotaryKey, *anchors: Authority) -> None:
    here.author.certificates = [leaf]
    here.pin = Pin(authorities=b"".join(anchor.pem for anchor in anchors), source="a test")
    here.publish()


def test_a_root_that_the_authority_issued_is_trusted(here: World) -> None:
    top = Authority("top")
    use_of(here, top.leaf(here, use=ExtendedKeyUsageOID.CODE_SIGNING), Authority("other"), top)
    assert here.verify().rests_on == "authority"
    assert here.verify().rests_on == "authority"


def test_and_over_an_authority_between(here: World) -> None:
    top = Authority("top")
    between = Authority("between", top, length=0)
    use_of(here, between.leaf(here, between), top)
    assert here.verify().rests_on == "authority"


def strange(here: World) -> tuple[NotaryKey, Authority]:
    return Authority("top").leaf(here), Authority("top")


def no_authority(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top", ca=False)
    return top.leaf(here), top


def too_long(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top", length=0)
    between = Authority("between", top)
    return between.leaf(here, between), top


def missing_between(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top")
    return Authority("between", top).leaf(here), top


def expired_between(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top")
    between = Authority("between", top, until=NOW - timedelta(days=1))
    return between.leaf(here, between), top


def expired_top(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top", until=NOW - timedelta(days=1))
    return top.leaf(here), top


def for_another_use(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top")
    return top.leaf(here, use=ExtendedKeyUsageOID.EMAIL_PROTECTION), top


def unknown_demand(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top", critical="1.2.3.4")
    return top.leaf(here), top


def weak_top(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top", key=rsa.generate_private_key(65537, 1024))  # noqa: S505  too small
    return top.leaf(here), top


def weak_between(here: World) -> tuple[NotaryKey, Authority]:
    top = Authority("top")
    between = Authority("between", top, key=rsa.generate_private_key(65537, 1024))  # noqa: S505  too small
    return between.leaf(here, between), top


@pytest.mark.parametrize(
    "chain",
    [strange, no_authority, too_long, missing_between, expired_top, for_another_use, unknown_demand, weak_top],
)
def test_a_root_that_it_did_not_or_might_not_issue_is_refused(here: World, chain: object) -> None:
    assert callable(chain)
    leaf, top = chain(here)
    use_of(here, leaf, top)
    with pytest.raises(
        MetadataRefusedError, match=r"does not match the pin: its certificate is .*, and the pin is one issued by"
    ) as error:
        here.verify()
    assert error.value.check == "pins"
    assert not here.held()


@pytest.mark.parametrize("chain", [expired_between, weak_between])
def test_a_root_below_an_authority_that_does_not_count_is_refused(here: World, chain: object) -> None:
    assert callable(chain)
    leaf, top = chain(here)
    use_of(here, leaf, top)
    with pytest.raises(MetadataRefusedError, match="has an authority whose certificate") as error:
        here.verify()
    assert error.value.check == "root"
    assert not here.held()


def test_a_pin_holds_at_every_use(here: World) -> None:
    here.publish()
    here.verify()
    here.pin = Pin(ids=A, source="a test")
    with pytest.raises(
        MetadataRefusedError, match=r"does not match the pin: its certificate is .*, and the pin is a{12} \(a test\)"
    ):
        here.verify()

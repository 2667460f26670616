"""Docker Content Trust's part of `sealock trust verify`: by the root's pins, or by trust on first use."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from msgspec.structs import replace

from sealock.cli.trust.common import name_of, setup_of
from sealock.errors import SealockError, UsageError
from sealock.model.trust import TrustResult
from sealock.trust.notary.client import Setup, loading, verify_notary
from sealock.trust.pins import Pin, Pins

_HEXADECIMAL = frozenset("0123456789abcdef")


def add_verifying(parser: ArgumentParser) -> None:
    """Add the options of `verify`."""
    add_pins(parser)
    parser.add_argument("--no-first-use", action="store_true", help="trust no root on first use without a pin")


def add_pins(parser: ArgumentParser) -> None:
    """Add the options that pin the root."""
    parser.add_argument(
        "--pin", action="append", default=[], metavar="ID", help="the id of a root certificate to trust (may repeat)"
    )
    parser.add_argument("--pin-authority", metavar="FILE", help="the authority (PEM) that issued the root certificate")


def selected(arguments: Namespace) -> bool:
    """Whether the options ask for content trust."""
    return bool(arguments.pin or arguments.pin_authority or arguments.no_first_use or arguments.server)


def verify(arguments: Namespace) -> list[TrustResult]:
    """Verify tags by content trust."""
    setup = pinned(setup_of(arguments), arguments, first_use=not arguments.no_first_use)
    return [_verify(text, setup) for text in arguments.references]


def _verify(text: str, setup: Setup) -> TrustResult:
    try:
        return replace(verify_notary(name_of(text), setup), reference=text)
    except SealockError as error:
        return TrustResult("notary", text, "", "unknown", "unavailable", str(error))


def pinned(setup: Setup, arguments: Namespace, *, first_use: bool) -> Setup:
    """Replace the configured pins by those of the options."""
    for pin in arguments.pin:
        if len(pin) != 64 or set(pin.lower()) - _HEXADECIMAL:
            msg = f"--pin {pin}: a certificate's id has 64 hexadecimal digits; `sealock trust list` shows it"
            raise UsageError(msg)
    if arguments.pin and arguments.pin_authority:
        msg = "--pin and --pin-authority cannot both be given"
        raise UsageError(msg)
    if arguments.pin:
        return replace(setup, pin=Pin(ids=frozenset(pin.lower() for pin in arguments.pin), source="--pin"))
    if arguments.pin_authority:
        authorities = loading(Path.cwd())(arguments.pin_authority)
        return replace(setup, pin=Pin(authorities=authorities, source="--pin-authority"))
    return replace(setup, pins=Pins(first_use=first_use))

"""The order of rpm's versions: epoch, version and release, each by rpmvercmp (rpm 4.15 and later).

Runs of digits and runs of letters count; other characters only separate them. `~` comes before the end, `^` right
after it, then letters, then numbers.
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import Codes, high, high_or_text

_PIECES: Final = compile_lazily(r"[0-9]+|[A-Za-z]+|~|\^")
_EPOCH: Final = compile_lazily("([0-9]*):")
_END: Final = b"\x02"
_NO_EPOCH: Final = high("")

_codes: Final = Codes(high_or_text)
_codes["~"] = b"\x01"
_codes["^"] = b"\x03"
_of: Final = _codes.__getitem__


def key(version: str) -> bytes:
    """Give the key of `[epoch:]version[-release]`. rpm accepts any text; no release comes before any release."""
    epoch = _NO_EPOCH
    if ":" in version and (match := _EPOCH.match(version)):
        epoch = _codes[match[1] or "0"]
        version = version[match.end() :]
    upstream, dash, release = version.rpartition("-")
    if not dash:
        return epoch + b"".join(map(_of, _PIECES.findall(release))) + _END
    return (
        epoch
        + b"".join(map(_of, _PIECES.findall(upstream)))
        + _END
        + b"".join(map(_of, _PIECES.findall(release)))
        + _END
    )

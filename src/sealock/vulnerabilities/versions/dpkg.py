r"""The order of Debian's versions: deb-version(7), as implemented by `dpkg --compare-versions`.

A version is epoch, upstream part and revision. A part is text and number in turn; text compares character by
character, `~` before the end of the text, letters after it, all else after letters. A key has a byte for each
character and the code of a number both as the end of a text and the number after it:

    ~ 0x10    number (an end) 0x20…    letters as in ASCII    all else 0x80 + ASCII
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import LOW, Codes, number

_PAIRS: Final = compile_lazily("([^0-9]*)([0-9]*)")
_PIECES: Final = compile_lazily("[^0-9]*[0-9]*")
_ORDER: Final = {
    character: 0x10 if character == 0x7E else character if chr(character).isalpha() else 0x80 + character
    for character in range(0x21, 0x7F)
}
_END: Final = number("0", LOW)
_BIGGEST_EPOCH: Final = 2**31 - 1


def _code(piece: str) -> bytes:
    pair = _PAIRS.fullmatch(piece)
    assert pair is not None  # noqa: S101  the pattern matches every piece
    text, digits = pair.groups()
    return bytes([_ORDER[ord(character)] for character in text]) + number(digits, LOW)


def _epoch_code(epoch: str) -> bytes:
    digits = epoch.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or int(digits) > _BIGGEST_EPOCH:
        raise ValueError(epoch)
    return number(digits, LOW)


_codes: Final = Codes(_code)
_epochs: Final = Codes(_epoch_code)
_codes[""] = _END
_of: Final = _codes.__getitem__
_NO_REVISION: Final = _END + _END


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError where dpkg reports an error, and for text that is not ASCII.

    Versions that dpkg compares with a warning (a letter at the start, characters that are not allowed) have a key.
    """
    epoch, colon, rest = version.strip().partition(":")
    code = _epochs[epoch] if colon else _END
    upstream, dash, revision = (rest if colon else epoch).rpartition("-")
    try:
        if not dash:
            if not revision:
                raise ValueError(version)
            return code + b"".join(map(_of, _PIECES.findall(revision))) + _NO_REVISION
        if not upstream or not revision:
            raise ValueError(version)
        # `findall` ends with an empty piece, which is the end of the part.
        return code + b"".join(map(_of, _PIECES.findall(upstream))) + b"".join(map(_of, _PIECES.findall(revision)))
    except KeyError:
        raise ValueError(version) from None

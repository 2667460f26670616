"""Extensions of a tar header: PAX records, and GNU's long names, as Go's archive/tar reads them for the engines.

Where readers of tar differ, a file would otherwise have another name here than in containers.
"""

from __future__ import annotations

from sealock.image.header import MOST, decimal, text

_NAMES = frozenset({b"path", b"linkpath", b"GNU.sparse.name"})
_NUMBERS = frozenset({b"size", b"uid", b"gid", b"GNU.sparse.size", b"GNU.sparse.realsize"})
_PAIRS = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")
_SPARSE = frozenset({(b"0", b"0"), (b"0", b"1"), (b"1", b"0")})
"""The versions of sparse formats; the files of others are read as they are stored, under their own names."""


class Extension:
    """PAX records by key, and GNU's long names, which take precedence.

    A further header with records replaces all of them, and keeps long names.
    """

    __slots__ = ("name", "pairs", "records", "target")

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.pairs: list[bytes] = []
        """Offsets and lengths of sparse format 0.0, which repeats their keys."""
        self.name: bytes | None = None
        self.target: bytes | None = None

    @property
    def is_sparse(self) -> bool:
        """Whether the records make the file a sparse one: of a known version, or with a map and no version."""
        version = self.records.get(b"GNU.sparse.major", b""), self.records.get(b"GNU.sparse.minor", b"")
        has_map = bool(self.pairs) or b"GNU.sparse.map" in self.records
        return version in _SPARSE or (version == (b"", b"") and has_map)

    def real_size(self, stored: int) -> int:
        """A sparse file's size with its holes; `stored` are the bytes that the archive has of it."""
        return self.number_of(b"GNU.sparse.size", self.number_of(b"GNU.sparse.realsize", stored))

    def name_of(self, name: bytes) -> bytes:
        """The entry's name; `name` is that of its header."""
        of_sparse = self.records.get(b"GNU.sparse.name") if self.is_sparse else b""
        return of_sparse or self.name or self.records.get(b"path") or name

    def target_of(self, target: str) -> str:
        """The link's target; `target` is that of its header."""
        longer = self.target or self.records.get(b"linkpath")
        return text(longer) if longer else target

    def number_of(self, key: bytes, value: int) -> int:
        """A number; `value` is that of the header."""
        record = self.records.get(key)
        return value if record is None else decimal(record) or 0

    def read(self, data: bytes) -> str:
        r"""Read PAX records ("LENGTH KEY=VALUE\n"); return what is wrong with them, or ""."""
        self.records.clear()
        self.pairs.clear()
        at = 0
        while at < len(data):
            space = data.find(b" ", at, at + 20)
            digits = data[at : max(space, at)]
            if not digits.isdigit():
                # Some writers pad with NULs.
                return "a record has no length" if data[at:].strip(b"\0") else ""
            end = at + int(digits)
            if end > len(data) or end <= space + 1 or data[end - 1] != 0x0A:
                return "a record's length is wrong"
            key, equals, value = data[space + 1 : end - 1].partition(b"=")
            at = end
            if not key or not equals:
                return "a record has no key"
            if fault := self._take(key, value):
                return fault
        return ""

    def _take(self, key: bytes, value: bytes) -> str:
        if not value:
            self.records.pop(key, None)
        elif key in _PAIRS:
            if key != _PAIRS[len(self.pairs) % 2]:
                return "the pairs of a sparse file are out of order"
            self.pairs.append(value)
        elif key in _NAMES and b"\0" in value:
            return f"the record {key.decode()} contains a NUL"
        elif key in _NUMBERS and decimal(value) is None:
            return f"the record {key.decode()} is not a number from 0 to {MOST}"
        else:
            self.records[key] = value
        return ""

"""Extensions of a tar header: PAX records, and GNU's long names."""

from __future__ import annotations

from sealock.image.header import MOST, decimal, text

_NAMES = frozenset({b"path", b"linkpath", b"GNU.sparse.name"})
_NUMBERS = frozenset({b"size", b"uid", b"gid", b"GNU.sparse.size", b"GNU.sparse.realsize"})
_PAIRS = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")


class Extension:
    """PAX records by key, and GNU's long names, which take precedence."""

    __slots__ = ("name", "pairs", "records", "target")

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.pairs: list[bytes] = []
        """Offsets and lengths of sparse format 0.0, which repeats their keys."""
        self.name: bytes | None = None
        self.target: bytes | None = None

    @property
    def is_sparse(self) -> bool:
        """Whether the records make the file a sparse one."""
        return bool(self.pairs) or b"GNU.sparse.map" in self.records or b"GNU.sparse.major" in self.records

    @property
    def real_size(self) -> int:
        """A sparse file's size with its holes."""
        return self.number_of(b"GNU.sparse.realsize", self.number_of(b"GNU.sparse.size", 0))

    def name_of(self, name: bytes) -> bytes:
        """The entry's name; `name` is that of its header."""
        return self.name or self.records.get(b"GNU.sparse.name") or self.records.get(b"path") or name

    def target_of(self, target: str) -> str:
        """The link's target; `target` is that of its header."""
        longer = self.target or self.records.get(b"linkpath")
        return text(longer) if longer and target else target

    def number_of(self, key: bytes, value: int) -> int:
        """A number; `value` is that of the header."""
        record = self.records.get(key)
        return value if record is None else decimal(record) or 0

    def read(self, data: bytes) -> str:
        r"""Read PAX records ("LENGTH KEY=VALUE\n"); return what is wrong with them, or ""."""
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

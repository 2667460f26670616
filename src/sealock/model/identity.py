"""The identity of a finding: what stays the same when an image is built again, moved, or described in other words.

Two runs are compared by it. A baseline knows the findings of an image by it, so that it holds for the next tag; other
findings it knows by their fingerprints, which also rest on the file: it suppresses exactly what it has seen there.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct

from sealock.model.finding import Finding
from sealock.model.imagename import parse


class FindingIdentity(Struct, frozen=True, order=True):
    """A rule or vulnerability, what it is about, and where; nothing in it is a version or a sentence.

    `thing` is a package (its URL without version) or what the rule names, such as a kind of file and its path.
    `subject` is the repository or service, "" where only one image or container is meant.
    """

    rule: str
    thing: str
    subject: str = ""

    @property
    def key(self) -> str:
        """A digest of it, for files that are kept."""
        return sha256(f"{self.rule}\0{self.subject}\0{self.thing}".encode("utf-8", "surrogatepass")).hexdigest()


def repository(names: Iterable[str]) -> str:
    """The repository of an image by its names, as the subject of its findings; "" where none is a reference."""
    parsed = filter(None, map(parse, names))
    return next((f"{name.registry}/{name.repository}" for name in parsed), "")


def identify(finding: Finding, subject: str = "") -> FindingIdentity:
    """The identity of a finding in the subject that the caller names, without tag, digest or version."""
    return FindingIdentity(finding.rule, finding.thing or finding.evidence, subject)

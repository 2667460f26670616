"""The identity of a finding: what stays the same when an image is built again, moved, or described in other words.

Two runs are compared by it. Baselines keep their fingerprints, which also rest on the target and on versions in the
evidence: a baseline suppresses exactly what it has seen, and the files that people keep would not match any more.
"""

from __future__ import annotations

from msgspec import Struct

from sealock.model.finding import Finding


class FindingIdentity(Struct, frozen=True, order=True):
    """A rule or vulnerability, what it is about, and where; nothing in it is a version or a sentence.

    `thing` is a package (its URL without version) or what the rule names, such as a kind of file and its path.
    `subject` is the repository or service, "" where only one image or container is meant.
    """

    rule: str
    thing: str
    subject: str = ""


def identify(finding: Finding, subject: str = "") -> FindingIdentity:
    """The identity of a finding in the subject that the caller names, without tag, digest or version."""
    return FindingIdentity(finding.rule, finding.thing or finding.evidence, subject)

"""Which Debian packages are affected by which records, read slowly and plainly, with dpkg's own comparison."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

Found = set[tuple[str, str, str]]
"""Flaw, binary package, and the version that mends it, "" for none."""


def affected(records: Iterable[dict[str, Any]], status: str, ecosystem: str) -> Found:
    """Judge each package of a status file by each record on its source package."""
    by_source: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for record in records:
        for one in record["affected"]:
            package = one.get("package") or {}
            if package.get("ecosystem") == ecosystem and not record.get("withdrawn"):
                by_source.setdefault(package["name"], []).append((record, one))
    installed = list(_installed(status))
    pairs = {
        (version, end) for _, source, version in installed for _, one in by_source.get(source, ()) for end in _ends(one)
    }
    earlier = _earlier(sorted(pairs))
    found: Found = set()
    for name, source, version in installed:
        told = by_source.get(source, [])
        own = {record["id"] for record, _ in told if record["id"].startswith("CVE-")}
        for record, one in told:
            hit, fixed = _hit(one, version, earlier)
            if not hit:
                continue
            cves = [cve for cve in record.get("related", ()) if cve.startswith("CVE-")]
            labels = [record["id"]] if record["id"].startswith("CVE-") else [cve for cve in cves if cve not in own]
            if not cves and not record["id"].startswith("CVE-"):
                labels = [record["id"]]
            found |= {(label, name, fixed) for label in labels}
    return found


def _installed(status: str) -> Iterable[tuple[str, str, str]]:
    """Binary package, source package and source version, as dpkg's manual has them."""
    for stanza in status.split("\n\n"):
        fields = dict(re.findall(r"^(\S+): (.*)$", stanza, re.MULTILINE))
        if not fields.get("Status", "").endswith(" installed"):
            continue
        source = re.fullmatch(r"(\S+)(?: \((.*)\))?", fields.get("Source") or fields["Package"])
        assert source is not None
        version = source[2] or re.sub(r"\+b\d+$", "", fields["Version"])
        yield fields["Package"], source[1], version


def _ends(one: dict[str, Any]) -> list[str]:
    return [event["fixed"] for span in one.get("ranges", ()) for event in span["events"] if "fixed" in event]


def _hit(one: dict[str, Any], version: str, earlier: set[tuple[str, str]]) -> tuple[bool, str]:
    """Debian's ranges all begin at "0", and end with one fix or with none."""
    hit, fixed = version in one.get("versions", ()), ""
    for span in one.get("ranges", ()):
        assert span["events"][0] == {"introduced": "0"}
        ends = [event["fixed"] for event in span["events"][1:]]
        assert len(ends) < 2
        if not ends or (version, ends[0]) in earlier:
            hit, fixed = True, ends[0] if ends else ""
    return hit, fixed


def _earlier(pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs of which dpkg holds the first to be the earlier."""
    script = 'while read a b; do dpkg --compare-versions "$a" lt "$b" && echo "$a $b"; done; true'
    told = "".join(f"{one} {other}\n" for one, other in pairs)
    done = subprocess.run(["sh", "-c", script], input=told, capture_output=True, text=True, check=True)
    return {(one, other) for one, _, other in (line.partition(" ") for line in done.stdout.splitlines())}

"""The page docs/guide/peers.md: which of our rules answer to which of other tools', from the rules' aliases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.report import RulePage

NOT_HERE: Final = {
    "DL1001": "an ignore needs a reason here, and is reported once it matches nothing: see [policy](policy.md)",
    "DL3023": "BuildKit refuses such a file, so it is an error (exit 2)",
    "DL3043": "BuildKit refuses such a file, so it is an error (exit 2)",
    "DL3061": "BuildKit refuses such a file, so it is an error (exit 2)",
    "DS-0006": "BuildKit refuses such a file, so it is an error (exit 2)",
}
"""Checks that no rule has, and why."""
_START: Final = """\
# Compared with other checkers

Which of our rules answer to which of theirs, for people who come from another tool. Generated from the rules by
`./dev docs`. The ids work here too: `sealock rules DL3057`, `sealock check --only DS-0026`, and in ignores where an id
means one rule. hadolint 2.15.1, Trivy 0.76 and BuildKit's own checks were compared by running them; `./dev bench` runs
the comparison again. The ids of Trivy (KSV) and Checkov were
compared with the checks that they ship, those of dockle with its documentation."""
_SHELLCHECK: Final = """\

ShellCheck's findings (SC…) come with hadolint. Of these we have what breaks a build or an image: syntax that no shell
reads (B180), `rm -r` below an empty variable (B181, SC2115), cd without a check (B182, SC2164), bash words in dash
(B186, SC3…). Quoting (SC2086, SC2046) and style (SC2006, SC2028, SC2035) are left to ShellCheck.

hadolint gives up (DL1000) on an instruction right after a here-document. BuildKit reads it, and so do we.
"""
_SECTIONS: Final = (
    ("hadolint", r"DL\d{4}", _SHELLCHECK),
    ("Trivy, Dockerfiles", r"DS-\d{4}", ""),
    ("Trivy, Kubernetes: the same setting of a container", r"KSV-\d{4}", ""),
    ("BuildKit (`docker build --check`)", r"(?:[A-Z]+[a-z]+){2,}", ""),
    ("Checkov, Dockerfiles", r"CKV2?_DOCKER_\d+", ""),
    ("Checkov, Kubernetes: the same setting of a container", r"CKV_K8S_\d+", ""),
    ("dockle", r"(?:CIS-DI|DKL-[DL]I)-\d{4}", ""),
    ("CIS Docker Benchmark 1.6.0", r"CIS-\d[\d.]*", ""),
)


def text(pages: Iterable[RulePage]) -> str:
    """Write the page."""
    pages = tuple(pages)
    parts = [_START]
    for title, pattern, after in _SECTIONS:
        rows = tuple(_rows(pages, re.compile(pattern)))
        with_notes = any(note for _, _, note in rows)
        head = f"| {title.partition(' (')[0].partition(',')[0]} | sealock |"
        parts += ["", f"## {title}", "", f"{head} where they differ |" if with_notes else head]
        parts.append("|---|---|---|" if with_notes else "|---|---|")
        for ids, rules, note in rows:
            parts.append(f"| {ids} | {rules} |" + (f" {note} |" if note else " |" if with_notes else ""))
        if after:
            parts.append(after.rstrip("\n"))
    return "\n".join(parts) + "\n"


def _rows(pages: tuple[RulePage, ...], pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the ids of one tool that mean the same rules with the same difference, these rules, and the difference."""
    rules: dict[str, list[str]] = {}
    notes: dict[str, str] = {}
    for page in pages:
        for alias in filter(pattern.fullmatch, page.aliases):
            rules.setdefault(alias, []).append(page.id)
        for aliases, note in page.differs:
            notes |= dict.fromkeys(aliases.split(), note)
    notes |= NOT_HERE
    groups: dict[tuple[str, str], list[str]] = {}
    for alias in sorted({*rules, *filter(pattern.fullmatch, NOT_HERE)}, key=_order):
        names = ", ".join(sorted(rules.get(alias, ()))) or "—"
        groups.setdefault((names, notes.get(alias, "")), []).append(alias)
    for (names, note), group in groups.items():
        yield ", ".join(_ranges(group)), names, note


def _order(alias: str) -> tuple[str, tuple[int, ...]]:
    """Sort by name, then by number: CIS-4.9 before CIS-4.10."""
    return re.sub(r"[\d.]+$", "", alias), tuple(int(number) for number in re.findall(r"\d+", alias))


def _ranges(aliases: list[str]) -> Iterator[str]:
    """Join three or more ids in a row: DL3049–DL3056."""
    runs: list[list[str]] = []
    for alias in aliases:
        following = runs and re.sub(r"\d+$", lambda number: f"{int(number[0]) + 1:0{len(number[0])}}", runs[-1][-1])
        if following == alias and alias.startswith("DL"):
            runs[-1].append(alias)
        else:
            runs.append([alias])
    for run in runs:
        yield from (f"{run[0]}–{run[-1]}",) if len(run) > 2 else run

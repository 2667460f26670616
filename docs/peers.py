"""The page docs/guide/peers.md: which of our rules answer to which of other tools', from the rules' aliases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.report import RulePage

_REQUESTS: Final = "a limit is a request too, unless the manifest gives one; requests are a matter of scheduling"
_HIGH_IDS: Final = "a number that the host knows too matters only to a program that has left its container"
_RBAC: Final = "rights on the cluster's API (RBAC) are no setting of a container"
NOT_HERE: Final = {
    "DL1001": "an ignore needs a reason here, and is reported once it matches nothing: see [policy](policy.md)",
    "DL3023": "BuildKit refuses such a file, so it is an error (exit 2)",
    "DL3043": "BuildKit refuses such a file, so it is an error (exit 2)",
    "DL3061": "BuildKit refuses such a file, so it is an error (exit 2)",
    "DS-0006": "BuildKit refuses such a file, so it is an error (exit 2)",
    **dict.fromkeys(("KSV-0004", "KSV-0106"), "C004 asks to drop ALL; what is then added is the least that works"),
    "KSV-0007": "hostAliases change only what the pod itself resolves",
    **dict.fromkeys(("KSV-0015", "KSV-0016", "CKV_K8S_10", "CKV_K8S_12"), _REQUESTS),
    **dict.fromkeys(("KSV-0020", "KSV-0021", "CKV_K8S_40"), _HIGH_IDS),
    "KSV-0029": "the group root alone gives no right of root",
    **dict.fromkeys(("KSV-0032", "KSV-0033", "KSV-0035", "KSV-0125"), "C086, once the policy lists the registries"),
    **dict.fromkeys(("KSV-0037", "KSV-0110", "CKV_K8S_21"), "which namespace it is says nothing of what it may do"),
    **dict.fromkeys(("KSV-0038", "CKV2_K8S_6"), "`sealock map` shows which pods no NetworkPolicy selects"),
    **dict.fromkeys(("KSV-0039", "KSV-0040"), "a quota of the namespace is no setting of a container"),
    **dict.fromkeys((f"KSV-00{number}" for number in range(41, 58)), _RBAC),
    **dict.fromkeys(("KSV-0111", "KSV-0112", "KSV-0113", "KSV-0114", "KSV-0115", "KSV-0122", "KSV-0123"), _RBAC),
    **dict.fromkeys(("KSV-0102", "CKV_K8S_34", "CKV_K8S_44", "CKV_K8S_45"), "Tiller ended with Helm 2 in 2020"),
    "KSV-0108": "`sealock map` shows the addresses of Services",
    **dict.fromkeys(("KSV-0109", "KSV-01010"), "sealock looks for secrets in what reaches a container, and in images"),
    "KSV-0116": "the group root alone gives no right of root",
    "KSV-0117": "a port below 1024 inside a pod needs no root: the kernel's limit is that of the pod's own network",
    **dict.fromkeys(("KSV-0118", "CKV_K8S_29", "CKV_K8S_30"), "each setting of a securityContext has its own rule"),
    **dict.fromkeys(("KSV-0119", "KSV-0120"), "C003 and C002 report the capability"),
    "KSV-0121": "C014, C015 and C094 report the path",
    "CKV_K8S_15": "C080 asks for a version and C081 for a digest, with which nothing has to be pulled again",
    **dict.fromkeys(("CKV_K8S_24", "CKV_K8S_36"), "of PodSecurityPolicy, or the same as C003 and C004"),
    "CKV_K8S_33": "the dashboard is one image among many; what it may do is found as in any other",
    **dict.fromkeys(("CKV_K8S_41", "CKV_K8S_42"), _RBAC),
    **dict.fromkeys((f"CKV_K8S_{number}" for number in (49, 155, 156, 157, 158)), _RBAC),
    **dict.fromkeys((f"CKV2_K8S_{number}" for number in range(1, 6)), _RBAC),
    "CKV_K8S_159": "one program's options are not sealock's matter",
    **dict.fromkeys((f"CKV_K8S_{number}" for number in (152, 153, 154)), "settings of one ingress controller"),
    **dict.fromkeys((f"CKV_K8S_{number}" for number in range(1, 8)), "PodSecurityPolicy ended with Kubernetes 1.25"),
    "CKV_K8S_32": "PodSecurityPolicy ended with Kubernetes 1.25",
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
    ("Checkov, Kubernetes: the same setting of a container", r"CKV2?_K8S_\d+", ""),
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

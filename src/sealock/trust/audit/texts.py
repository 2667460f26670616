"""Finds dependences on content trust in a text of any format: Dockerfile, compose file, script, CI file, settings.

It reads line by line, since each pattern fits on one line in every format. It skips comments, and never repeats a
passphrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.patterns import compile_lazily
from sealock.trust.audit.kinds import DependenceKind, NotaryDependence, ends_of

WORTH: Final = compile_lazily(
    rb"CONTENT_TRUST|content-trust|notary|NOTARY_|\btrust\b|trust_?(?:p|_p)(?:olicy|inning)|portieris|remote_server",
    re.IGNORECASE,
)
"""Words without which a file has no dependence."""
_COMMENT: Final = compile_lazily(r"[ \t]*(?:#|//|;|REM[ \t]|<!--)", re.IGNORECASE)
_VARIABLE: Final = compile_lazily(
    r"(?<![A-Za-z0-9_])(?P<reads>\$\{?|%|\benv\.|\bENV\[)?(?P<name>DOCKER_CONTENT_TRUST(?:_[A-Z]{1,20}){0,4}"
    r"|NOTARY_[A-Z]{1,20}_PASSPHRASE)(?![A-Za-z0-9_])"
    r"[\"'\]]{0,2}(?:[ \t]{0,8}(?P<mark>[:?+]?=|:|,)[ \t]{0,8}|(?P<space>[ \t]{1,8}))?"
    r"[\"']?(?P<value>[^\s\"'`,;&|)\]}]{0,300})"
)
_OFF: Final = frozenset({"0", "false", "off", "no", "null", "f", "disabled"})
_TRUST_VERBS: Final = "inspect|key|revoke|sign|signer|view"
_NOTARY_VERBS: Final = (
    "add|addhash|delete|init|list|lookup|publish|remove|reset|status|verify|witness"
    "|delegation[ \t]+(?:add|list|purge|remove)|key[ \t]+(?:export|generate|import|list|passwd|remove|rotate)"
)
_PATTERNS: Final[tuple[tuple[DependenceKind, re.Pattern[str]], ...]] = (
    (
        "command",
        compile_lazily(rf"(?<![\w.-])docker(?:\.exe)?[ \t][^\n|;&]{{0,200}}?\btrust[ \t]+(?:{_TRUST_VERBS})\b"),
    ),
    ("command", compile_lazily(r"[\"']docker[\"'][ \t]{0,4},[ \t]{0,4}[\"']trust[\"']")),
    (
        "notary",
        compile_lazily(
            rf"(?<![\w./-])(?:/[\w./-]{{1,100}}/)?notary(?:[ \t]+-{{1,2}}[\w-]{{1,40}}(?:[= \t][^\s-]\S{{0,200}})?)"
            r"{0,6}"
            rf"[ \t]+(?:{_NOTARY_VERBS})[ \t]+(?=[\w./$\"'{{-]{{2}})(?![a-z]{{1,20}}[.,]?[ \t]+[a-z])"
        ),
    ),
    ("flag", compile_lazily(r"--disable-content-trust[= ][\"']?(?:false|0|f|off)\b", re.IGNORECASE)),
    ("off", compile_lazily(r"--disable-content-trust(?![\w-])(?![= ][\"']?(?:false|0|f|off)\b)", re.IGNORECASE)),
    ("hub", compile_lazily(r"(?:https?://)?notary\.docker\.io\b")),
    (
        "service",
        compile_lazily(
            r"(?<![\w/.-])(?:[\w.-]{1,60}(?::\d{1,5})?/){0,4}"
            r"(?:notary:(?:server|signer)[\w.-]{0,60}|notary[-_](?:server|signer)(?:-photon)?(?::[\w.-]{1,60}))"
        ),
    ),
    ("azure", compile_lazily(r"\baz[ \t]+acr[ \t]+config[ \t]+content-trust\b[^\n]{0,100}")),
    ("azure", compile_lazily(r"\btrust_policy_enabled[ \t]{0,8}=[ \t]{0,8}true\b")),
    ("harbor", compile_lazily(r"--with-notary\b|\bWITH_NOTARY[ \t]{0,4}[=:][ \t]{0,4}[\"']?true\b", re.IGNORECASE)),
    ("admission", compile_lazily(r"\btype[\"']?[ \t]{0,8}:[ \t]{0,8}[\"']?notaryv1\b|\bportieris\.cloud\.ibm\.com\b")),
    ("daemon", compile_lazily(r"\"content-trust\"[ \t]{0,8}:")),
    ("pinning", compile_lazily(r"\"trust_pinning\"[ \t]{0,8}:")),
    ("server", compile_lazily(r"\"remote_server\"[ \t]{0,8}:[ \t]{0,8}\{")),
)
_AZURE_POLICY: Final = compile_lazily(r"\btrustPolicy\b[^}]{0,200}\bNotary\b")
_REFERENCE: Final = compile_lazily(r"\$\{?DOCKER_CONTENT_TRUST[}:\w-]{0,20}|%DOCKER_CONTENT_TRUST%")
_PASSWORD: Final = compile_lazily(r"//[^/@\s]{1,200}@")
_MOST_LINE: Final = 20_000
_MOST_FOUND: Final = 1000
_SHOWN: Final = 160


def find(text: str, where: str) -> tuple[NotaryDependence, ...]:
    """Find the dependences in a text, in their order."""
    found: list[NotaryDependence] = []
    for number, line in enumerate(text.splitlines(), 1):
        if len(found) < _MOST_FOUND and not _COMMENT.match(line):
            found += _of_line(line[:_MOST_LINE], where, number)
    for match in _AZURE_POLICY.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        found.append(NotaryDependence("azure", where, "trustPolicy of type Notary", number, 1, ends_of("azure", "")))
    return tuple(sorted(found[:_MOST_FOUND], key=lambda each: (each.line, each.column)))


def _of_line(line: str, where: str, number: int) -> Iterator[NotaryDependence]:
    spans: list[tuple[int, int]] = []
    for match in _VARIABLE.finditer(line):
        value = _value(match, line)
        kind = _kind(match, value, line)
        what = match["name"]
        if kind not in {"passphrase", "mention"} and value:
            what += f"{'=' if match['mark'] else ' '}{value}"
        yield NotaryDependence(kind, where, _shown(what), number, match.start("name") + 1, ends_of(kind, line))
        spans.append(match.span())
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(line):
            start, end = match.span()
            if any(start < span_end and span_start < end for span_start, span_end in spans):
                continue
            spans.append((start, end))
            yield NotaryDependence(kind, where, _shown(match[0]), number, start + 1, ends_of(kind, line))


def _value(match: re.Match[str], line: str) -> str:
    """Return a variable's value. `NAME= command`, with a space only after the sign, empties it in a shell."""
    if match["mark"] == "=" and match.end("mark") < match.start("value"):
        before, after = line[match.start("mark") - 1], line[match.end("mark")]
        if after in " \t" and before not in " \t":
            return ""
    return match["value"]


def _kind(match: re.Match[str], value: str, line: str) -> DependenceKind:
    """Classify how a text uses a variable."""
    name = match["name"]
    set_here = match["mark"] not in {None, ","} or (match["space"] and _sets_by_space(line, match.start()))
    # `env.NAME = 1` sets it, in Groovy and Ruby; `$NAME = 1` and `env.NAME == 1` compare it.
    reads = match["reads"] and not (match["reads"].lower().startswith("env") and match["mark"] == "=")
    if reads or not set_here or value.startswith("="):
        return "off" if re.search(r"\bunset\b[^\n;&|]{0,100}$", line[: match.start()]) else "mention"
    if name.endswith("_PASSPHRASE"):
        return "passphrase"
    if name == "DOCKER_CONTENT_TRUST_SERVER":
        if not value:
            return "mention"
        return "hub" if "notary.docker.io" in value else "server"
    if name != "DOCKER_CONTENT_TRUST":
        return "mention"
    if (not value and match["mark"] == ":") or _REFERENCE.fullmatch(value):
        return "mention"  # its value comes from elsewhere
    return "off" if not value or value.lower() in _OFF else "variable"


def _sets_by_space(line: str, at: int) -> bool:
    """Whether a name, a space and a value set it: in a Dockerfile's ENV, setx, fish's set -x."""
    before = line[:at].strip().lower()
    return bool(re.fullmatch(r"env|setx|set[ \t]+-[a-z]{1,4}|setenv", before))


def _shown(text: str) -> str:
    text = _PASSWORD.sub("//…@", " ".join(text[:1000].split()))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

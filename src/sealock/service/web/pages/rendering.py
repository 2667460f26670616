"""Renders templates; every name from outside is escaped, and none reaches a page raw."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sealock import __version__
from sealock.patterns import compile_lazily
from sealock.reports.htmlstyle import SIGN
from sealock.text import clip, count, format_size, sentence, visible

_SPANS: Final = ((86400 * 365, "year"), (86400 * 30, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))
_DIGEST: Final = compile_lazily(r"sha256:[0-9a-f]{64}")
KINDS: Final = {
    "added": "new finding",
    "removed": "finding gone",
    "severity-changed": "severity changed",
    "fix-available": "fix available",
    "exploited": "now exploited",
    "signature-lost": "signature lost",
    "tag-moved": "tag moved",
    "acknowledgement-ended": "acknowledgement ended",
}
"""The kinds of events in words."""

_NOTHING: Final = Markup()
_BADGE: Final = Markup('<span class="badge {0}">{0}</span>')
_BADGES: Final = {word: _BADGE.format(word) for word in ("critical", "high", "medium", "low", "info")} | {"": _NOTHING}
"""Pages show hundreds of them: macros of templates, and escaping what is known, take several times as long."""
_CHIP: Final = Markup('<span class="chip{}">{}</span>')
_USES: Final = {
    "loaded": _CHIP.format(" critical", "loaded"),
    "reachable": _CHIP.format(" high", "reachable"),
    "present": _CHIP.format(" good", "not loaded"),
    "unknown": _CHIP.format("", "use unknown"),
}
_EXPLOITED: Final = _CHIP.format(" critical", "exploited")
_TIME: Final = Markup('<time datetime="{0}" title="{0} UTC">{1}</time>')


@cache
def environment() -> Environment:
    """The templates, compiled once for each process."""
    made = Environment(
        loader=PackageLoader("sealock.service.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_shown,
    )
    made.filters |= {
        "ago": ago,
        "badge": badge,
        "use": lambda word: _USES.get(word, _NOTHING),
        "exploited": lambda is_exploited: _EXPLOITED if is_exploited else _NOTHING,
        "time": time_of,
        "moment": moment,
        "size": format_size,
        "count": count,
        "short": short,
        "shorten_digests": shorten_digests,
        "quoted": lambda text: quote(text, safe=""),
        "clip": clip,
        "code": code,
        "kind": lambda text: KINDS.get(text, text.replace("-", " ")),
        "sentence": sentence,
        "number": lambda number: f"{number:,}",
    }
    made.globals |= {"sign": Markup(SIGN), "version": __version__, "style": style_path()}  # noqa: S704  our own picture
    return made


def _shown(value: object) -> object:
    """What every expression of a template becomes: text without what is invisible or changes the reading direction."""
    return visible(value, "\n") if type(value) is str else value


def render(template: str, **values: Any) -> str:  # noqa: ANN401  what templates show
    """Render a template."""
    return environment().get_template(template).render(**values)


@cache
def style() -> bytes:
    """The style sheet."""
    return files("sealock.service.web").joinpath("static/style.css").read_bytes()


@cache
def style_path() -> str:
    """The address of the style sheet, another for each version, so that browsers may keep it for ever."""
    return f"/static/{sha256(style()).hexdigest()[:16]}.css"


def ago(at: float | None, now: float) -> str:
    """How long ago, in the largest unit: "3 days ago"."""
    if at is None:
        return "never"
    seconds = now - at
    for length, name in _SPANS:
        if seconds >= length:
            return f"{count(int(seconds // length), name)} ago"
    return "just now" if seconds > -60 else moment(at)


def badge(word: str) -> Markup:
    """A severity in its colour."""
    known = _BADGES.get(word)
    return _BADGE.format(word) if known is None else known


def time_of(at: float | None, now: float) -> Markup:
    """How long ago, with the time itself for machines and for who points at it."""
    return _TIME.format(moment(at), ago(at, now))


def moment(at: float | None) -> str:
    """A time as people read it, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at is not None else "never"


def code(text: str) -> Markup:
    """A sentence in which what stands between backticks is code."""
    parts = visible(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else part for index, part in enumerate(parts)
    )


def shorten_digests(text: str) -> str:
    """A text in which digests have twelve digits."""
    return _DIGEST.sub(lambda found: found[0][:19], text)


def short(digest: str) -> str:
    """A digest of which a page shows the first twelve digits."""
    algorithm, colon, digits = digest.partition(":")
    return f"{algorithm}:{digits[:12]}" if colon and len(digits) > 20 else clip(visible(digest), 40)

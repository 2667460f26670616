"""The reports: each renders a noun as one text. A format's module is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final, Literal, TypeAlias, get_args

from sealock.model.report import Report

ReportFormat: TypeAlias = Literal[
    "terminal", "concise", "json", "sarif", "junit", "html", "markdown", "github", "gitlab", "azure"
]

MODULES: Final[Mapping[ReportFormat, str]] = {name: f"sealock.reports.{name}" for name in get_args(ReportFormat)}


EXPLAINING: Final[frozenset[ReportFormat]] = frozenset({"sarif", "html"})
"""The formats that show the manual's pages of the rules, where the report carries them."""


def render(form: ReportFormat, report: Report, **style: Any) -> str:  # noqa: ANN401  only the terminal's report takes a style
    """Render the report. The style is the terminal's: width, colour, unicode, show_suppressed, verbose, every."""
    text: str = import_module(MODULES[form]).render(report, **(style if form == "terminal" else {}))
    return text


def pieces(form: ReportFormat, report: Report) -> Iterator[str]:
    """Yield the parts of a report's text, one by one where the format can: a large one takes more memory as a whole."""
    module = import_module(MODULES[form])
    if hasattr(module, "pieces"):
        yield from module.pieces(report)
    else:
        yield module.render(report)

"""Metrics in the text format of Prometheus: numbers without names of images, so that their cardinality is bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, func, select

from sealock.service.state.eventcounts import count_events
from sealock.service.state.reports import runs_now
from sealock.service.state.tables import (
    container,
    feed,
    host,
    image,
    layer,
    package,
    parked,
    repository,
    scan,
)
from sealock.service.state.tables.access import message
from sealock.service.views.nouns import Counts
from sealock.service.views.silence import number_by_name


class Metric(Struct, frozen=True):
    """A metric: its name without the prefix, its help, and samples of labels and value."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


def read_metrics(connection: Connection, now: float) -> list[Metric]:
    """Count everything: rows of images, layers, packages and scans, and of events only those that nobody counted yet.

    That takes milliseconds with 10,000 images, and grows with them.
    """

    def total(table: object) -> float:
        return connection.execute(select(func.count()).select_from(table)).scalar() or 0  # type: ignore[arg-type]  # a table

    sums = connection.execute(
        select(*(func.sum(getattr(repository.c, name)) for name in Counts.__struct_fields__))
    ).one()
    states = ("waiting", "scanned", "failed", "gone")
    scans = number_by_name(connection, select(scan.c.state, func.count()).group_by(scan.c.state))
    messages = number_by_name(connection, select(message.c.state, func.count()).group_by(message.c.state))
    ages = connection.execute(select(feed.c.name, feed.c.checked).where(feed.c.checked.is_not(None))).all()
    running = connection.execute(select(func.count()).select_from(container).where(runs_now())).scalar()
    renamed = repository.c.successor != ""
    repositories = connection.execute(select(func.count()).select_from(repository).where(~renamed)).scalar()
    counts = dict(zip(Counts.__struct_fields__, sums, strict=True))
    return [
        Metric("repositories", "gauge", "Repositories that are known.", (({}, repositories or 0),)),
        Metric("images", "gauge", "Images that are known.", (({}, total(image)),)),
        Metric("layers", "gauge", "Distinct layers.", (({}, total(layer)),)),
        Metric("packages", "gauge", "Distinct versions of packages.", (({}, total(package)),)),
        Metric("hosts", "gauge", "Hosts that reported.", (({}, total(host)),)),
        Metric("containers", "gauge", "Containers that run.", (({}, running or 0),)),
        Metric(
            "findings",
            "gauge",
            "Open findings that nothing acknowledges, by severity.",
            tuple(({"severity": name}, counts[name] or 0) for name in ("critical", "high", "medium", "low")),
        ),
        Metric(
            "findings_exploited", "gauge", "Open findings known to be exploited.", (({}, counts["exploited"] or 0),)
        ),
        Metric("findings_fixable", "gauge", "Open findings with a fixed version.", (({}, counts["fixable"] or 0),)),
        Metric("scans", "gauge", "Scans by state.", tuple(({"state": name}, scans.get(name, 0)) for name in states)),
        Metric("jobs_given_up", "gauge", "Jobs that failed too often.", (({}, total(parked)),)),
        Metric(
            "events",
            "gauge",
            "Events that are kept, by kind.",
            tuple(({"kind": kind}, n) for kind, n in sorted(count_events(connection).items())),
        ),
        Metric(
            "messages",
            "gauge",
            "Messages to webhooks by state.",
            tuple(({"state": name}, messages.get(name, 0)) for name in ("waiting", "delivered", "dead")),
        ),
        Metric(
            "feed_age_seconds",
            "gauge",
            "Seconds since a source of advisories last answered.",
            tuple(({"feed": name}, max(0.0, now - checked)) for name, checked in ages),
        ),
    ]


def render_metrics(metrics: Iterable[Metric]) -> str:
    """Render in version 0.0.4 of the text format."""
    return "\n".join(_lines(metrics)) + "\n"


def _lines(metrics: Iterable[Metric]) -> Iterator[str]:
    for metric in metrics:
        if metric.samples:
            yield f"# HELP sealock_{metric.name} {metric.help}"
            yield f"# TYPE sealock_{metric.name} {metric.kind}"
        for labels, value in metric.samples:
            pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"sealock_{metric.name}{f'{{{pairs}}}' if pairs else ''} {value:.10g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

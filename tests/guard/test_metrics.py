"""The guard's counters as Prometheus reads them."""

from __future__ import annotations

import pytest

from sealock.guard.metrics import GuardMetrics


def samples(metrics: GuardMetrics) -> dict[str, str]:
    lines = metrics.render().splitlines()
    return dict(line.removeprefix("sealock_guard_").rsplit(" ", 1) for line in lines if not line.startswith("#"))


BOUNDS = ("0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.05", "0.25", "1.0", "5.0", "+Inf")


@pytest.mark.parametrize(
    ("seconds", "first"),
    [
        ((0.0,), "0.0001"), ((0.0001,), "0.0001"), ((0.00011,), "0.00025"), ((0.25,), "0.25"), ((0.26,), "1.0"),
        ((5.0,), "5.0"), ((5.1,), "+Inf"), ((0.01, 0.01), "0.01"), ((), "none"),
    ],
)  # fmt: skip
def test_a_request_is_in_each_bucket_from_its_time_on(seconds: tuple[float, ...], first: str) -> None:
    metrics = GuardMetrics()
    for each in seconds:
        metrics.request("ci", "GET /info", "allowed", each)
    rows = samples(metrics)
    at = BOUNDS.index(first) if seconds else len(BOUNDS)
    assert [rows[f'decision_seconds_bucket{{le="{bound}"}}'] for bound in BOUNDS] == [
        *["0"] * at,
        *[str(len(seconds))] * (len(BOUNDS) - at),
    ]
    assert (rows["decision_seconds_count"], rows["decision_seconds_sum"]) == (str(len(seconds)), f"{sum(seconds):.6f}")


def test_what_is_counted_is_shown_with_its_labels() -> None:
    metrics = GuardMetrics()
    metrics.request("ci", "GET /info", "allowed", 0.1)
    metrics.request("ci", "GET /info", "denied", 0.1)
    metrics.request("ci", "GET /info", "denied", 0.1)
    metrics.request('a"b\\c\nd', "GET /info", "allowed", 0.1)
    metrics.count("denials_total", rule="G001")
    metrics.count("errors_total", kind="engine")
    metrics.count("errors_total", kind="client")
    metrics.count("errors_total", kind="client")
    rows = samples(metrics)
    assert {name: number for name, number in rows.items() if "_total" in name} == {
        'requests_total{caller="ci",route="GET /info",result="allowed"}': "1",
        'requests_total{caller="ci",route="GET /info",result="denied"}': "2",
        'requests_total{caller="a\\"b\\\\c\\nd",route="GET /info",result="allowed"}': "1",
        'denials_total{rule="G001"}': "1",
        'errors_total{kind="engine"}': "1",
        'errors_total{kind="client"}': "2",
    }
    totals = metrics.total("errors_total"), metrics.total("errors_total", kind="client"), metrics.total("reloads_total")
    assert totals == (3, 2, 0)
    assert metrics.total("requests_total", caller="ci", result="denied") == 2
    assert metrics.total("denials_total", kind="client") == 0


def test_gauges_are_shown_as_they_are() -> None:
    metrics = GuardMetrics()
    before = samples(metrics)
    assert [before[name] for name in ("connections", "streams", "policy_valid", "open_seconds", "log_lines_dropped")] == [
        "0", "0", "1", "0", "0",
    ]  # fmt: skip
    metrics.connections, metrics.streams, metrics.policy_valid = 3, 2, False
    metrics.open_left, metrics.dropped, metrics.started = 59.6, 4, 1000.12345
    after = samples(metrics)
    assert [after[name] for name in ("connections", "streams", "policy_valid", "open_seconds", "log_lines_dropped")] == [
        "3", "2", "0", "60", "4",
    ]  # fmt: skip
    assert after["start_time_seconds"] == "1000.123"


def test_each_family_has_its_help_and_its_type_once() -> None:
    metrics = GuardMetrics()
    metrics.request("ci", "GET /info", "allowed", 0.1)
    lines = metrics.render().splitlines()
    assert metrics.render().endswith("\n")
    helps = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    types = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert helps == types
    assert len(helps) == len(set(helps)) == 11
    assert "# TYPE sealock_guard_decision_seconds histogram" in lines
    assert "# TYPE sealock_guard_denials_total counter" in lines
    assert "# TYPE sealock_guard_streams gauge" in lines

"""What the guard counts, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Final

_BOUNDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0)
"""Seconds: the upper bounds of the histogram's buckets."""
_MOST: Final = 200
"""Most callers that are counted by name; the others are counted together."""
_HELP: Final = {
    "requests_total": ("counter", "Requests, by caller, route and result."),
    "denials_total": ("counter", "Denials, by rule."),
    "reloads_total": ("counter", "Times that the policy was read again, by result."),
    "errors_total": ("counter", "Faults, by kind: engine, client, internal, descriptors, memory."),
}


class GuardMetrics:
    """Counters and gauges. `connections` is the number of open ones, `streams` that of those that carry a stream."""

    def __init__(self) -> None:
        self.started = time.time()
        self.connections = self.streams = 0
        self.policy_valid = True
        self.open_left = 0.0
        self.dropped = 0
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0
        self._callers: set[str] = set()

    def count(self, name: str, **labels: str) -> None:
        """Count one more; `name` without its prefix."""
        self._counts[name, tuple(labels.items())] += 1

    def request(self, caller: str, route: str, result: str, seconds: float) -> None:
        """Count a request that was evaluated in so many seconds."""
        if caller not in self._callers:
            if len(self._callers) >= _MOST:
                caller = "others"
            else:
                self._callers.add(caller)
        self._counts["requests_total", (("caller", caller), ("route", route), ("result", result))] += 1
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def total(self, name: str, **labels: str) -> int:
        """The sum of a counter over all label sets that have these labels."""
        wanted = set(labels.items())
        return sum(number for (key, has), number in self._counts.items() if key == name and wanted <= set(has))

    def render(self) -> str:
        """Render all of them."""
        return "\n".join(self._rows()) + "\n"

    def _rows(self) -> Iterator[str]:
        for name, (kind, text) in _HELP.items():
            yield f"# HELP sealock_guard_{name} {text}"
            yield f"# TYPE sealock_guard_{name} {kind}"
            for (key, labels), number in sorted(self._counts.items()):
                if key == name:
                    words = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
                    yield f"sealock_guard_{name}{{{words}}} {number}"
        yield "# HELP sealock_guard_decision_seconds Time to evaluate a request."
        yield "# TYPE sealock_guard_decision_seconds histogram"
        total = 0
        for bound, number in zip((*_BOUNDS, "+Inf"), self._buckets, strict=True):
            total += number
            yield f'sealock_guard_decision_seconds_bucket{{le="{bound}"}} {total}'
        yield f"sealock_guard_decision_seconds_sum {self._seconds:.6f}"
        yield f"sealock_guard_decision_seconds_count {total}"
        for name, value, text in (
            ("connections", self.connections, "Open connections of clients."),
            ("streams", self.streams, "Connections that carry a stream."),
            ("policy_valid", int(self.policy_valid), "1 where the policy's file is the policy in use."),
            ("open_seconds", round(self.open_left), "Seconds for which break-glass still lets all pass."),
            ("start_time_seconds", round(self.started, 3), "When the guard started."),
            ("log_lines_dropped", self.dropped, "Lines of the log that could not be written."),
        ):
            yield f"# HELP sealock_guard_{name} {text}"
            yield f"# TYPE sealock_guard_{name} gauge"
            yield f"sealock_guard_{name} {value}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

"""Measures --fix --unsafe on generated compose files beside their check, and prints how both grow with the services.

Exits 1 when a figure is missed: a file of 60 services takes more than 1 second or 100 MB, one of 788 lines and 60
services more than 2 seconds, or twice the services more than 3 times as long, start-up aside.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import measurement

SERVICES = 60
LINES = 788
MEMORY = 100
"""Megabytes."""
GROWTH = 3


def services(count: int) -> str:
    """A project of services with a port and a volume each."""
    lines = ["services:"]
    for number in range(count):
        lines += [
            f"  app{number}:",
            f"    image: acme/app{number}:1.{number}",
            f'    ports: ["{8000 + number}:80"]',
            f'    volumes: ["data{number}:/data"]',
        ]
    return "\n".join([*lines, "volumes:", *(f"  data{number}:" for number in range(count)), ""])


def project(count: int, length: int) -> str:
    """A project as large ones are written: settings shared by anchors, health checks, dependencies, comments."""
    lines = [
        "x-defaults: &defaults",
        "  restart: unless-stopped",
        "  logging: &logging {driver: json-file, options: {max-size: 10m}}",
        "x-health: &health",
        "  interval: 30s",
        "  timeout: 5s",
        "  retries: 5",
        "services:",
    ]
    for number in range(count):
        after = f"app{number - 1}"
        lines += [
            f"  # The service {number}.",
            f"  app{number}:",
            "    <<: *defaults",
            f'    image: "acme/app:${{APP_VERSION:-24.{number}}}"'
            if number % 3
            else f"    image: postgres:16.{number}",
            "    environment:",
            f"      NUMBER: '{number}'",
            "      LOG_LEVEL: ${LOG_LEVEL:-info}",
            "    healthcheck:",
            "      <<: *health",
            f"      test: [CMD, healthcheck, '{number}']",
            *([f"    depends_on: [{after}]  # started first"] if number else []),
            *([f'    ports: ["{9000 + number}:{9000 + number}"]'] if number % 5 == 0 else []),
        ]
    lines += [f"# {number} more" for number in range(length - len(lines))]
    return "\n".join([*lines[:length], ""])


def main() -> int:
    """Measure, print, and compare with the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, metavar="N", help="repetitions (default: %(default)s)")
    arguments = parser.parse_args()
    texts = {
        **{f"{count} services": services(count) for count in (1, SERVICES // 2, SERVICES, SERVICES * 2)},
        f"{SERVICES} services, {LINES} lines": project(SERVICES, LINES),
    }
    sealock = [sys.executable, "-m", "sealock"]
    with tempfile.TemporaryDirectory() as made:
        commands: dict[str, Sequence[str | Path]] = {}
        for at, (name, text) in enumerate(texts.items()):
            path = Path(made) / f"{at}.yaml"
            path.write_text(text, encoding="utf-8")
            commands[f"check, {name}"] = [*sealock, "check", "-f", path]
            commands[f"fix, {name}"] = [*sealock, "check", "--fix", "--unsafe", "--diff", "-f", path]
        runs = measurement.alternately(commands, arguments.times)
    took = {name: measurement.seconds(repeats) for name, repeats in runs.items()}
    memory = {name: measurement.memory(repeats) / 1e6 for name, repeats in runs.items()}
    for name, seconds in took.items():
        print(f"{name:32}{seconds:7.2f} s{memory[name]:7.0f} MB")
    broken = [name for name, repeats in runs.items() if any(ran.status not in {0, 1} for ran in repeats)]
    for name in broken:
        print(f"MISSED: {name} did not run to its end")
    start = took["fix, 1 services"]
    growth = (took[f"fix, {SERVICES * 2} services"] - start) / (took[f"fix, {SERVICES} services"] - start)
    met = [
        _is_met(f"fix of {SERVICES} services, seconds", took[f"fix, {SERVICES} services"], 1),
        _is_met(f"fix of {SERVICES} services, MB", memory[f"fix, {SERVICES} services"], MEMORY),
        _is_met(f"fix of {LINES} lines, seconds", took[f"fix, {SERVICES} services, {LINES} lines"], 2),
        _is_met("twice the services, times as long", growth, GROWTH),
    ]
    return 0 if all(met) and not broken else 1


def _is_met(what: str, figure: float, limit: float) -> bool:
    met = figure <= limit
    print(f"{'met' if met else 'MISSED'}: {what}: {figure:.2f}, at most {limit}")
    return met


if __name__ == "__main__":
    sys.exit(main())

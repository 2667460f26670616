"""Measures the language server from a keystroke to the diagnostics, in a Dockerfile with heavy RUN lines.

Exits 1 where the median takes more than 20 ms of CPU time, which other programs on the machine hardly change.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from support.languageclient import LanguageClient

LINES = 200
KEYSTROKES = 100
TARGET = 20
"""Milliseconds."""


def heavy() -> str:
    """A Dockerfile as large ones are: long RUN instructions with conditions, loops, pipelines and clean-up."""
    lines = ["FROM debian:12-slim AS build", "ENV VERSION=1.2.3", "WORKDIR /src"]
    number = 0
    while len(lines) < LINES - 1:
        number += 1
        lines += [
            "RUN set -eux; \\",
            "    apt-get update; \\",
            f"    apt-get install -y --no-install-recommends curl xz-utils lib{number}-dev; \\",
            f'    curl -fsSL "https://example.com/part{number}-$VERSION.tar.xz" -o part.tar.xz; \\',
            f'    echo "{number:064x}  part.tar.xz" | sha256sum -c -; \\',
            f"    mkdir -p /opt/part{number}; tar -xJf part.tar.xz -C /opt/part{number} --strip-components=1; \\",
            "    for program in /opt/*/bin/*; do \\",
            '        if [ -x "$program" ]; then ln -sf "$program" /usr/local/bin/; fi; \\',
            "    done; \\",
            "    rm -rf part.tar.xz /var/lib/apt/lists/*",
        ]
    return "\n".join([*lines[: LINES - 1], "USER 1000", ""])


def keystrokes(text: str) -> Iterator[str]:
    """The text after each of the keys that type an `echo` into a RUN in its midst."""
    start = text.index("    mkdir", len(text) // 2)
    words = ("typed " * KEYSTROKES)[:KEYSTROKES]
    for count in range(1, KEYSTROKES + 1):
        yield f"{text[:start]}    echo {words[:count]}; \\\n{text[start:]}"


def main() -> int:
    text = heavy()
    times: list[float] = []
    busy: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        uri = (Path(folder) / "Dockerfile").as_uri()
        with LanguageClient(Path(folder)) as client:
            findings = len(client.open(uri, text, "dockerfile"))
            for typed in keystrokes(text):
                start, spent = time.perf_counter(), client.cpu_time
                client.change(uri, typed)
                times.append((time.perf_counter() - start) * 1000)
                busy.append((client.cpu_time - spent) * 1000)
    middle, late = median(busy), quantiles(busy, n=20)[-1]
    print(f"{text.count(chr(10))} lines, {findings} findings, {len(times)} keystrokes")
    print(f"from didChange to publishDiagnostics: median {middle:.1f} ms of CPU, 95 % within {late:.1f} ms")
    print(f"by the clock: median {median(times):.1f} ms, 95 % within {quantiles(times, n=20)[-1]:.1f} ms")
    return int(middle > TARGET)


if __name__ == "__main__":
    sys.exit(main())

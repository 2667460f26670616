"""The options that say how much of an image is read, on both commands."""

from __future__ import annotations

import gzip
import zipfile
from argparse import ArgumentTypeError
from io import BytesIO
from pathlib import Path

import pytest

from sealock.cli.limits import count, size
from sealock.cli.main import main
from support.madeimages import Layout, files, info, tar, write

GOOD = files(etc__x="1")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("500M", 500 << 20), ("20G", 20 << 30), ("20GiB", 20 << 30), ("2 kb".replace(" ", ""), 2048), ("1t", 1 << 40)],
)  # fmt: skip
def test_sizes(text: str, value: int) -> None:
    assert size(text) == value


@pytest.mark.parametrize("text", ["", "0", "-1", "G", "1.5G", "x", "1P", "9" * 30, "٣", "1 G"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        size(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "1K", "9" * 30])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        count(text)


def image(folder: Path, layer: bytes) -> str:
    made = Layout()
    return write(folder / "app.tar", made.index(made.image((layer, gzip.compress(layer)), (GOOD, GOOD))))


LARGE = tar(info("x", bytes(30 << 20)))
INSTALLED = tar(info("lib/apk/db/installed", b"P:musl\nV:1\nA:x86_64\nT:" + b"x" * (65 << 20) + b"\n\n"))


def deep() -> bytes:
    """Java archives, eleven of them within another."""
    data = b""
    for _ in range(12):
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("n.jar" if data else "x", data)
        data = buffer.getvalue()
    return tar(info("app/a.jar", data))


DEEP = deep()


@pytest.mark.repeats
@pytest.mark.parametrize("command", ["sbom", "check"])
@pytest.mark.parametrize(
    ("layer", "options", "told"),
    [
        (LARGE, ["--max-layer-size", "10M"], "it has more than 10485760 uncompressed bytes"),
        (LARGE, ["--max-layer-size", "40M"], ""),
        (LARGE, [], ""),
        (INSTALLED, [], "the limit for such files (--max-file-size)"),
        (INSTALLED, ["--max-file-size", "70M"], ""),
        (GOOD * 10, ["--max-entries", "1"], "more than 1 entries"),
        (DEEP, [], "lies more than 8 archives deep, and was not read (--max-depth)"),
        (DEEP, ["--max-depth", "12"], ""),
    ],
    ids=[
        "a small layer",
        "a large one",
        "as by default",
        "a file too large",
        "a larger file",
        "few entries",
        "deep",
        "deeper",
    ],
)
def test_limits_are_kept_and_can_be_raised(  # noqa: PLR0917  a table's columns
    layer: bytes, options: list[str], told: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--no-vulnerabilities", "--fail-on", "critical"] if command == "check" else []
    status = main([command, "-q", *more, *options, image(tmp_path, layer)])
    said = " ".join("".join(capsys.readouterr()).split())
    assert told in said
    assert status == (2 if told else 0), said

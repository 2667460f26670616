"""FIRST's EPSS: the probability that a CVE is exploited within 30 days. https://www.first.org/epss/data_stats."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from typing import IO, Final

from sealock.model.advisory import Epss
from sealock.patterns import compile_lazily
from sealock.vulnerabilities.feeds._texts import dated
from sealock.vulnerabilities.feeds.feed import DOCUMENT, BrokenRecord, Dated, FeedError, FeedItem, Likelihood

_CHUNK: Final = 1 << 20
_LINE: Final = 4096
LINES: Final = 5_000_000
"""Most lines; there are some 300,000 CVEs."""
_CVE: Final = compile_lazily(r"CVE-\d{4}-\d{4,9}")
_DATE: Final = compile_lazily(r"score_date:([0-9T:.Z+-]{10,40})")


def read(file: IO[bytes]) -> Iterator[FeedItem]:
    """Yield the date of the scores, and each CVE's score."""
    lines = _lines(file)
    first = next(lines, "")
    if first.startswith("#"):
        match = _DATE.search(first)
        # FIRST writes +0000 where RFC 3339 has +00:00.
        yield Dated(dated(re.sub(r"\+00:?00\Z", "Z", match[1])) if match else "")
        first = next(lines, "")
    if first.strip() != "cve,epss,percentile":
        msg = f"its columns are not cve,epss,percentile but {first[:60]!r}"
        raise FeedError(msg)
    cve = _CVE.fullmatch
    for line in lines:
        if not line:
            continue
        cells = line.split(",")
        try:
            name, score, percentile = cells[0], float(cells[1]), float(cells[2])
        except (ValueError, IndexError):
            yield BrokenRecord(line[:60], "it is not a CVE with a score and a percentile")
            continue
        if cve(name) and 0.0 <= score <= 1.0 and 0.0 <= percentile <= 1.0:
            yield Likelihood(name, Epss(score, percentile))
        else:
            yield BrokenRecord(line[:60], "it is not a CVE with a score and a percentile between 0 and 1")


def _lines(file: IO[bytes]) -> Iterator[str]:
    rest, taken, count = b"", 0, 0
    try:
        with gzip.GzipFile(fileobj=file) as plain:
            while chunk := plain.read(_CHUNK):
                taken += len(chunk)
                if taken > DOCUMENT:
                    msg = f"it expands to more than {DOCUMENT} bytes, the maximum"
                    raise FeedError(msg)
                *lines, rest = (rest + chunk).split(b"\n")
                count += len(lines)
                if count > LINES:
                    msg = f"it has more than {LINES} lines, the maximum"
                    raise FeedError(msg)
                if len(rest) > _LINE:
                    msg = f"it has a line of more than {_LINE} bytes"
                    raise FeedError(msg)
                for line in lines:
                    yield line.decode("ascii", "replace").rstrip("\r")
    except (OSError, EOFError, zlib.error) as error:
        msg = f"it is not a complete gzip file ({error})"
        raise FeedError(msg) from None
    if rest:
        yield rest.decode("ascii", "replace").rstrip("\r")

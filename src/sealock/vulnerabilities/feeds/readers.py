"""Reads the files of every feed, each with its own reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from sealock.vulnerabilities.feeds import csaf, debian, endoflife, epss, kev, osv, secdb
from sealock.vulnerabilities.feeds.catalog import PRODUCTS, Feed, FeedFile
from sealock.vulnerabilities.feeds.feed import FeedItem


def read(feed: Feed, file: FeedFile, stream: IO[bytes], size: int) -> Iterator[FeedItem]:
    """Read one file of a feed. `size` is the file's, in bytes. FeedError where the file cannot be read."""
    match feed.family:
        case "osv":
            return osv.read(stream, size, feed.ecosystem)
        case "alpine-secdb" | "wolfi" | "chainguard":
            return secdb.read(stream, feed.name, feed.ecosystem.partition(":")[0])
        case "debian-tracker":
            return debian.read(stream)
        case "redhat-vex":
            return csaf.read(stream, file.path)
        case "kev":
            return kev.read(stream)
        case "epss":
            return epss.read(stream)
        case "endoflife":
            product = file.path.rpartition("/")[2].removesuffix(".json")
            return endoflife.read(stream, PRODUCTS[product])

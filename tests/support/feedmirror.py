"""A mirror of feeds made of the small records in tests/vectors/feeds, packed as the publishers pack them."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backports import zstd

from sealock.vulnerabilities.builder import DatabaseContent, build
from sealock.vulnerabilities.claim import Claim
from sealock.vulnerabilities.collector import FeedCollector
from sealock.vulnerabilities.database.seal import opened, seal
from sealock.vulnerabilities.database.sources import SourceFolder
from sealock.vulnerabilities.database.update import UpdateOutcome, update
from sealock.vulnerabilities.feeds import catalog, readers
from sealock.vulnerabilities.feeds.feed import FeedItem
from sealock.vulnerabilities.records import FeedState
from sealock.vulnerabilities.store import AdvisoryStore

VECTORS = Path(__file__).parents[1] / "vectors/feeds"


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive of files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    """A tar, compressed with zstd."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return zstd.compress(stream.getvalue())


def mirror(folder: Path) -> Path:
    """Lay the mirror out in a folder."""
    for own in sorted(one for one in (VECTORS / "osv").iterdir() if one.is_dir()):
        target = folder / "osv" / own.name
        target.mkdir(parents=True)
        (target / "all.zip").write_bytes(zipped({one.name: one.read_bytes() for one in sorted(own.iterdir())}))
    for family in ("alpine-secdb", "wolfi", "debian-tracker", "kev", "endoflife"):
        shutil.copytree(VECTORS / family, folder / family)
    (folder / "redhat-vex").mkdir()
    documents = {f"2026/{one.name}": one.read_bytes() for one in sorted((VECTORS / "redhat-vex").iterdir())}
    (folder / "redhat-vex/csaf_vex.tar.zst").write_bytes(tarred(documents))
    (folder / "epss").mkdir()
    scores = VECTORS / "epss/epss_scores-current.csv"
    (folder / "epss/epss_scores-current.csv.gz").write_bytes(gzip.compress(scores.read_bytes(), mtime=0))
    return folder


def read(feed: str, data: bytes, path: str = "") -> list[FeedItem]:
    """What the reader of a feed makes of one file's bytes."""
    one = catalog.FEEDS[feed]
    file = next(file for file in one.files if path in file.path)
    return list(readers.read(one, file, io.BytesIO(data), len(data)))


def stored(folder: Path, feeds: Mapping[str, Iterable[FeedItem]]) -> AdvisoryStore:
    """A database of what some feeds tell."""
    content = DatabaseContent({}, {})
    for name, items in feeds.items():
        gatherer = FeedCollector(name)
        gatherer.take(items)
        content.feeds[name] = gatherer.feed_data
        content.states[name] = FeedState(name, name, 1, 1)
    path = folder / f"made{len(list(folder.iterdir()))}.db"
    build(str(path), content)
    seal(str(path))
    return opened(str(path))


def updated(where: Path, source: Path, *feeds: str, now: float = 1_780_000_000) -> dict[str, UpdateOutcome]:
    """Update a database from a mirror's folder."""
    wanted = [catalog.FEEDS[name] for name in feeds] if feeds else list(catalog.FEEDS.values())
    return {one.feed: one for one in update(str(where), SourceFolder(str(source)), wanted, now=lambda: now)}


def claims(store: AdvisoryStore, ecosystem: str, name: str) -> dict[str, Claim]:
    """The claims on one name, by the advisory and, where several feeds have it, the feed."""
    return {f"{one.advisory} {one.feed}": one for one in store.about(ecosystem, [name]).get(name, ())}


def json_of(value: Any) -> bytes:
    """JSON."""
    import json  # noqa: PLC0415  the standard library's, to be independent

    return json.dumps(value).encode()


def pairs(items: Iterable[FeedItem], kind: type[Any]) -> Iterator[Any]:
    """Items of one kind."""
    return (item for item in items if isinstance(item, kind))

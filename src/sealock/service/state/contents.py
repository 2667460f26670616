"""Keeps what is in an image: its layers, its packages with their hits, and what its rules report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Table, delete, insert, select, update

from sealock.baseimage.origin import origin
from sealock.model.finding import Finding
from sealock.model.identity import identify
from sealock.model.inventory import Inventory, Layer
from sealock.service.state.configurations import encode_base, encode_configuration
from sealock.service.state.flaws import PackageMatch
from sealock.service.state.packages import ImageContents, StoredPackage
from sealock.service.state.rows import chunks, insert_new, numbers, put
from sealock.service.state.tables import (
    configuration,
    hit,
    image,
    image_finding,
    image_layer,
    image_slice,
    layer,
    layer_slice,
    package,
    package_place,
    place,
    repository_image,
    setting,
    slice_package,
)
from sealock.service.state.tags import refresh

GENERATION = "advisories"
"""The setting with the digest of the advisories that all packages are matched with."""


class ReadImage(Struct, frozen=True):
    """An image that was read: what is in it, its packages, what rules report, and which code read it."""

    inventory: Inventory
    contents: ImageContents
    findings: tuple[Finding, ...] = ()
    analyzer: str = ""


def generation(connection: Connection) -> str:
    """The advisories that the packages are matched with, "" for none yet."""
    return connection.execute(select(setting.c.value).where(setting.c.name == GENERATION)).scalar() or ""


def set_generation(connection: Connection, value: str) -> None:
    """Say which advisories new packages must be matched with from now on."""
    put(connection, setting, [{"name": GENERATION, "value": value}])


def unknown_packages(connection: Connection, contents: ImageContents) -> list[StoredPackage]:
    """The packages of an image that are not stored yet."""
    slices = numbers(connection, layer_slice, layer_slice.c.key, contents.keys)
    wanted = contents.packages(contents.keys - slices.keys())
    known = numbers(connection, package, package.c.key, wanted)
    return [wanted[key] for key in sorted(wanted.keys() - known.keys())]


def keep_image(connection: Connection, read: ReadImage, matched: Mapping[str, PackageMatch], now: float) -> int:
    """Keep an image, in place of what an earlier reading of it gave; give its number.

    `matched` has the result for each of its packages that is not stored yet. The image shows in no repository before a
    tag names it.
    """
    inventory = read.inventory
    values = _columns(read) | {"scanned": now}
    number: int | None = connection.execute(select(image.c.id).where(image.c.digest == inventory.manifest)).scalar()
    is_new = number is None
    if number is None:
        new = insert(image).values(**values, digest=inventory.manifest, first_seen=now).returning(image.c.id)
        number = int(connection.execute(new).scalar_one())
    else:
        connection.execute(update(image).where(image.c.id == number).values(**values))
    layers = _keep_layers(connection, inventory.layers, now)
    put(connection, configuration, [_configuration(number, inventory)])
    placed = [
        {"image_id": number, "position": entry.index, "layer_id": layers[entry.diff_id], "created_by": entry.created_by}
        for entry in inventory.layers
    ]
    slices = [{"image_id": number, "slice_id": slice_} for slice_ in _keep_slices(connection, read, matched, layers)]
    rows = ((image_layer, placed), (image_slice, slices), (image_finding, finding_rows(number, read.findings)))
    changed = {table for table, wanted in rows if _replace(connection, table, number, wanted, is_new=is_new)}
    if not is_new and changed & {image_slice, image_finding}:
        # Repositories that have it were settled with its former contents.
        have = select(repository_image.c.repository_id).where(repository_image.c.image_id == number)
        for repository in connection.execute(have.order_by(repository_image.c.repository_id)).scalars().all():
            refresh(connection, repository, now, "image")
    return number


def _replace(
    connection: Connection, table: Table, image_id: int, rows: Sequence[Mapping[str, Any]], *, is_new: bool
) -> bool:
    """Write the rows of an image in place of its former ones, where they differ; whether they do."""
    if not is_new:
        mine = table.c.image_id == image_id
        former = sorted(map(tuple, connection.execute(select(table).where(mine))))
        if former == sorted(tuple(row[column.name] for column in table.c) for row in rows):
            return False
        connection.execute(delete(table).where(mine))
    if rows:
        connection.execute(insert(table), rows)
    return bool(rows) or not is_new


def _columns(read: ReadImage) -> dict[str, Any]:
    inventory = read.inventory
    return {
        "configuration": inventory.id,
        "platform": inventory.platform,
        "created": inventory.created,
        "distribution": _json(inventory.distribution) if inventory.distribution else "",
        "stream": read.contents.stream,
        "errors": _json([error.message for error in inventory.errors]) if inventory.errors else "",
        "notes": _json(inventory.notes) if inventory.notes else "",
        "analyzer": read.analyzer,
        "size": sum(entry.size for entry in inventory.layers),
    }


def _configuration(number: int, inventory: Inventory) -> dict[str, Any]:
    return {
        "image_id": number,
        "settings": encode_configuration(inventory.container),
        "base": encode_base(origin(inventory)),
        "chain": next(reversed(chain_ids(entry.diff_id for entry in inventory.layers)), ""),
    }


def chain_ids(diff_ids: Iterable[str]) -> list[str]:
    """The ChainID of each layer with all below it, lowest first, as OCI's image specification computes it."""
    chain: list[str] = []
    for diff_id in diff_ids:
        chain.append(f"sha256:{sha256(f'{chain[-1]} {diff_id}'.encode()).hexdigest()}" if chain else diff_id)
    return chain


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode().replace("\\u0000", "\\ufffd")


def _keep_layers(connection: Connection, layers: Sequence[Layer], now: float) -> dict[str, int]:
    rows = {
        entry.diff_id: {"diff_id": entry.diff_id, "digest": entry.digest, "size": entry.size, "first_seen": now}
        for entry in layers
    }
    known = numbers(connection, layer, layer.c.diff_id, rows)
    new = sorted(rows.keys() - known.keys())
    insert_new(connection, layer, [rows[diff_id] for diff_id in new])
    return known | numbers(connection, layer, layer.c.diff_id, new)


def keep_packages(
    connection: Connection, packages: Iterable[StoredPackage], matched: Mapping[str, PackageMatch]
) -> dict[str, int]:
    """Keep packages with their hits; give their numbers by their keys. Those that are there stay as they are."""
    stored = {entry.key: entry for entry in packages}
    known = numbers(connection, package, package.c.key, stored)
    new = sorted(stored.keys() - known.keys())
    rows = []
    for key in new:
        result = matched[key]
        state = {"unchecked": result.unchecked, "grave": result.grave, "covered": result.covered}
        rows.append(stored[key].row() | state)
    insert_new(connection, package, rows)
    added = numbers(connection, package, package.c.key, new)
    named = {key: stored[key].places() for key in new}
    places = sorted({entry for entries in named.values() for entry in entries})
    insert_new(connection, place, [{"ecosystem": ecosystem, "name": name} for ecosystem, name in places])
    ids = _places(connection, places)
    among = sorted({(ids[entry], added[key]) for key, entries in named.items() for entry in entries})
    insert_new(connection, package_place, [{"place_id": where, "package_id": which} for where, which in among])
    insert_new(connection, hit, [entry.row(added[key]) for key in new for entry in matched[key].hits.values()])
    return known | added


def _places(connection: Connection, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    by_ecosystem: dict[str, list[str]] = {}
    for ecosystem, name in places:
        by_ecosystem.setdefault(ecosystem, []).append(name)
    ids: dict[tuple[str, str], int] = {}
    for ecosystem, names in by_ecosystem.items():
        for some in chunks(names):
            query = select(place.c.name, place.c.id).where(place.c.ecosystem == ecosystem, place.c.name.in_(some))
            ids.update({(ecosystem, name): number for name, number in connection.execute(query)})
    return ids


def _keep_slices(
    connection: Connection, read: ReadImage, matched: Mapping[str, PackageMatch], layers: Mapping[str, int]
) -> list[int]:
    """Keep what is seen of an image's layers; give the numbers of its slices."""
    contents = read.contents
    known = numbers(connection, layer_slice, layer_slice.c.key, contents.keys)
    new = contents.slices(sorted(contents.keys - known.keys()))
    packages = keep_packages(connection, contents.packages(new).values(), matched)
    insert_new(connection, layer_slice, [{"key": key, "layer_id": layers.get(new[key].layer)} for key in new])
    added = numbers(connection, layer_slice, layer_slice.c.key, new)
    rows = [
        {
            "slice_id": added[key],
            "package_id": packages[row.key],
            "owner_id": packages[row.owner] if row.owner else None,
            "path": row.path,
        }
        for key, entry in new.items()
        for row in entry.packages
    ]
    insert_new(connection, slice_package, rows)
    return sorted((known | added).values())


def finding_rows(number: int, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The rows of what rules report on an image, by its number: one for each rule and thing."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in findings:
        thing = identify(finding).thing.replace("\0", "\N{REPLACEMENT CHARACTER}")
        former = rows.get((finding.rule, thing))
        if finding.suppressed is None and (former is None or former["severity"] < int(finding.severity)):
            rows[finding.rule, thing] = {
                "image_id": number,
                "rule": finding.rule,
                "thing": thing,
                "severity": int(finding.severity),
                # Its changes are for a text that is not there.
                "data": _json(replace(finding, remedy=replace(finding.remedy, changes=()))),
            }
    return list(rows.values())

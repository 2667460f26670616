"""What an image was built on, and which newer or smaller base there is, out of the images that the service has read.

A base is recognised by its layers: an image all of whose layers are the lowest of another's has a ChainID that the
other's layers have on their way. Where no such image was read, the configuration may name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Row, Select, bindparam, select

from sealock.baseimage.origin import origin
from sealock.errors import TargetError
from sealock.model.advice import Base
from sealock.model.inventory import Inventory
from sealock.net.registry.names import reference
from sealock.rules.endofsupport import newer_release
from sealock.service.access.tokens import Scope
from sealock.service.state.configurations import decode_base
from sealock.service.state.contents import chain_ids
from sealock.service.state.tables import configuration, image, repository, tag
from sealock.service.views.common import within
from sealock.service.views.nouns import BaseImage, BaseView
from sealock.service.views.statements import NUMBER, flaws_of_image, keep, seen_within

_MOST_SMALLER: Final = 3
_MOST_TAGS: Final = 500
"""Tags among which the base is looked for, those that name it now first."""
_Flaws: TypeAlias = set[tuple[str, str]]


class _KnownBase(Struct, frozen=True):
    """The base by its name: the image that it is, None where that was not read, and what its tag names now."""

    name: str
    base: Row[Any] | None
    now: Row[Any] | None
    layers: int = 0


def find_base(connection: Connection, scope: Scope, number: int, inventory: Inventory) -> BaseView:
    """What is known of an image's base, and of newer and smaller ones."""
    text = connection.execute(_stated(), {"number": number}).scalar()
    stated = decode_base(text) if text else origin(inventory)
    known = _by_layers(connection, scope, inventory, stated) or _by_name(connection, scope, stated)
    view = BaseView(stated.name, stated.layers, stated.says, release=_release(inventory))
    if known is not None:
        flaws = _flaws(connection, known.base.id) if known.base else None
        view = replace(
            view,
            name=known.name,
            layers=known.layers or stated.layers,
            evidence=("the layers that both have",) if known.layers else stated.says,
            image=_image(connection, known.base, flaws) if known.base else None,
            newer=_image(connection, known.now, flaws) if known.now and not _is_same(known.base, known.now) else None,
            smaller=tuple(_smaller(connection, scope, known, flaws)),
        )
    return replace(view, unknown=tuple(_unknown(view, known, is_kept=text is not None)))


@keep
def _stated() -> Select[Any]:
    return select(configuration.c.base).where(configuration.c.image_id == NUMBER)


@keep
def _tagged(scope: Scope) -> Select[Any]:
    """Images with the tags of the scope that name them, or did."""
    columns = (image.c.id, image.c.digest, image.c.size, seen_within(scope).label("first_seen"), repository.c.name)
    named = (tag.c.repository_id, tag.c.name.label("tag"), tag.c.digest.label("named"), tag.c.until)
    joined = image.join(tag, tag.c.image_id == image.c.id).join(repository, repository.c.id == tag.c.repository_id)
    return select(*columns, *named).select_from(joined).where(within(scope))


@keep
def _tagged_chains(scope: Scope) -> Select[Any]:
    """Those with one of some `chains`, those that a tag names now first."""
    query = _tagged(scope).add_columns(configuration.c.chain)
    query = query.join(configuration, configuration.c.image_id == image.c.id)
    query = query.where(configuration.c.chain.in_(bindparam("chains", expanding=True)))
    return query.order_by(tag.c.until.is_not(None), tag.c.id.desc()).limit(_MOST_TAGS)


@keep
def _tagged_now(scope: Scope) -> Select[Any]:
    """The image that the tag `label` of the repository `name` names now."""
    named = (repository.c.name == bindparam("name"), tag.c.name == bindparam("label"), tag.c.until.is_(None))
    return _tagged(scope).where(*named)


def _by_layers(connection: Connection, scope: Scope, inventory: Inventory, stated: Base) -> _KnownBase | None:
    """The image with most layers that are all this one's lowest, first by the name that the configuration gives it."""
    ids = chain_ids(layer.diff_id for layer in inventory.layers)
    chains = {chain: number for number, chain in enumerate(ids[:-1], 1)}
    rows = connection.execute(_tagged_chains(scope), {"chains": list(chains)}).all() if chains else ()
    if not rows:
        return None
    wanted = _parsed(stated.name)
    row = max(
        rows,
        key=lambda row: (chains[row.chain], (row.name, row.tag) == wanted, row.until is None, -len(row.tag), row.tag),
    )
    return _KnownBase(f"{row.name}:{row.tag}", row, _current(connection, scope, row.name, row.tag), chains[row.chain])


def _by_name(connection: Connection, scope: Scope, stated: Base) -> _KnownBase | None:
    """What the tag names now that the configuration calls the base."""
    name, label = _parsed(stated.name)
    now = _current(connection, scope, name, label)
    if now is None:
        return None
    return _KnownBase(f"{name}:{label}", now if stated.digest in {now.digest, now.named} else None, now)


def _parsed(name: str) -> tuple[str, str]:
    """Repository and tag of a name that a configuration gives; "" where it is no reference."""
    try:
        parsed = reference(name.partition(" ")[0])
    except TargetError:
        return "", ""
    return f"{parsed.registry}/{parsed.repository}", parsed.tag or ""


def _current(connection: Connection, scope: Scope, name: str, label: str) -> Row[Any] | None:
    if not name or not label:
        return None
    return connection.execute(_tagged_now(scope), {"name": name, "label": label}).first()


def _is_same(base: Row[Any] | None, now: Row[Any]) -> bool:
    return base is not None and base.id == now.id


def _smaller(connection: Connection, scope: Scope, known: _KnownBase, flaws: _Flaws | None) -> Iterator[BaseImage]:
    """Other tags of the base's repository that add a word to its own, such as "-slim", and name smaller images."""
    row = known.base or known.now
    if row is None:
        return
    variants = _tagged(scope).where(
        tag.c.repository_id == row.repository_id,
        tag.c.until.is_(None),
        tag.c.name.startswith(f"{row.tag}-", autoescape=True),
        image.c.size < row.size,
    )
    for variant in connection.execute(variants.order_by(image.c.size, tag.c.name).limit(_MOST_SMALLER)):
        yield _image(connection, variant, flaws)


def _image(connection: Connection, row: Row[Any], before: _Flaws | None) -> BaseImage:
    """An image as a base, compared with the flaws of the one that is used now."""
    flaws = _flaws(connection, row.id)
    named = row.digest, f"{row.name}:{row.tag}", row.size, row.first_seen
    if before is None:
        return BaseImage(*named, len(flaws))
    return BaseImage(*named, len(flaws), len(before - flaws), len(flaws - before))


def _flaws(connection: Connection, number: int) -> _Flaws:
    """The flaws of an image that count, each with what it is about."""
    return {(row.flaw, row.thing) for row in connection.execute(flaws_of_image(), {"number": number})}


def _release(inventory: Inventory) -> str:
    system = inventory.distribution
    newest = newer_release(system.id, system.version) if system else ""
    return f"{system.id} {newest}" if system and newest else ""


def _unknown(view: BaseView, known: _KnownBase | None, *, is_kept: bool) -> Iterator[str]:
    if not is_kept:
        yield "It was read before configurations were kept, which may name its base. Submit it again."
    if not view.name:
        yield (
            "Which image it was built on: its configuration does not say, and no image that was read has its lowest"
            " layers. Submit the base, and it is recognised."
        )
    elif known is None:
        yield f"Whether there is a newer build of {view.name}: it was not read. Submit it, or watch its repository."
    yield (
        "Whether a smaller base would do: that depends on the files that its programs load, which are not kept."
        " `sealock inspect` reads them."
    )

"""Statements about one image, which its page and the API ask at every request: each is built once for a scope.

To build a statement costs five times what it costs to ask it. What differs between requests is a parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, ParamSpec, TypeVar, cast

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, false, func, or_, select

from sealock.service.access.tokens import Scope
from sealock.service.state.reports import runs_now
from sealock.service.state.tables import (
    acknowledgement,
    configuration,
    container,
    container_finding,
    hit,
    image,
    image_finding,
    image_layer,
    image_slice,
    layer,
    layer_slice,
    package,
    repository,
    repository_image,
    slice_package,
    tag,
)
from sealock.service.views.common import image_within, within

_MOST: Final = 16
"""Scopes whose statements are kept, the last ones: each takes some KiB."""
_MOST_TAGS: Final = 50
_MOST_REASONS: Final = 20
_PLACE: Final = ("name", "own", "part")
NUMBER: Final[BindParameter[Any]] = bindparam("number")
"""The number of the image."""
_OWNER: Final = package.alias("owner")
"""The package of a distribution whose file another package was found in."""
Made = TypeVar("Made")
Given = ParamSpec("Given")


def keep(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """Keep the statements that a function makes, by what it is given."""
    return cast("Callable[Given, Made]", lru_cache(maxsize=_MOST)(make))


def seen_within(scope: Scope) -> ColumnElement[float]:
    """When an image was first seen, as far as a scope may know: other repositories may have had it before."""
    if scope.is_everything:
        return image.c.first_seen
    seen = select(func.min(repository_image.c.first_seen)).join(repository)
    return seen.where(repository_image.c.image_id == image.c.id, within(scope)).scalar_subquery()


@keep
def images(scope: Scope) -> Select[Any]:
    """Images of a scope, each with `seen`."""
    return select(image, seen_within(scope).label("seen")).where(image_within(scope, image.c.id))


@keep
def image_of_digest(scope: Scope) -> Select[Any]:
    """The image with a `digest`."""
    return images(scope).where(image.c.digest == bindparam("digest"))


@keep
def image_of_index(scope: Scope) -> Select[Any]:
    """An image that was scanned for a tag that names a `digest`."""
    named = select(tag.c.image_id).join(repository).where(tag.c.digest == bindparam("digest"), within(scope))
    return select(image, seen_within(scope).label("seen")).where(image.c.id.in_(named)).limit(1)


@keep
def tags_of_image(scope: Scope) -> Select[Any]:
    """The tags that name an image now: `repository`, `name` and `signed`."""
    return (
        select(repository.c.name.label("repository"), tag.c.name, tag.c.signed)
        .join_from(tag, repository)
        .where(tag.c.image_id == NUMBER, tag.c.until.is_(None), within(scope))
        .order_by(repository.c.name, tag.c.name)
        .limit(_MOST_TAGS)
    )


@keep
def repositories_of_image(scope: Scope) -> Select[Any]:
    """The names of the repositories that have or had an image."""
    return (
        select(repository.c.name)
        .join_from(repository_image, repository)
        .where(repository_image.c.image_id == NUMBER, within(scope))
        .order_by(repository.c.name)
        .limit(_MOST_TAGS)
    )


def runs_image() -> ColumnElement[bool]:
    """The condition that a container runs the image of a `digest` and a `configuration`, by what its host reported."""
    same = and_(container.c.configuration != "", container.c.configuration == bindparam("configuration"))
    return and_(runs_now(), or_(container.c.digest == bindparam("digest"), same))


@keep
def running_containers() -> Select[Any]:
    """How many containers run an image."""
    return select(func.count()).select_from(container).where(runs_image())


@keep
def uses_in_containers() -> Select[Any]:
    """How containers that run an image use what findings are about."""
    return (
        select(container_finding.c.rule, container_finding.c.thing, container_finding.c.use)
        .join_from(container_finding, container, container.c.id == container_finding.c.container_id)
        .where(runs_image())
        .distinct()
    )


@keep
def layers_of_image() -> Select[Any]:
    """The layers of an image, lowest first."""
    return (
        select(image_layer.c.position, image_layer.c.created_by, layer)
        .join_from(image_layer, layer)
        .where(image_layer.c.image_id == NUMBER)
        .order_by(image_layer.c.position)
    )


@keep
def packages_by_layer() -> Select[Any]:
    """The number of packages of an image by the id of their layer, NULL where it is not known."""
    return (
        select(layer_slice.c.layer_id, func.count().label("packages"))
        .join_from(image_slice, layer_slice)
        .join(slice_package, slice_package.c.slice_id == layer_slice.c.id)
        .where(image_slice.c.image_id == NUMBER)
        .group_by(layer_slice.c.layer_id)
    )


@keep
def images_by_layer(scope: Scope) -> Select[Any]:
    """The number of images of a scope that have each layer of an image."""
    own = select(image_layer.c.layer_id).where(image_layer.c.image_id == NUMBER)
    return (
        select(image_layer.c.layer_id, func.count(image_layer.c.image_id.distinct()).label("images"))
        .where(image_layer.c.layer_id.in_(own), image_within(scope, image_layer.c.image_id))
        .group_by(image_layer.c.layer_id)
    )


def _position() -> Any:  # noqa: ANN401  a labelled subquery
    """The place of a slice's layer among the layers of the image."""
    return (
        select(func.min(image_layer.c.position))
        .where(image_layer.c.image_id == NUMBER, image_layer.c.layer_id == layer_slice.c.layer_id)
        .scalar_subquery()
        .label("position")
    )


@keep
def package_page(limit: int, *, is_first: bool) -> Select[Any]:
    """One more than `limit` packages of an image by name; after `name`, `own` and `part` on all pages but the first."""
    query = (
        select(package, slice_package.c.path, slice_package.c.slice_id, _position())
        .join_from(image_slice, slice_package, slice_package.c.slice_id == image_slice.c.slice_id)
        .join(layer_slice, layer_slice.c.id == slice_package.c.slice_id)
        .join(package, package.c.id == slice_package.c.package_id)
        .where(image_slice.c.image_id == NUMBER)
    )
    columns = (package.c.name, package.c.id, slice_package.c.slice_id)
    name, own, part = (bindparam(word, type_=column.type) for word, column in zip(_PLACE, columns, strict=True))
    if not is_first:
        query = query.where(
            or_(
                columns[0] > name,
                and_(columns[0] == name, columns[1] > own),
                and_(columns[0] == name, columns[1] == own, columns[2] > part),
            )
        )
    return query.order_by(*columns).limit(limit + 1)


@keep
def unmatched_packages() -> Select[Any]:
    """How many packages of an image could not be matched with advisories, by the reason, where that is an error."""
    number = func.count(package.c.id.distinct())
    return (
        select(package.c.unchecked, number.label("number"))
        .join_from(image_slice, slice_package, slice_package.c.slice_id == image_slice.c.slice_id)
        .join(package, package.c.id == slice_package.c.package_id)
        .where(image_slice.c.image_id == NUMBER, package.c.grave)
        .group_by(package.c.unchecked)
        .order_by(number.desc(), package.c.unchecked)
        .limit(_MOST_REASONS)
    )


@keep
def image_settings() -> Select[Any]:
    """An image and what it sets."""
    return select(image, configuration.c.settings).outerjoin(configuration).where(image.c.id == NUMBER)


@keep
def packages_of_image() -> Select[Any]:
    """All packages of an image, each with its place."""
    return (
        select(package, slice_package.c.path, _position())
        .join_from(image_slice, layer_slice)
        .join(slice_package, slice_package.c.slice_id == layer_slice.c.id)
        .join(package, package.c.id == slice_package.c.package_id)
        .where(image_slice.c.image_id == NUMBER)
    )


@keep
def hits_of_image() -> Select[Any]:
    """The flaws of an image's packages, each with its place."""
    query = select(hit, package.c.thing, slice_package.c.path, _OWNER.c.covered.label("owned"), _position())
    return _with_packages(query).join(hit, hit.c.package_id == package.c.id)


@keep
def flaws_of_image() -> Select[Any]:
    """The flaws of an image that count, each with what it is about."""
    query = _with_packages(select(hit.c.flaw, package.c.thing))
    query = query.join(hit, and_(hit.c.package_id == package.c.id, hit.c.suppressed == ""))
    return query.where(or_(_OWNER.c.id.is_(None), _OWNER.c.covered == false())).distinct()


def _with_packages(query: Select[Any]) -> Select[Any]:
    """A query over the packages of an image, each with its slice and the package that owns it."""
    return (
        query.select_from(image_slice)
        .join(layer_slice, layer_slice.c.id == image_slice.c.slice_id)
        .join(slice_package, slice_package.c.slice_id == layer_slice.c.id)
        .join(package, package.c.id == slice_package.c.package_id)
        .outerjoin(_OWNER, _OWNER.c.id == slice_package.c.owner_id)
        .where(image_slice.c.image_id == NUMBER)
    )


@keep
def rules_of_image() -> Select[Any]:
    """What rules report on an image."""
    return select(image_finding.c.data).where(image_finding.c.image_id == NUMBER)


@keep
def acknowledgements_of_image(scope: Scope) -> Select[Any]:
    """What is acknowledged for the repositories of an image, on `today`."""
    own = (
        select(repository.c.id)
        .join_from(repository_image, repository)
        .where(repository_image.c.image_id == NUMBER, within(scope))
    )
    return select(acknowledgement).where(
        or_(acknowledgement.c.repository_id.is_(None), acknowledgement.c.repository_id.in_(own)),
        or_(acknowledgement.c.until == "", acknowledgement.c.until >= bindparam("today")),
    )


@keep
def image_before(scope: Scope) -> Select[Any]:
    """The image that a tag of an image named before it, the latest of all such tags."""
    earlier = tag.alias("earlier")
    return (
        select(earlier.c.image_id, image.c.digest, repository.c.name.label("repository"), tag.c.name, earlier.c.until)
        .join_from(tag, repository)
        .join(earlier, and_(earlier.c.repository_id == tag.c.repository_id, earlier.c.name == tag.c.name))
        .join(image, image.c.id == earlier.c.image_id)
        .where(
            tag.c.image_id == NUMBER,
            earlier.c.image_id != NUMBER,
            earlier.c.until.is_not(None),
            earlier.c.until <= tag.c.first_seen,
            within(scope),
        )
        .order_by(earlier.c.until.desc())
        .limit(1)
    )

"""Pages of repositories, images and advisories."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from sealock.reports.imagediff.words import failures, groups, remarks, summary
from sealock.service.views.advisories import find_advisory, list_images_with
from sealock.service.views.bases import find_base
from sealock.service.views.contents import compare_images, read_findings, read_inventory
from sealock.service.views.events import list_acknowledgements, list_events
from sealock.service.views.findings import group, layer_positions
from sealock.service.views.hosts import list_containers
from sealock.service.views.images import count_packages, find_image, list_layers, list_packages, previous_image, uses
from sealock.service.views.repositories import find_repository, list_repositories, list_tags
from sealock.service.web.errors import HttpError
from sealock.service.web.pages.page import Page, PageAnswer, PageCall, PageView

Noun = TypeVar("Noun")
_ROWS: Final = 50


def present(noun: Noun | None) -> Noun:
    """The noun; HttpError 404 where there is none."""
    if noun is None:
        message = "there is no such thing here"
        raise HttpError(404, message)
    return noun


def _repositories(call: PageCall) -> PageAnswer:
    words, after = call.query.get("words", "")[:200], call.query.get("after", "")
    with call.context.database.read() as connection:
        rows = list_repositories(connection, call.actor.scope, words=words, after=after, limit=_ROWS)
    return PageView("repositories.html", {"rows": rows, "words": words})


def _repository(call: PageCall) -> PageAnswer:
    name, after = call.query.get("name", ""), call.query.get("after", "")
    scope = call.actor.scope
    with call.context.database.read() as connection:
        row = present(find_repository(connection, scope, name))
        values = {
            "row": row,
            "tags": list_tags(connection, scope, of=name, after=after, limit=_ROWS),
            "past": list_tags(connection, scope, of=name, history=True, limit=20),
            "events": list_events(connection, scope, of=name, limit=10).items,
        }
    return PageView("repository.html", values)


def _image(call: PageCall) -> PageAnswer:
    scope = call.actor.scope
    with call.context.database.read() as connection:
        number, known = present(find_image(connection, scope, call.path["digest"]))
        inventory = read_inventory(connection, number, with_packages=False)
        used = uses(connection, known.digest, inventory.id)
        findings = read_findings(connection, scope, number, inventory, call.context.clock(), uses=used)
        flawed: dict[int, int] = {}
        positions = layer_positions(inventory.layers)
        for finding in findings:
            if finding.vulnerability and finding.suppressed is None:
                place = positions.get(finding.vulnerability.package.layer, -1)
                flawed[place] = flawed.get(place, 0) + 1
        values = {
            "image": known,
            "found": group(findings),
            "graded": bool(used),
            "base": find_base(connection, scope, number, inventory),
            "layers": list_layers(connection, scope, number, flawed),
            "packages": list_packages(connection, number, after=call.query.get("after", ""), limit=_ROWS),
            "total": count_packages(connection, number),
            "containers": list_containers(connection, scope, of=known.digest, limit=20).items,
            "change": _change(connection, call, number),
        }
    return PageView("image.html", values)


def _change(connection: Connection, call: PageCall, number: int) -> dict[str, Any] | None:
    """What changed since the image that a tag named before, or None."""
    before = previous_image(connection, call.actor.scope, number)
    if before is None:
        return None
    images = (before.number, before.digest), (number, "this image")
    diff = compare_images(connection, call.actor.scope, *images, now=call.context.clock())
    missing = (*failures(diff), *remarks(diff))
    return {"before": before, "summary": summary(diff), "groups": tuple(groups(diff)), "missing": missing}


def _advisory(call: PageCall) -> PageAnswer:
    scope, rule = call.actor.scope, call.path["rule"]
    with call.context.database.read() as connection:
        view = present(find_advisory(connection, scope, rule))
        values = {
            "view": view,
            "images": list_images_with(connection, scope, rule, after=call.query.get("after", ""), limit=25),
            "acknowledged": list_acknowledgements(connection, scope, rule=rule).items,
            "events": list_events(connection, scope, rule=rule, limit=10).items,
        }
    return PageView("advisory.html", values)


IMAGES: Final = (
    Page("GET", "/images", _repositories),
    Page("GET", "/repository", _repository),
    Page("GET", "/image/{digest}", _image),
    Page("GET", "/advisory/{rule:path}", _advisory),
)

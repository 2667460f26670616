"""What an image's page says of its base and of its last tag, out of what was read before."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy.event import listen

from sealock.formats.imageconfig import SAYS
from sealock.model.container import Container, Label, Variable, container
from sealock.model.inventory import Distribution
from sealock.service.access.tokens import Scope
from sealock.service.state.database import Database
from sealock.service.state.tables import configuration
from sealock.service.views.advisories import list_images_with
from sealock.service.views.bases import find_base
from sealock.service.views.contents import compare_images, read_inventory
from sealock.service.views.images import find_image, list_images
from sealock.service.views.nouns import BaseView
from support.madedatabases import Table
from support.servicestate import deb, flaw, image_of, scan

PYTHON, APP, OTHER = "docker.io/library/python", "registry.example/app", "registry.example/other"
FLAWS = Table(
    flaw("CVE-1", "Debian:12", "openssl", fixed="3.0.15-1"),
    flaw("CVE-2", "Debian:12", "zlib", fixed="2"),
    covered=["Debian:12"],
)
SSL, ZLIB = deb("openssl", "3.0.14-1"), deb("zlib", "1")
NAMED = container(says=SAYS, labels=(Label("org.opencontainers.image.base.name", "python:3.12"),))
TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


def base(database: Database, number: int, scope: Scope = Scope()) -> BaseView:  # noqa: B008  it is frozen
    with database.read() as connection:
        return find_base(connection, scope, number, read_inventory(connection, number))


def test_the_base_is_known_by_its_layers_and_compared_with_what_its_tag_names_now(database: Database) -> None:
    first = image_of("python 1", SSL, ZLIB, layers=("debian", "python"))
    scan(database, PYTHON, "3.12", first, FLAWS, now=10.0)
    scan(database, PYTHON, "3.12-slim", replace(image_of("slim", layers=("small",))), FLAWS, now=11.0)
    number = scan(database, APP, "1", image_of("app", SSL, ZLIB, layers=("debian", "python", "app")), FLAWS, now=20.0)
    view = base(database, number)
    assert (view.name, view.layers, view.newer) == (f"{PYTHON}:3.12", 2, None)
    assert view.image
    assert (view.image.digest, view.image.flaws) == (first.manifest, 2)
    assert [(row.name, row.gone) for row in view.smaller] == [(f"{PYTHON}:3.12-slim", 2)]
    assert view.release == "debian 13"
    (unknown,) = view.unknown
    assert "sealock inspect" in unknown
    rebuilt = image_of("python 2", deb("openssl", "3.0.15-1"), ZLIB, layers=("debian new", "python"))
    scan(database, PYTHON, "3.12", rebuilt, FLAWS, now=30.0)
    newer = base(database, number).newer
    assert newer
    assert (newer.digest, newer.flaws, newer.gone, newer.new) == (rebuilt.manifest, 1, 1, 0)
    # Who may not read the base's repository hears nothing of it.
    limited = base(database, number, Scope((APP,)))
    assert (limited.name, limited.image, limited.newer, limited.smaller) == ("debian:bookworm", None, None, ())


def test_the_nearest_base_counts_and_an_image_is_none_of_its_own(database: Database) -> None:
    scan(database, OTHER, "debian", image_of("debian", layers=("debian",)), FLAWS, now=10.0)
    scan(database, OTHER, "python", image_of("python", layers=("debian", "python")), FLAWS, now=11.0)
    scan(database, OTHER, "turned", image_of("turned", layers=("python", "debian")), FLAWS, now=11.0)
    app = image_of("app", layers=("debian", "python", "app"))
    number = scan(database, APP, "1", app, FLAWS, now=20.0)
    scan(database, APP, "2", app, FLAWS, now=21.0)
    view = base(database, number)
    assert (view.name, view.layers) == (f"{OTHER}:python", 2)


def test_a_base_that_the_configuration_names_is_looked_for_by_its_name(database: Database) -> None:
    app = replace(image_of("app", SSL, layers=("old", "app")), container=NAMED)
    number = scan(database, APP, "1", app, FLAWS, now=20.0)
    view = base(database, number)
    assert (view.name, view.image, view.newer) == ("python:3.12", None, None)
    assert "newer build of python:3.12" in view.unknown[0]
    rebuilt = image_of("python", SSL, layers=("new",))
    scan(database, PYTHON, "3.12", rebuilt, FLAWS, now=30.0)
    view = base(database, number)
    assert view.newer
    assert (view.name, view.image, view.newer.digest, view.newer.flaws) == (f"{PYTHON}:3.12", None, rebuilt.manifest, 1)


def test_an_image_that_says_nothing_of_its_base_is_told_apart_from_one_that_was_read_before(database: Database) -> None:
    number = scan(database, APP, "1", image_of("app", distribution=None), FLAWS, now=20.0)
    assert "its configuration does not say" in base(database, number).unknown[0]
    with database.write() as connection:
        connection.execute(configuration.delete())
    assert "Submit it again" in base(database, number).unknown[0]
    newest = replace(image_of("new", layers=("a",)), distribution=Distribution("debian", "13", "trixie"))
    assert not base(database, scan(database, APP, "2", newest, FLAWS, now=30.0)).release


def setting(user: str, *variables: Variable) -> Container:
    return container(says=SAYS, user=user, environment=variables, entrypoint=("/app",))


def test_the_configuration_is_compared_and_what_is_not_kept_is_named(database: Database) -> None:
    old = replace(image_of("1"), container=setting("app", Variable("DEBUG", "0"), Variable("TOKEN", TOKEN)))
    new = replace(image_of("2"), container=setting("", Variable("DEBUG", "1"), Variable("TOKEN", f"{TOKEN[:-1]}9")))
    numbers = [(scan(database, APP, "1", image, FLAWS, now=10.0), image.manifest) for image in (old, new)]
    with database.read() as connection:
        diff = compare_images(connection, Scope(), *numbers, now=20.0)
    assert [(change.field, change.name, change.old, change.new) for change in diff.settings] == [
        ("user", "", "app", None),
        ("environment", "DEBUG", "0", "1"),
    ]
    assert diff.uncompared == ("could not compare the values of TOKEN, which look like secrets and are not kept",)
    with database.write() as connection:
        connection.execute(configuration.delete().where(configuration.c.image_id == numbers[0][0]))
    with database.read() as connection:
        diff = compare_images(connection, Scope(), *numbers, now=20.0)
    assert not diff.settings
    assert diff.uncompared[0].startswith("could not compare the configuration: sha256:")


def test_a_scope_hears_nothing_of_when_another_repository_had_an_image(database: Database) -> None:
    shared = image_of("shared", SSL)
    scan(database, OTHER, "1", shared, FLAWS, now=10.0)
    scan(database, APP, "1", image_of("own", SSL, layers=("own",)), FLAWS, now=20.0)
    scan(database, APP, "2", shared, FLAWS, now=30.0)
    with database.read() as connection:
        for scope, seen in ((Scope(), 10.0), (Scope((OTHER,)), 10.0), (Scope((APP,)), 30.0)):
            found = find_image(connection, scope, shared.manifest)
            assert found
            assert found[1].first_seen == seen
        # Nor do the order of a list and its cursors tell.
        first = list_images(connection, Scope((APP,)), limit=1)
        second = list_images(connection, Scope((APP,)), limit=1, after=first.next)
    assert [row.first_seen for row in (*first.items, *second.items)] == [30.0, 20.0]


def test_the_images_of_an_advisory_cost_as_many_statements_however_many_they_are(database: Database) -> None:
    asked: list[str] = []
    listen(database.engine, "before_cursor_execute", lambda _c, _k, statement, *_more: asked.append(statement))
    numbers = []
    for count in (1, 5):
        for number in range(count):
            scan(database, APP, f"{count}.{number}", image_of(f"{count} {number}", SSL), FLAWS, now=10.0)
        asked.clear()
        with database.read() as connection:
            listed = list_images_with(connection, Scope((APP,)), "CVE-1")
        numbers.append(len(asked))
    assert listed.items[0].tags == (f"{APP}:5.4",)
    assert {(row.repository, row.package, row.fixed, row.severity) for row in listed.items} == {
        (APP, "openssl", "3.0.15-1", "high")
    }
    assert numbers[0] == numbers[1]

"""What an image's page says of its base and of its last tag, out of what was read before."""

from __future__ import annotations

from msgspec.structs import replace

from sealock.formats.imageconfig import SAYS
from sealock.model.container import Container, Label, Variable, container
from sealock.model.inventory import Distribution
from sealock.service.access.tokens import Scope
from sealock.service.state.database import Database
from sealock.service.state.tables import configuration
from sealock.service.views.bases import find_base
from sealock.service.views.contents import compare_images, read_inventory
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

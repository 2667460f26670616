"""Roots that do not follow from the one that is trusted, or are for something else."""

from __future__ import annotations

from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.signer import certify
from support.notaryattacks.tools import Row, serve
from support.notaryworld import World
from support.simulators.notary import NOW, Author, Reply, signed

# The root.


def foreign_rotation(here: World) -> None:
    stranger = Author(here.server, here.gun)
    stranger.versions["root"] = 1
    stranger.put_root()
    stranger.list_all()


def foreign_root_of_the_same_version(here: World) -> None:
    stranger = Author(here.server, here.gun)
    stranger.put_root()
    stranger.list_all()


def root_that_its_own_keys_do_not_sign(here: World) -> None:
    author = here.author
    old = author.root_signers()
    author.root_keys, author.certificates = [generate()], []
    author.certificates = [certify(author.root_keys[0], here.gun, NOW)]
    author.shelf.put("root", signed(author.root_content(2), old))
    author.list_all()


def root_that_skips_a_version(here: World) -> None:
    author = here.author
    author.versions["root"] = 2
    author.put_root()
    author.list_all()


def root_far_ahead(here: World) -> None:
    author = here.author
    author.versions["root"] = 100_000
    author.put_root()
    author.list_all()


def another_root_in_the_place_of_the_one_between(here: World) -> None:
    author = here.author
    author.put_root()
    third = author.put_root()
    author.list_all()
    here.server.answers = lambda _gun, name: Reply(body=third) if name == "2.root.json" else None


def another_repository(here: World) -> None:
    other = Author(here.server, f"{here.gun}-other")
    other.tags["v1"] = here.digest()
    other.publish()
    serve(here, **{role: other.held(role) for role in ("root", "timestamp", "snapshot", "targets")})


def certificate_of_another_repository(here: World) -> None:
    author = here.author
    signers = author.root_signers()
    author.certificates = [certify(author.root_keys[0], f"{here.gun}-other", NOW)]
    author.put_root(*signers)
    author.list_all()


ROWS: list[Row] = [
    (foreign_rotation, "root", "it does not follow from root version 1, which is trusted"),
    (foreign_root_of_the_same_version, "root", "it does not follow from root version 1, which is trusted"),
    (
        root_that_its_own_keys_do_not_sign,
        "signature",
        "the root metadata of {gun} has no signature by a key that is trusted",
    ),
    (root_that_skips_a_version, "root", "root version 2 of {gun} is missing, so version 3 cannot be verified"),
    (root_far_ahead, "root", "the root of {gun} is 100000 versions ahead; the limit is 256"),
    (another_root_in_the_place_of_the_one_between, "root", "the root metadata of {gun} skips from version 1 to 3"),
    (another_repository, "root", "it does not follow from root version 1, which is trusted"),
    (certificate_of_another_repository, "root", "has a certificate that is for '{gun}-other', not for {gun}"),
]

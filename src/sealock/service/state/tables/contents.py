"""Repositories, their tags and images, and what is in the layers of images."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint, text

from sealock.service.state.tables.columns import count, flag, metadata, moment, number, reference, words

repository = Table(
    "repository",
    metadata,
    number(),
    Column("name", Text, nullable=False, unique=True),  # "registry/repository"
    moment("first_seen"),
    flag("watched"),  # whether its tags are polled
    moment("polled", null=True),  # when that last succeeded
    words("poll_error"),  # why it did not since; "" where it did
    moment("gone", null=True),  # since when the registry does not know it
    words("successor"),  # the name that it has since it was renamed
    count("deletions"),  # of its manifests, as far as they were heard of: a scan meanwhile looks again
    count("critical"),
    count("high"),
    count("medium"),
    count("low"),
    count("exploited"),
    count("fixable"),
    sqlite_autoincrement=True,
)
"""A repository. Its counts are of open findings that nothing acknowledges, kept true by every change."""

image = Table(
    "image",
    metadata,
    number(),
    Column("digest", Text, nullable=False, unique=True),  # of its manifest
    words("configuration"),  # its digest
    words("platform"),
    words("created"),  # what the publisher says, RFC 3339
    words("distribution"),  # JSON of Distribution, "" for none
    words("stream"),
    words("errors"),  # JSON list of sentences
    words("notes"),  # JSON list of sentences
    words("analyzer"),  # fingerprint of the code that read it
    Column("size", BigInteger, nullable=False, server_default=text("0")),  # bytes of its layers, as stored
    moment("first_seen"),
    moment("scanned"),
    sqlite_autoincrement=True,
)

configuration = Table(
    "configuration",
    metadata,
    reference("image", key=True),
    words("settings"),  # JSON of what it sets for containers, without secrets
    words("base"),  # JSON of Base
    words("chain"),  # the ChainID of all of its layers
    Index("ix_configuration_chain", "chain"),
)
"""What an image sets, and what it was built on. Images that were read before this was kept have no row."""

repository_image = Table(
    "repository_image",
    metadata,
    reference("repository", key=True),
    reference("image", key=True),
    moment("first_seen"),
    moment("last_seen"),
    flag("current"),  # whether a tag names it now, or it was submitted by its digest
    Index("ix_repository_image_image_id", "image_id"),
)

tag = Table(
    "tag",
    metadata,
    number(),
    reference("repository"),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),  # what it names: an image, or an index of images
    reference("image", null=True),  # the image that was scanned for it
    moment("first_seen"),  # by own eyes
    moment("last_seen"),
    moment("until", null=True),  # since when it names something else, or is gone
    Column("signed", Boolean, nullable=True),  # whether the trust policy accepts it; NULL: not evaluated
    Index("ix_tag_repository_id_name", "repository_id", "name"),
    Index("ix_tag_image_id", "image_id"),
    Index("ix_tag_digest", "digest"),
    Index(
        "uq_tag_current",
        "repository_id",
        "name",
        unique=True,
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
    sqlite_autoincrement=True,
)
"""What tags named over time; the row without `until` is what a tag names now."""

layer = Table(
    "layer",
    metadata,
    number(),
    Column("diff_id", Text, nullable=False, unique=True),  # of its uncompressed bytes
    words("digest"),  # as stored
    Column("size", BigInteger, nullable=False, server_default=text("0")),
    moment("first_seen"),
    sqlite_autoincrement=True,
)

image_layer = Table(
    "image_layer",
    metadata,
    reference("image", key=True),
    Column("position", Integer, primary_key=True),
    reference("layer"),
    words("created_by"),  # its line of the history
    Index("ix_image_layer_layer_id", "layer_id"),
)

package = Table(
    "package",
    metadata,
    number(),
    Column("key", Text, nullable=False, unique=True),  # digest of all that matching looks at
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("purl", Text, nullable=False),
    Column("thing", Text, nullable=False),  # the package URL without version: what findings are about
    words("data"),  # JSON of Package, without its place in an image
    words("distribution"),  # JSON of Distribution for packages of distributions, "" for others
    words("stream"),
    words("unchecked"),  # why it was not matched; "" where it was
    flag("grave"),  # whether that is an error
    flag("covered"),  # whether advisories are about its name
    Index("ix_package_thing", "thing"),
    Index("ix_package_name", "name"),
    sqlite_autoincrement=True,
)

place = Table(
    "place",
    metadata,
    number(),
    Column("ecosystem", Text, nullable=False),
    Column("name", Text, nullable=False),
    words("state"),  # digest of what the advisories said of it when it was last matched
    UniqueConstraint("ecosystem", "name"),
    Index("ix_place_name", "name"),
    sqlite_autoincrement=True,
)
"""The inverted index: the names under which advisories know packages."""

package_place = Table(
    "package_place",
    metadata,
    reference("place", key=True),
    reference("package", key=True),
    Index("ix_package_place_package_id", "package_id"),
)

layer_slice = Table(
    "layer_slice",
    metadata,
    number(),
    Column("key", Text, nullable=False, unique=True),  # digest of the layer and its packages
    reference("layer", null=True),
    sqlite_autoincrement=True,
)

slice_package = Table(
    "slice_package",
    metadata,
    reference("layer_slice", key=True, name="slice_id"),
    reference("package", key=True),
    reference("package", null=True, name="owner_id"),  # the distribution's package that owns its file
    words("path"),  # where it is, for packages of languages
    Index("ix_slice_package_package_id", "package_id", "slice_id"),
    Index(
        "ix_slice_package_owner_id",
        "owner_id",
        sqlite_where=text("owner_id IS NOT NULL"),
        postgresql_where=text("owner_id IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

image_slice = Table(
    "image_slice",
    metadata,
    reference("image", key=True),
    reference("layer_slice", key=True, name="slice_id"),
    Index("ix_image_slice_slice_id", "slice_id"),
)

repository_slice = Table(
    "repository_slice",
    metadata,
    reference("layer_slice", key=True, name="slice_id"),
    reference("repository", key=True),
    Index("ix_repository_slice_repository_id", "repository_id"),
)
"""The slices of the current images of a repository."""

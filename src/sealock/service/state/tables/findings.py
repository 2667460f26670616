"""What is wrong, where, since when; what changed; and the hosts where it runs."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint, text

from sealock.service.state.tables.columns import count, flag, metadata, moment, number, reference, unchecked, words

hit = Table(
    "hit",
    metadata,
    reference("package", key=True),
    Column("flaw", Text, primary_key=True),
    Column("severity", Integer, nullable=False),
    words("fixed"),
    words("state"),
    flag("exploited"),
    words("suppressed"),  # why it does not count: the distribution says so
    words("data"),  # JSON of Vulnerability
    Index("ix_hit_flaw", "flaw"),
)

image_finding = Table(
    "image_finding",
    metadata,
    reference("image", key=True),
    Column("rule", Text, primary_key=True),
    Column("thing", Text, primary_key=True),
    Column("severity", Integer, nullable=False),
    words("data"),  # JSON of Finding
    Index("ix_image_finding_rule", "rule"),
    Index("ix_image_finding_thing", "thing"),
)
"""What rules report on an image: its configuration, its files."""

finding = Table(
    "finding",
    metadata,
    number(),
    unchecked("repository"),
    Column("rule", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    words("fixed"),
    flag("exploited"),
    moment("first_seen"),
    moment("last_seen"),  # when it was last evaluated and there
    moment("gone", null=True),
    count("revision"),
    UniqueConstraint("thing", "rule", "repository_id"),
    Index("ix_finding_rule", "rule", "repository_id"),
    Index("ix_finding_repository_id", "repository_id"),
    sqlite_autoincrement=True,
    # Room for the next version of each row beside it: one that moves to another page costs an entry in each index.
    postgresql_with={"fillfactor": 50},
)
"""Findings by the identity that all commands share (model/identity.py); open while `gone` is NULL."""

RARE: Final = text("kind <> 'added'")
"""The condition that an event is of a kind that can be rare. A query for such a kind names it, to use its index."""

event = Table(
    "event",
    metadata,
    number(),
    Column("uid", Text, nullable=False),
    Column("kind", Text, nullable=False),
    moment("at"),
    unchecked("repository", null=True),
    words("rule"),
    words("thing"),
    Column("severity", Integer, nullable=False, server_default=text("-1")),
    words("cause"),  # what brought it about: "image", "advisory", "tag", "acknowledgement", "retention", "day"
    words("detail"),  # what changed: "high -> critical", the fixed version, "v1: sha256:… -> sha256:…"
    Index("ix_event_repository_id", "repository_id", "id"),
    Index("ix_event_kind", "kind", "id", sqlite_where=RARE, postgresql_where=RARE),
    sqlite_autoincrement=True,
)
"""What changed, written by the transaction that changed it. `uid` is the same however often the cause is handled.

An update of advisories writes half a million at once, so it has few indexes: who reads it goes by `id`, newest first.
"""

acknowledgement = Table(
    "acknowledgement",
    metadata,
    number(),
    reference("repository", null=True),  # NULL: all of them
    Column("rule", Text, nullable=False),
    words("thing"),  # "": everything that the rule is about
    Column("reason", Text, nullable=False),
    words("justification"),  # VEX's, "" where it is accepted and not denied
    words("until"),  # the last day, "" for none
    words("made_by"),
    moment("made"),
    Index("ix_acknowledgement_rule", "rule"),
    sqlite_autoincrement=True,
)

host = Table(
    "host",
    metadata,
    number(),
    Column("name", Text, nullable=False, unique=True),
    moment("first_seen"),
    moment("last_seen"),
    words("version"),  # sealock's, which reported
    words("engine"),
    words("data"),  # JSON of what it reported of itself: networks
    sqlite_autoincrement=True,
)

container = Table(
    "container",
    metadata,
    number(),
    reference("host"),
    Column("name", Text, nullable=False),
    words("reference"),  # the image, as the engine names it
    words("digest"),  # of the image's manifest, "" where unknown
    words("configuration"),  # of the image's configuration
    words("data"),  # JSON of what was reported of it
    flag("runs"),  # whether it is a container, and no image or file that was checked there
    moment("first_seen"),
    moment("last_seen"),
    moment("gone", null=True),
    UniqueConstraint("host_id", "name"),
    Index("ix_container_digest", "digest"),
    Index("ix_container_configuration", "configuration"),
    sqlite_autoincrement=True,
)

container_finding = Table(
    "container_finding",
    metadata,
    number(),
    reference("container", null=True),  # NULL: about the host
    reference("host"),
    Column("rule", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("use", Text, nullable=False),  # PackageUse: whether the container has the package loaded
    words("data"),  # JSON of what was reported: title, message, place, remedy
    moment("first_seen"),
    moment("last_seen"),
    Index("ix_container_finding_host_id", "host_id"),
    Index("ix_container_finding_container_id", "container_id"),
    Index("ix_container_finding_rule", "rule"),
    sqlite_autoincrement=True,
)

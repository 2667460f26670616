"""What is to be done, and what doing it needs."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from sealock.service.state.tables.columns import count, metadata, moment, number, reference, words

scan = Table(
    "scan",
    metadata,
    number(),
    reference("repository"),
    words("tag"),
    words("digest"),  # "" where only the tag is known
    Column("state", Text, nullable=False),  # waiting, scanned, failed, gone
    words("reason"),  # why it waits longer or failed
    count("tries"),
    words("requested_by"),
    moment("requested"),
    moment("finished", null=True),
    reference("image", null=True),
    Index("ix_scan_state", "state"),
    Index("ix_scan_repository_id", "repository_id"),
    Index("ix_scan_image_id", "image_id"),
    sqlite_autoincrement=True,
)
"""Requests to scan, and what became of them: `scanned` is written by the transaction that stores the contents."""

job = Table(
    "job",
    metadata,
    number(),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    moment("due"),
    words("owner"),  # the worker that has it, "" for none
    moment("lease", null=True),  # until when, if it does not say that it is alive
    count("tries"),
    UniqueConstraint("kind", "key"),
    Index("ix_job_due", "due"),
    sqlite_autoincrement=True,
)
"""The queue on SQLite; PostgreSQL has Procrastinate's tables."""

parked = Table(
    "parked",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    moment("at"),
)
"""Jobs that ended their worker, or failed, too often; they are not tried again until they are asked for again."""

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    moment("used"),
)
"""What is in layers, by their digests and by the version of the analyzers: the cache that all workers share."""

claim = Table(
    "claim",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    moment("until"),
)
"""Layers that a worker is fetching: no other fetches them too."""

feed = Table(
    "feed",
    metadata,
    Column("name", Text, primary_key=True),
    words("title"),
    words("date"),  # of its newest record
    moment("fetched", null=True),
    moment("checked", null=True),
    words("error"),  # why the last update failed; "" where it did not
)

credential = Table(
    "credential",
    metadata,
    Column("host", Text, primary_key=True),
    Column("login", LargeBinary, nullable=False),  # encrypted
    moment("changed"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

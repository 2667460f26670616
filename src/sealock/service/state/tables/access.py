"""Who may do what, and what leaves the service."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text, text

from sealock.service.state.tables.columns import count, metadata, moment, number, reference, words

account = Table(
    "account",
    metadata,
    number(),
    Column("name", Text, nullable=False, unique=True),
    Column("password", Text, nullable=False),  # argon2id
    Column("role", Text, nullable=False),
    moment("made"),
    sqlite_autoincrement=True,
)

session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),  # of the cookie's value
    reference("account"),
    moment("made"),
    moment("used"),
    Index("ix_session_account_id", "account_id"),
)

invitation = Table(
    "invitation",
    metadata,
    Column("digest", Text, primary_key=True),  # of the link's secret
    Column("role", Text, nullable=False),
    words("made_by"),  # "" for the service itself
    moment("until"),
)
"""Links that make an account, each once."""

token = Table(
    "token",
    metadata,
    number(),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("scope", Text, nullable=False),  # JSON list of repositories, [] for all
    words("made_by"),
    moment("made"),
    moment("until", null=True),
    moment("used", null=True),
    sqlite_autoincrement=True,
)

rate = Table(
    "rate",
    metadata,
    Column("key", Text, primary_key=True),
    Column("amount", Double, nullable=False),  # what was left of the bucket
    moment("at"),  # by the clock of PostgreSQL
)
"""What tokens, people and addresses may still ask; only on PostgreSQL, where web processes share it."""

REFUSED: Final = "login refused"
"""The action of entries that come from outside, as many as are tried: only they are removed after a time."""

audit = Table(
    "audit",
    metadata,
    number(),
    moment("at"),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    words("about"),
    words("address"),
    Index("ix_audit_at", "at"),
    sqlite_autoincrement=True,
)

webhook = Table(
    "webhook",
    metadata,
    number(),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # encrypted
    Column("kinds", Text, nullable=False),  # JSON list of kinds of events, [] for all
    Column("least", Integer, nullable=False, server_default=text("0")),  # severity; events without one always pass
    Column("scope", Text, nullable=False),  # as of a token
    words("period"),  # "" for at once, "hour", "day"
    words("disabled"),  # why, "" where it is not
    Column("settled", BigInteger, nullable=False, server_default=text("0")),  # events up to here need no look
    moment("made"),
    words("made_by"),
    sqlite_autoincrement=True,
)

message = Table(
    "message",
    metadata,
    number(),
    reference("webhook"),
    Column("uid", Text, nullable=False, unique=True),  # the same at every try
    Column("state", Text, nullable=False),  # waiting, delivered, dead
    moment("made"),
    moment("due"),
    moment("lease", null=True),  # until when a sender has it
    count("tries"),
    words("error"),
    moment("finished", null=True),
    Index("ix_message_state_due", "state", "due"),
    Index("ix_message_webhook_id_state", "webhook_id", "state"),
    sqlite_autoincrement=True,
)

message_event = Table(
    "message_event",
    metadata,
    reference("webhook", key=True),
    Column("event_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    reference("message"),
    Index("ix_message_event_message_id", "message_id"),
)
"""Which events a message has: each once for each webhook, also where the event is gone meanwhile."""

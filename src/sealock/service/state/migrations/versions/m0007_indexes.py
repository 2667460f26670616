"""Fewer indexes on findings and events, and no check of each one's repository, which is never deleted.

An update of advisories writes half a million of each in a moment, and most of its time went there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "m0007_indexes"
down_revision = "m0006_configurations"
branch_labels = None
depends_on = None


@contextmanager
def _changed(table: str) -> Iterator[BatchOperations]:
    """A batch on a table that keeps up to where its ids were used: SQLite writes the table again, and would forget."""
    connection = op.get_bind()
    used = None
    if connection.dialect.name == "sqlite":
        used = connection.execute(
            sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}
        ).scalar()
    with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": True}) as batch:
        yield batch
    if used is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :used)"), {"name": table, "used": used}
        )


def upgrade() -> None:
    """Forward."""
    op.drop_index("ix_event_at", "event")
    op.drop_index("ix_event_kind_at", "event")
    op.drop_index("ix_event_repository_id_at", "event")
    with _changed("event") as batch:
        batch.drop_constraint("uq_event_uid", type_="unique")
        batch.drop_constraint("fk_event_repository_id", type_="foreignkey")
    rare = sa.text("kind <> 'added'")
    op.create_index("ix_event_kind", "event", ["kind", "id"], sqlite_where=rare, postgresql_where=rare)
    op.create_index("ix_event_repository_id", "event", ["repository_id", "id"])
    op.drop_index("ix_finding_thing", "finding")
    with _changed("finding") as batch:
        batch.drop_constraint("uq_finding_repository_id_rule_thing", type_="unique")
        batch.drop_constraint("fk_finding_repository_id", type_="foreignkey")
        batch.create_unique_constraint("uq_finding_thing_rule_repository_id", ["thing", "rule", "repository_id"])
    op.create_index("ix_finding_repository_id", "finding", ["repository_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE finding SET (fillfactor = 50)")


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE finding RESET (fillfactor)")
    op.drop_index("ix_finding_repository_id", "finding")
    with _changed("finding") as batch:
        batch.drop_constraint("uq_finding_thing_rule_repository_id", type_="unique")
        batch.create_unique_constraint("uq_finding_repository_id_rule_thing", ["repository_id", "rule", "thing"])
        batch.create_foreign_key(
            "fk_finding_repository_id", "repository", ["repository_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_finding_thing", "finding", ["thing"])
    op.drop_index("ix_event_repository_id", "event")
    op.drop_index("ix_event_kind", "event")
    with _changed("event") as batch:
        batch.create_unique_constraint("uq_event_uid", ["uid"])
        batch.create_foreign_key("fk_event_repository_id", "repository", ["repository_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_event_repository_id_at", "event", ["repository_id", "at"])
    op.create_index("ix_event_kind_at", "event", ["kind", "at"])
    op.create_index("ix_event_at", "event", ["at"])

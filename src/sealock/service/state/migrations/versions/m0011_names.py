"""People are called by the name that they log in with, no longer "person NAME"; tokens are "token NAME"."""

from __future__ import annotations

from alembic import op

revision = "m0011_names"
down_revision = "m0010_deletions"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("audit", "who"),
    ("acknowledgement", "made_by"),
    ("invitation", "made_by"),
    ("token", "made_by"),
    ("webhook", "made_by"),
)


def upgrade() -> None:
    """Forward."""
    for table, column in _COLUMNS:
        op.execute(f"UPDATE {table} SET {column} = substr({column}, 8) WHERE {column} LIKE 'person %'")  # noqa: S608  our own names


def downgrade() -> None:
    """Back: what was written before shows the names as they are now."""

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
    """Back."""
    for table, column in _COLUMNS:
        # No name of a person has a space, and everybody else's does.
        op.execute(
            f"UPDATE {table} SET {column} = 'person ' || {column} WHERE {column} <> '' AND {column} NOT LIKE '% %'"  # noqa: S608  our own names
        )

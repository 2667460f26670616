"""What may still be asked, for all web processes together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m0008_rates"
down_revision = "m0007_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. A crash of PostgreSQL may empty the table, which spares each change a write to the disk."""
    unlogged = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "rate",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate")),
        prefixes=unlogged,
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("rate")

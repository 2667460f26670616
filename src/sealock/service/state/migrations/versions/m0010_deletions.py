"""How many manifests of a repository were deleted: a scan that was running meanwhile looks again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m0010_deletions"
down_revision = "m0009_running"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("repository", sa.Column("deletions", sa.Integer(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    """Back."""
    op.drop_column("repository", "deletions")

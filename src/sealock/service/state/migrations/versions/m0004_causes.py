"""What brought an event about; indexes for findings of rules, and for removing what is old."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m0004_causes"
down_revision = "m0003_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("event", sa.Column("cause", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_image_finding_thing", "image_finding", ["thing"])
    op.create_index("ix_scan_image_id", "scan", ["image_id"])
    given = sa.text("owner_id IS NOT NULL")
    op.create_index(
        "ix_slice_package_owner_id", "slice_package", ["owner_id"], sqlite_where=given, postgresql_where=given
    )


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_scan_image_id", "scan")
    op.drop_index("ix_slice_package_owner_id", "slice_package")
    op.drop_index("ix_image_finding_thing", "image_finding")
    with op.batch_alter_table("event", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_column("cause")

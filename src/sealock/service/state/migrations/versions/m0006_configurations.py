"""What images set for containers, what they were built on, and the ChainID by which an image is found as a base."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m0006_configurations"
down_revision = "m0005_access"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Images that are there get their row when they are next scanned."""
    op.create_table(
        "configuration",
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("settings", sa.Text(), server_default="", nullable=False),
        sa.Column("base", sa.Text(), server_default="", nullable=False),
        sa.Column("chain", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_configuration_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_configuration")),
    )
    op.create_index("ix_configuration_chain", "configuration", ["chain"])


def downgrade() -> None:
    """Back."""
    op.drop_table("configuration")

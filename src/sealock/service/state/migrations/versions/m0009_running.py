"""Which of what a host reported are containers: images and files that it checked run nowhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m0009_running"
down_revision = "m0008_rates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("container", sa.Column("runs", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("""UPDATE container SET runs = true WHERE data LIKE '{"kind":"container",%'""")


def downgrade() -> None:
    """Back."""
    op.drop_column("container", "runs")

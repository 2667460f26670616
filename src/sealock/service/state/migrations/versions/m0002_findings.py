"""Findings, events, acknowledgements, and hosts that report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m0002_findings"
down_revision = "m0001_contents"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "host",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("engine", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host")),
        sa.UniqueConstraint("name", name=op.f("uq_host_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "acknowledgement",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("justification", sa.Text(), server_default="", nullable=False),
        sa.Column("until", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.Text(), server_default="", nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_acknowledgement_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("acknowledgement", schema=None) as batch_op:
        batch_op.create_index("ix_acknowledgement_rule", ["rule"], unique=False)

    op.create_table(
        "container",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("host_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("configuration", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.Text(), server_default="", nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("gone", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_container_host_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container")),
        sa.UniqueConstraint("host_id", "name", name=op.f("uq_container_host_id_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("container", schema=None) as batch_op:
        batch_op.create_index("ix_container_configuration", ["configuration"], unique=False)
        batch_op.create_index("ix_container_digest", ["digest"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("repository_id", NUMBER, nullable=True),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("thing", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Integer(), server_default=sa.text("(-1)"), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_event_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("uid", name=op.f("uq_event_uid")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_at", ["at"], unique=False)
        batch_op.create_index("ix_event_kind_at", ["kind", "at"], unique=False)
        batch_op.create_index("ix_event_repository_id_at", ["repository_id", "at"], unique=False)

    op.create_table(
        "finding",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("fixed", sa.Text(), server_default="", nullable=False),
        sa.Column("exploited", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("gone", sa.Double(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_finding_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("repository_id", "rule", "thing", name=op.f("uq_finding_repository_id_rule_thing")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index("ix_finding_rule", ["rule", "repository_id"], unique=False)
        batch_op.create_index("ix_finding_thing", ["thing"], unique=False)

    op.create_table(
        "hit",
        sa.Column("package_id", NUMBER, nullable=False),
        sa.Column("flaw", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("fixed", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("exploited", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("suppressed", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_hit_package_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("package_id", "flaw", name=op.f("pk_hit")),
    )
    with op.batch_alter_table("hit", schema=None) as batch_op:
        batch_op.create_index("ix_hit_flaw", ["flaw"], unique=False)

    op.create_table(
        "image_finding",
        sa.Column("image_id", NUMBER, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_image_finding_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", "rule", "thing", name=op.f("pk_image_finding")),
    )
    with op.batch_alter_table("image_finding", schema=None) as batch_op:
        batch_op.create_index("ix_image_finding_rule", ["rule"], unique=False)

    op.create_table(
        "container_finding",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("container_id", NUMBER, nullable=True),
        sa.Column("host_id", NUMBER, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), server_default="", nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_container_finding_container_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["host.id"], name=op.f("fk_container_finding_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_finding")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("container_finding", schema=None) as batch_op:
        batch_op.create_index("ix_container_finding_container_id", ["container_id"], unique=False)
        batch_op.create_index("ix_container_finding_host_id", ["host_id"], unique=False)
        batch_op.create_index("ix_container_finding_rule", ["rule"], unique=False)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("container_finding", schema=None) as batch_op:
        batch_op.drop_index("ix_container_finding_rule")
        batch_op.drop_index("ix_container_finding_host_id")
        batch_op.drop_index("ix_container_finding_container_id")

    op.drop_table("container_finding")
    with op.batch_alter_table("image_finding", schema=None) as batch_op:
        batch_op.drop_index("ix_image_finding_rule")

    op.drop_table("image_finding")
    with op.batch_alter_table("hit", schema=None) as batch_op:
        batch_op.drop_index("ix_hit_flaw")

    op.drop_table("hit")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index("ix_finding_thing")
        batch_op.drop_index("ix_finding_rule")

    op.drop_table("finding")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_repository_id_at")
        batch_op.drop_index("ix_event_kind_at")
        batch_op.drop_index("ix_event_at")

    op.drop_table("event")
    with op.batch_alter_table("container", schema=None) as batch_op:
        batch_op.drop_index("ix_container_digest")
        batch_op.drop_index("ix_container_configuration")

    op.drop_table("container")
    with op.batch_alter_table("acknowledgement", schema=None) as batch_op:
        batch_op.drop_index("ix_acknowledgement_rule")

    op.drop_table("acknowledgement")
    op.drop_table("host")

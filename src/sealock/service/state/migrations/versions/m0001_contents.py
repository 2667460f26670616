"""Repositories, images, and what is in their layers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m0001_contents"
down_revision = None
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "image",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("configuration", sa.Text(), server_default="", nullable=False),
        sa.Column("platform", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.Text(), server_default="", nullable=False),
        sa.Column("distribution", sa.Text(), server_default="", nullable=False),
        sa.Column("stream", sa.Text(), server_default="", nullable=False),
        sa.Column("errors", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("analyzer", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("scanned", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
        sa.UniqueConstraint("digest", name=op.f("uq_image_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "layer",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("diff_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer")),
        sa.UniqueConstraint("diff_id", name=op.f("uq_layer_diff_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "package",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("purl", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), server_default="", nullable=False),
        sa.Column("distribution", sa.Text(), server_default="", nullable=False),
        sa.Column("stream", sa.Text(), server_default="", nullable=False),
        sa.Column("unchecked", sa.Text(), server_default="", nullable=False),
        sa.Column("grave", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("covered", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
        sa.UniqueConstraint("key", name=op.f("uq_package_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("package", schema=None) as batch_op:
        batch_op.create_index("ix_package_name", ["name"], unique=False)
        batch_op.create_index("ix_package_thing", ["thing"], unique=False)

    op.create_table(
        "place",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("ecosystem", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("ecosystem", "name", name=op.f("uq_place_ecosystem_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index("ix_place_name", ["name"], unique=False)

    op.create_table(
        "repository",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("watched", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("polled", sa.Double(), nullable=True),
        sa.Column("poll_error", sa.Text(), server_default="", nullable=False),
        sa.Column("gone", sa.Double(), nullable=True),
        sa.Column("successor", sa.Text(), server_default="", nullable=False),
        sa.Column("critical", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("high", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("medium", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("low", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("exploited", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fixable", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repository")),
        sa.UniqueConstraint("name", name=op.f("uq_repository_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "image_layer",
        sa.Column("image_id", NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("layer_id", NUMBER, nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_image_layer_image_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["layer_id"], ["layer.id"], name=op.f("fk_image_layer_layer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", "position", name=op.f("pk_image_layer")),
    )
    with op.batch_alter_table("image_layer", schema=None) as batch_op:
        batch_op.create_index("ix_image_layer_layer_id", ["layer_id"], unique=False)

    op.create_table(
        "layer_slice",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("layer_id", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["layer_id"], ["layer.id"], name=op.f("fk_layer_slice_layer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_slice")),
        sa.UniqueConstraint("key", name=op.f("uq_layer_slice_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "package_place",
        sa.Column("place_id", NUMBER, nullable=False),
        sa.Column("package_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id"], ["package.id"], name=op.f("fk_package_place_package_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_package_place_place_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("place_id", "package_id", name=op.f("pk_package_place")),
    )
    with op.batch_alter_table("package_place", schema=None) as batch_op:
        batch_op.create_index("ix_package_place_package_id", ["package_id"], unique=False)

    op.create_table(
        "repository_image",
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("image_id", NUMBER, nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("current", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name=op.f("fk_repository_image_image_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_repository_image_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "image_id", name=op.f("pk_repository_image")),
    )
    with op.batch_alter_table("repository_image", schema=None) as batch_op:
        batch_op.create_index("ix_repository_image_image_id", ["image_id"], unique=False)

    op.create_table(
        "tag",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("image_id", NUMBER, nullable=True),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=True),
        sa.Column("signed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_tag_image_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_tag_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("tag", schema=None) as batch_op:
        batch_op.create_index("ix_tag_digest", ["digest"], unique=False)
        batch_op.create_index("ix_tag_image_id", ["image_id"], unique=False)
        batch_op.create_index("ix_tag_repository_id_name", ["repository_id", "name"], unique=False)
        batch_op.create_index(
            "uq_tag_current",
            ["repository_id", "name"],
            unique=True,
            sqlite_where=sa.text("until IS NULL"),
            postgresql_where=sa.text("until IS NULL"),
        )

    op.create_table(
        "image_slice",
        sa.Column("image_id", NUMBER, nullable=False),
        sa.Column("slice_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_image_slice_image_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["slice_id"], ["layer_slice.id"], name=op.f("fk_image_slice_slice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_id", "slice_id", name=op.f("pk_image_slice")),
    )
    with op.batch_alter_table("image_slice", schema=None) as batch_op:
        batch_op.create_index("ix_image_slice_slice_id", ["slice_id"], unique=False)

    op.create_table(
        "repository_slice",
        sa.Column("slice_id", NUMBER, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_repository_slice_repository_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["slice_id"], ["layer_slice.id"], name=op.f("fk_repository_slice_slice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slice_id", "repository_id", name=op.f("pk_repository_slice")),
    )
    with op.batch_alter_table("repository_slice", schema=None) as batch_op:
        batch_op.create_index("ix_repository_slice_repository_id", ["repository_id"], unique=False)

    op.create_table(
        "slice_package",
        sa.Column("slice_id", NUMBER, nullable=False),
        sa.Column("package_id", NUMBER, nullable=False),
        sa.Column("owner_id", NUMBER, nullable=True),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["package.id"], name=op.f("fk_slice_package_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["package_id"], ["package.id"], name=op.f("fk_slice_package_package_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["slice_id"], ["layer_slice.id"], name=op.f("fk_slice_package_slice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slice_id", "package_id", name=op.f("pk_slice_package")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("slice_package", schema=None) as batch_op:
        batch_op.create_index("ix_slice_package_package_id", ["package_id", "slice_id"], unique=False)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("slice_package", schema=None) as batch_op:
        batch_op.drop_index("ix_slice_package_package_id")

    op.drop_table("slice_package")
    with op.batch_alter_table("repository_slice", schema=None) as batch_op:
        batch_op.drop_index("ix_repository_slice_repository_id")

    op.drop_table("repository_slice")
    with op.batch_alter_table("image_slice", schema=None) as batch_op:
        batch_op.drop_index("ix_image_slice_slice_id")

    op.drop_table("image_slice")
    with op.batch_alter_table("tag", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_tag_current", sqlite_where=sa.text("until IS NULL"), postgresql_where=sa.text("until IS NULL")
        )
        batch_op.drop_index("ix_tag_repository_id_name")
        batch_op.drop_index("ix_tag_image_id")
        batch_op.drop_index("ix_tag_digest")

    op.drop_table("tag")
    with op.batch_alter_table("repository_image", schema=None) as batch_op:
        batch_op.drop_index("ix_repository_image_image_id")

    op.drop_table("repository_image")
    with op.batch_alter_table("package_place", schema=None) as batch_op:
        batch_op.drop_index("ix_package_place_package_id")

    op.drop_table("package_place")
    op.drop_table("layer_slice")
    with op.batch_alter_table("image_layer", schema=None) as batch_op:
        batch_op.drop_index("ix_image_layer_layer_id")

    op.drop_table("image_layer")
    op.drop_table("repository")
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.drop_index("ix_place_name")

    op.drop_table("place")
    with op.batch_alter_table("package", schema=None) as batch_op:
        batch_op.drop_index("ix_package_thing")
        batch_op.drop_index("ix_package_name")

    op.drop_table("package")
    op.drop_table("layer")
    op.drop_table("image")

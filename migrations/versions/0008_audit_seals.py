"""Seals over the audit log: batches, the place of each row, and what was moved to files."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("horizon", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seals")),
    )
    op.create_table(
        "audit_leaves",
        sa.Column("audit_log_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seal_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["seal_number"], ["audit_seals.number"], name=op.f("fk_audit_leaves_seal_number")),
        sa.PrimaryKeyConstraint("audit_log_id", name=op.f("pk_audit_leaves")),
        sa.UniqueConstraint("seal_number", "position", name=op.f("uq_audit_leaves_seal_number_position")),
    )
    op.create_table(
        "audit_retirements",
        sa.Column("seal_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["seal_number"], ["audit_seals.number"], name=op.f("fk_audit_retirements_seal_number")),
        sa.PrimaryKeyConstraint("seal_number", name=op.f("pk_audit_retirements")),
    )
    install_triggers(op.get_bind())


def downgrade() -> None:
    op.drop_table("audit_retirements")
    op.drop_table("audit_leaves")
    op.drop_table("audit_seals")

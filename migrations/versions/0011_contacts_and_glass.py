"""Contacts, proxies, broken glass."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("patients", sa.Column("possible_duplicate", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "patient_contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("relationship", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('emergency', 'guardian', 'next_of_kin')", name=op.f("ck_patient_contacts_kind")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_patient_contacts_patient_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_patient_contacts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_contacts")),
    )
    op.create_index("ix_patient_contacts_patient_id", "patient_contacts", ["patient_id", "id"], unique=False)
    op.create_table(
        "proxies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("may_view", sa.Boolean(), nullable=False),
        sa.Column("may_book", sa.Boolean(), nullable=False),
        sa.Column("may_message", sa.Boolean(), nullable=False),
        sa.Column("may_pay", sa.Boolean(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "may_view OR may_book OR may_message OR may_pay",
            name=op.f("ck_proxies_some_scope"),
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["patient_contacts.id"], name=op.f("fk_proxies_contact_id")),
        sa.ForeignKeyConstraint(["granted_by"], ["users.id"], name=op.f("fk_proxies_granted_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_proxies_patient_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_proxies_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxies")),
    )
    op.create_index("uq_proxies_contact_id", "proxies", ["contact_id"], unique=True)
    op.create_index("ix_proxies_user_id", "proxies", ["user_id", "patient_id"], unique=False)
    op.create_index("ix_proxies_patient_id", "proxies", ["patient_id"], unique=False)
    op.create_table(
        "broken_glass",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_broken_glass_patient_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_broken_glass_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broken_glass")),
    )
    op.create_index("ix_broken_glass_open", "broken_glass", ["patient_id", "user_id", "expires_at"], unique=False)


def downgrade() -> None:
    for table in ("broken_glass", "proxies", "patient_contacts"):
        op.drop_table(table)
    op.drop_column("patients", "possible_duplicate")

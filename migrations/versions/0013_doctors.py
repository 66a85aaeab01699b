"""Doctors, specialties, favourites, the clinic and its holidays."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clinic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("address", sa.JSON(), nullable=True),
        sa.Column("opening_days", sa.JSON(), nullable=False),
        sa.Column("letterhead", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("number = 1", name=op.f("ck_clinic_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
    )
    op.create_index("uq_clinic_number", "clinic", ["number"], unique=True)
    op.create_table(
        "clinic_holidays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic_holidays")),
    )
    op.create_index("uq_clinic_holidays_held_on", "clinic_holidays", ["held_on"], unique=True)
    op.create_table(
        "specialties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specialties")),
    )
    op.create_index("ix_specialties_name", "specialties", ["name_key", "id"], unique=False)
    op.create_index("uq_specialties_code", "specialties", ["code"], unique=True)
    op.create_table(
        "doctors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=True),
        sa.Column("license_number", sa.String(length=60), nullable=True),
        sa.Column("license_expires_on", sa.Date(), nullable=True),
        sa.Column("years_of_experience", sa.Integer(), nullable=True),
        sa.Column("qualifications", sa.JSON(), nullable=False),
        sa.Column("bio", sa.Text(), nullable=True),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("consultation_fee", sa.BigInteger(), nullable=True),
        sa.Column("default_duration_minutes", sa.Integer(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("rating_sum", sa.Integer(), nullable=False),
        sa.Column("rating_thousandths", sa.Integer(), nullable=False),
        sa.Column("calendar_version", sa.Integer(), nullable=False),
        sa.Column(
            "last_name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("city_key", sa.String(length=300), nullable=True),
        sa.Column("fee_key", sa.BigInteger(), nullable=False),
        sa.Column("language_keys", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'inactive')", name=op.f("ck_doctors_status")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_doctors_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctors")),
    )
    op.create_index("ix_doctors_city", "doctors", ["city_key"], unique=False)
    op.create_index("ix_doctors_fee", "doctors", ["fee_key", "id"], unique=False)
    op.create_index("ix_doctors_last_name", "doctors", ["last_name_key", "id"], unique=False)
    op.create_index("ix_doctors_license_number", "doctors", ["license_number"], unique=False)
    op.create_index("ix_doctors_rating", "doctors", ["rating_thousandths", "id"], unique=False)
    op.create_index("uq_doctors_user_id", "doctors", ["user_id"], unique=True)
    op.create_table(
        "doctor_favorites",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_doctor_favorites_doctor_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_doctor_favorites_user_id")),
        sa.PrimaryKeyConstraint("user_id", "doctor_id", name=op.f("pk_doctor_favorites")),
    )
    op.create_index("ix_doctor_favorites_doctor_id", "doctor_favorites", ["doctor_id"], unique=False)
    op.create_table(
        "doctor_specialties",
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("specialty_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_doctor_specialties_doctor_id")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name=op.f("fk_doctor_specialties_specialty_id")),
        sa.PrimaryKeyConstraint("doctor_id", "specialty_id", name=op.f("pk_doctor_specialties")),
    )
    op.create_index(
        "ix_doctor_specialties_specialty_id", "doctor_specialties", ["specialty_id", "doctor_id"], unique=False
    )
    with op.batch_alter_table("patients") as batch:
        batch.create_foreign_key(op.f("fk_patients_primary_doctor_id"), "doctors", ["primary_doctor_id"], ["id"])
    install_triggers(op.get_bind())


def downgrade() -> None:
    with op.batch_alter_table("patients") as batch:
        batch.drop_constraint(op.f("fk_patients_primary_doctor_id"), type_="foreignkey")
    install_triggers(op.get_bind())
    op.drop_index("ix_doctor_specialties_specialty_id", table_name="doctor_specialties")
    op.drop_table("doctor_specialties")
    op.drop_index("ix_doctor_favorites_doctor_id", table_name="doctor_favorites")
    op.drop_table("doctor_favorites")
    op.drop_index("uq_doctors_user_id", table_name="doctors")
    op.drop_index("ix_doctors_rating", table_name="doctors")
    op.drop_index("ix_doctors_license_number", table_name="doctors")
    op.drop_index("ix_doctors_last_name", table_name="doctors")
    op.drop_index("ix_doctors_fee", table_name="doctors")
    op.drop_index("ix_doctors_city", table_name="doctors")
    op.drop_table("doctors")
    op.drop_index("uq_specialties_code", table_name="specialties")
    op.drop_index("ix_specialties_name", table_name="specialties")
    op.drop_table("specialties")
    op.drop_index("uq_clinic_holidays_held_on", table_name="clinic_holidays")
    op.drop_table("clinic_holidays")
    op.drop_index("uq_clinic_number", table_name="clinic")
    op.drop_table("clinic")

"""Patients, their charts' lists and care relations."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FOLDED_KEY = sa.String(300).with_variant(sa.String(300, collation="C"), "postgresql")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "patients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("mrn", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("prefix", sa.String(length=40), nullable=True),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("middle_name", sa.String(length=100), nullable=True),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("preferred_name", sa.String(length=100), nullable=True),
        sa.Column("maiden_name", sa.String(length=100), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=False),
        sa.Column("gender_identity", sa.String(length=60), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("address_line1", sa.String(length=200), nullable=True),
        sa.Column("address_line2", sa.String(length=200), nullable=True),
        sa.Column("address_city", sa.String(length=100), nullable=True),
        sa.Column("address_state", sa.String(length=100), nullable=True),
        sa.Column("address_postal_code", sa.String(length=20), nullable=True),
        sa.Column("address_country", sa.String(length=2), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=True),
        sa.Column("marital_status", sa.String(length=20), nullable=True),
        sa.Column("occupation", sa.String(length=100), nullable=True),
        sa.Column("primary_doctor_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("identifiers", sa.JSON(), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=True),
        sa.Column("last_name_key", FOLDED_KEY, nullable=False),
        sa.Column("first_name_key", FOLDED_KEY, nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("city_key", sa.String(length=300), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("card_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("sex IN ('female', 'male', 'other', 'unknown')", name=op.f("ck_patients_sex")),
        sa.CheckConstraint("status IN ('active', 'inactive', 'deceased', 'merged')", name=op.f("ck_patients_status")),
        sa.ForeignKeyConstraint(["registered_by"], ["users.id"], name=op.f("fk_patients_registered_by")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_patients_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
    )
    op.create_index("ix_patients_created_at", "patients", ["created_at", "id"], unique=False)
    op.create_index("ix_patients_email_key", "patients", ["email_key"], unique=False)
    op.create_index(
        "ix_patients_identity", "patients", ["date_of_birth", "last_name_key", "first_name_key"], unique=False
    )
    op.create_index("ix_patients_last_name", "patients", ["last_name_key", "id"], unique=False)
    op.create_index("ix_patients_phone", "patients", ["phone"], unique=False)
    op.create_index("ix_patients_primary_doctor_id", "patients", ["primary_doctor_id"], unique=False)
    op.create_index("uq_patients_mrn", "patients", ["mrn"], unique=True)
    op.create_index("uq_patients_number", "patients", ["number"], unique=True)
    op.create_index("uq_patients_user_id", "patients", ["user_id"], unique=True)
    op.create_table(
        "allergies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("substance", sa.String(length=200), nullable=False),
        sa.Column("substance_key", sa.String(length=600), nullable=False),
        sa.Column("code_system", sa.String(length=200), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("allergy_class", sa.String(length=12), nullable=True),
        sa.Column("reaction", sa.Text(), nullable=True),
        sa.Column("severity", sa.String(length=10), nullable=True),
        sa.Column("noted_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("severity IN ('mild', 'moderate', 'severe')", name=op.f("ck_allergies_severity")),
        sa.CheckConstraint("status IN ('active', 'inactive', 'entered_in_error')", name=op.f("ck_allergies_status")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_allergies_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_allergies_recorded_by")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_allergies_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allergies")),
    )
    op.create_index("ix_allergies_patient_id", "allergies", ["patient_id", "id"], unique=False)
    op.create_index(
        "uq_allergies_substance",
        "allergies",
        ["patient_id", "substance_key"],
        unique=True,
        postgresql_where=sa.text("status <> 'entered_in_error'"),
        sqlite_where=sa.text("status <> 'entered_in_error'"),
    )
    op.create_index(
        "uq_allergies_code",
        "allergies",
        ["patient_id", "code_system", "code"],
        unique=True,
        postgresql_where=sa.text("status <> 'entered_in_error'"),
        sqlite_where=sa.text("status <> 'entered_in_error'"),
    )
    op.create_table(
        "allergy_statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("stated_by", sa.Uuid(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_allergy_statements_patient_id")),
        sa.ForeignKeyConstraint(["stated_by"], ["users.id"], name=op.f("fk_allergy_statements_stated_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allergy_statements")),
    )
    op.create_index(
        "uq_allergy_statements_patient_id",
        "allergy_statements",
        ["patient_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
        sqlite_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "care_relations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("audience", sa.String(length=30), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=60), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(user_id IS NULL) <> (audience IS NULL)", name=op.f("ck_care_relations_one_holder")),
        sa.ForeignKeyConstraint(["added_by"], ["users.id"], name=op.f("fk_care_relations_added_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_care_relations_patient_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_care_relations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_relations")),
    )
    op.create_index("ix_care_relations_audience", "care_relations", ["audience", "patient_id"], unique=False)
    op.create_index("ix_care_relations_of_user", "care_relations", ["user_id", "patient_id"], unique=False)
    op.create_index("ix_care_relations_source", "care_relations", ["source", "source_id"], unique=False)
    op.create_index("ix_care_relations_user_id", "care_relations", ["patient_id", "user_id"], unique=False)
    op.create_index(
        "uq_care_relations_team",
        "care_relations",
        ["patient_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("source = 'care_team' AND ends_at IS NULL"),
        sqlite_where=sa.text("source = 'care_team' AND ends_at IS NULL"),
    )
    op.create_table(
        "conditions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("code_system", sa.String(length=12), nullable=True),
        sa.Column("display", sa.String(length=300), nullable=False),
        sa.Column("onset_on", sa.Date(), nullable=True),
        sa.Column("resolved_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'resolved', 'entered_in_error')", name=op.f("ck_conditions_status")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_conditions_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_conditions_recorded_by")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_conditions_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conditions")),
    )
    op.create_index("ix_conditions_patient_id", "conditions", ["patient_id", "id"], unique=False)
    op.create_table(
        "medical_histories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("blood_type", sa.String(length=3), nullable=True),
        sa.Column("past_surgeries", sa.JSON(), nullable=False),
        sa.Column("family_history", sa.JSON(), nullable=False),
        sa.Column("social_history", sa.Text(), nullable=True),
        sa.Column("chronic_notes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_medical_histories_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medical_histories")),
    )
    op.create_index("uq_medical_histories_patient_id", "medical_histories", ["patient_id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_patients_search_text",
            "patients",
            ["search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
    else:
        install_triggers(op.get_bind())


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("patients_search")
    op.drop_table("medical_histories")
    op.drop_table("conditions")
    op.drop_table("care_relations")
    op.drop_table("allergy_statements")
    op.drop_table("allergies")
    op.drop_table("patients")

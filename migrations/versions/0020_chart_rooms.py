"""Vital signs, treatments, procedures, records, documents and immunisations."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vital_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('final', 'entered_in_error')", name=op.f("ck_vital_sets_status")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_vital_sets_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_vital_sets_recorded_by")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_vital_sets_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_vital_sets_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vital_sets")),
    )
    op.create_index("ix_vital_sets_patient_id", "vital_sets", ["patient_id", "measured_at", "id"], unique=False)
    op.create_index("ix_vital_sets_visit_id", "vital_sets", ["visit_id", "measured_at", "id"], unique=False)
    op.create_table(
        "vital_measurements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("entered_value", sa.Double(), nullable=False),
        sa.Column("entered_unit", sa.String(length=16), nullable=False),
        sa.Column("loinc", sa.String(length=10), nullable=False),
        sa.Column("flag", sa.String(length=10), nullable=True),
        sa.Column("range_low", sa.Double(), nullable=True),
        sa.Column("range_high", sa.Double(), nullable=True),
        sa.Column("range_source", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("superseded_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("flag IN ('low', 'normal', 'high', 'critical')", name=op.f("ck_vital_measurements_flag")),
        sa.CheckConstraint(
            "status IN ('final', 'superseded', 'entered_in_error')", name=op.f("ck_vital_measurements_status")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_vital_measurements_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_vital_measurements_recorded_by")),
        sa.ForeignKeyConstraint(["set_id"], ["vital_sets.id"], name=op.f("fk_vital_measurements_set_id")),
        sa.ForeignKeyConstraint(["superseded_by"], ["users.id"], name=op.f("fk_vital_measurements_superseded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vital_measurements")),
    )
    op.create_index(
        "ix_vital_measurements_series", "vital_measurements", ["patient_id", "kind", "measured_at", "id"], unique=False
    )
    op.create_index("ix_vital_measurements_set_id", "vital_measurements", ["set_id", "id"], unique=False)
    op.create_table(
        "treatments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.Uuid(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('planned', 'in_progress', 'completed', 'cancelled', 'entered_in_error')",
            name=op.f("ck_treatments_status"),
        ),
        sa.CheckConstraint("price >= 0 AND tax_rate >= 0", name=op.f("ck_treatments_amounts")),
        sa.ForeignKeyConstraint(["completed_by"], ["users.id"], name=op.f("fk_treatments_completed_by")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_treatments_doctor_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_treatments_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_treatments_recorded_by")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_treatments_service_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_treatments_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_treatments_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_treatments")),
    )
    op.create_index("ix_treatments_created_at", "treatments", ["created_at", "id"], unique=False)
    op.create_index("ix_treatments_doctor_id", "treatments", ["doctor_id", "created_at", "id"], unique=False)
    op.create_index("ix_treatments_patient_id", "treatments", ["patient_id", "completed_at", "id"], unique=False)
    op.create_index("ix_treatments_visit_id", "treatments", ["visit_id", "created_at", "id"], unique=False)
    op.create_table(
        "treatment_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("treatment_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_treatment_items_quantity")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_treatment_items_item_id")),
        sa.ForeignKeyConstraint(["treatment_id"], ["treatments.id"], name=op.f("fk_treatment_items_treatment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_treatment_items")),
    )
    op.create_index("uq_treatment_items_item_id", "treatment_items", ["treatment_id", "item_id"], unique=True)
    op.create_table(
        "procedures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("code_system", sa.String(length=12), nullable=True),
        sa.Column("indication", sa.Text(), nullable=True),
        sa.Column("performed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("performed_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("complications", sa.Text(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('ordered', 'performed', 'cancelled', 'entered_in_error')", name=op.f("ck_procedures_status")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_procedures_doctor_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_procedures_patient_id")),
        sa.ForeignKeyConstraint(["performed_by"], ["users.id"], name=op.f("fk_procedures_performed_by")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_procedures_recorded_by")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_procedures_service_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_procedures_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_procedures_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedures")),
    )
    op.create_index("ix_procedures_created_at", "procedures", ["created_at", "id"], unique=False)
    op.create_index("ix_procedures_doctor_id", "procedures", ["doctor_id", "created_at", "id"], unique=False)
    op.create_index("ix_procedures_patient_id", "procedures", ["patient_id", "performed_at", "id"], unique=False)
    op.create_index("ix_procedures_visit_id", "procedures", ["visit_id", "created_at", "id"], unique=False)
    op.create_table(
        "procedure_addenda",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("procedure_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name=op.f("fk_procedure_addenda_by")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_procedure_addenda_procedure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_addenda")),
    )
    op.create_index("ix_procedure_addenda_procedure_id", "procedure_addenda", ["procedure_id", "id"], unique=False)
    op.create_table(
        "medical_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("released_number", sa.Integer(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("source IN ('clinic', 'patient', 'imported')", name=op.f("ck_medical_records_source")),
        sa.CheckConstraint(
            "status IN ('draft', 'released', 'entered_in_error')", name=op.f("ck_medical_records_status")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_medical_records_doctor_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_medical_records_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_medical_records_recorded_by")),
        sa.ForeignKeyConstraint(["released_by"], ["users.id"], name=op.f("fk_medical_records_released_by")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_medical_records_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_medical_records_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medical_records")),
    )
    op.create_index("ix_medical_records_doctor_id", "medical_records", ["doctor_id", "id"], unique=False)
    op.create_index("ix_medical_records_patient_id", "medical_records", ["patient_id", "id"], unique=False)
    op.create_index("ix_medical_records_recorded_by", "medical_records", ["recorded_by", "id"], unique=False)
    op.create_index("ix_medical_records_visit_id", "medical_records", ["visit_id", "id"], unique=False)
    op.create_table(
        "medical_record_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("diagnosis_code", sa.String(length=20), nullable=True),
        sa.Column("diagnosis_display", sa.String(length=300), nullable=True),
        sa.Column("treatment_plan", sa.Text(), nullable=True),
        sa.Column("symptoms", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("prescriptions", sa.JSON(), nullable=False),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name=op.f("fk_medical_record_versions_by")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["medical_records.id"], name=op.f("fk_medical_record_versions_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medical_record_versions")),
    )
    op.create_index(
        "uq_medical_record_versions_number", "medical_record_versions", ["record_id", "number"], unique=True
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("source IN ('clinic', 'patient', 'imported')", name=op.f("ck_documents_source")),
        sa.CheckConstraint("status IN ('held', 'released', 'entered_in_error')", name=op.f("ck_documents_status")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_documents_doctor_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_documents_file_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_documents_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_documents_recorded_by")),
        sa.ForeignKeyConstraint(["released_by"], ["users.id"], name=op.f("fk_documents_released_by")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_documents_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_documents_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index("ix_documents_doctor_id", "documents", ["doctor_id", "id"], unique=False)
    op.create_index("ix_documents_patient_id", "documents", ["patient_id", "id"], unique=False)
    op.create_index("ix_documents_visit_id", "documents", ["visit_id", "id"], unique=False)
    op.create_index("uq_documents_file_id", "documents", ["file_id"], unique=True)
    op.create_table(
        "immunizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("vaccine_code", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("dose_number", sa.Integer(), nullable=True),
        sa.Column("lot_number", sa.String(length=60), nullable=True),
        sa.Column("lot_expires_on", sa.Date(), nullable=True),
        sa.Column("manufacturer", sa.String(length=200), nullable=True),
        sa.Column("site", sa.String(length=60), nullable=True),
        sa.Column("route", sa.String(length=60), nullable=True),
        sa.Column("administered_on", sa.Date(), nullable=False),
        sa.Column("administered_by", sa.Uuid(), nullable=True),
        sa.Column("not_done_reason", sa.Text(), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("validity", sa.String(length=12), nullable=True),
        sa.Column("validity_reason", sa.String(length=60), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("source IN ('clinic', 'reported', 'imported')", name=op.f("ck_immunizations_source")),
        sa.CheckConstraint(
            "status IN ('completed', 'not_done', 'entered_in_error')", name=op.f("ck_immunizations_status")
        ),
        sa.CheckConstraint(
            "validity IN ('valid', 'not_valid', 'extraneous', 'sub_standard')", name=op.f("ck_immunizations_validity")
        ),
        sa.ForeignKeyConstraint(["administered_by"], ["users.id"], name=op.f("fk_immunizations_administered_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_immunizations_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_immunizations_recorded_by")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_immunizations_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_immunizations_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_immunizations")),
    )
    op.create_index(
        "ix_immunizations_patient_id", "immunizations", ["patient_id", "administered_on", "id"], unique=False
    )
    op.create_index("ix_immunizations_visit_id", "immunizations", ["visit_id", "id"], unique=False)
    op.create_table(
        "immunization_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("immunization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("superseded_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["immunization_id"], ["immunizations.id"], name=op.f("fk_immunization_versions_immunization_id")
        ),
        sa.ForeignKeyConstraint(["superseded_by"], ["users.id"], name=op.f("fk_immunization_versions_superseded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_immunization_versions")),
    )
    op.create_index(
        "uq_immunization_versions_number", "immunization_versions", ["immunization_id", "number"], unique=True
    )
    op.create_table(
        "schedule_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("edition", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_rules")),
    )
    op.create_index(
        "uq_schedule_rules_current",
        "schedule_rules",
        ["is_current"],
        unique=True,
        postgresql_where=sa.text("is_current"),
        sqlite_where=sa.text("is_current"),
    )
    install_triggers(op.get_bind())


def downgrade() -> None:
    op.drop_table("schedule_rules")
    op.drop_table("immunization_versions")
    op.drop_table("immunizations")
    op.drop_table("documents")
    op.drop_table("medical_record_versions")
    op.drop_table("medical_records")
    op.drop_table("procedure_addenda")
    op.drop_table("procedures")
    op.drop_table("treatment_items")
    op.drop_table("treatments")
    op.drop_table("vital_measurements")
    op.drop_table("vital_sets")

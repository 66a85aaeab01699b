"""Visits, their diagnoses and notes; conditions may name the visit at which they were found."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("visit_type", sa.String(length=12), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("chief_complaint", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("patient_instructions", sa.Text(), nullable=True),
        sa.Column("follow_up_on", sa.Date(), nullable=True),
        sa.Column("free_follow_up", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("doctor_id IS NOT NULL OR source = 'imported'", name=op.f("ck_visits_doctor")),
        sa.CheckConstraint(
            "status IN ('open', 'completed', 'cancelled', 'entered_in_error')", name=op.f("ck_visits_status")
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name=op.f("fk_visits_appointment_id")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_visits_doctor_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_visits_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_visits_recorded_by")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_visits_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_doctor_id", "visits", ["doctor_id", "started_at", "id"], unique=False)
    op.create_index("ix_visits_patient_id", "visits", ["patient_id", "started_at", "id"], unique=False)
    op.create_index("ix_visits_started_at", "visits", ["started_at", "id"], unique=False)
    op.create_index("ix_visits_status", "visits", ["status", "started_at", "id"], unique=False)
    op.create_index(
        "uq_visits_appointment_id",
        "visits",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('open', 'completed')"),
        sqlite_where=sa.text("status IN ('open', 'completed')"),
    )
    op.create_index("uq_visits_number", "visits", ["number"], unique=True)
    op.create_table(
        "visit_diagnoses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("code_system", sa.String(length=12), nullable=True),
        sa.Column("display", sa.String(length=300), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_visit_diagnoses_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_visit_diagnoses_recorded_by")),
        sa.ForeignKeyConstraint(["removed_by"], ["users.id"], name=op.f("fk_visit_diagnoses_removed_by")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_diagnoses_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_diagnoses")),
    )
    op.create_index("ix_visit_diagnoses_patient_id", "visit_diagnoses", ["patient_id"], unique=False)
    op.create_index("ix_visit_diagnoses_visit_id", "visit_diagnoses", ["visit_id", "position"], unique=False)
    op.create_table(
        "visit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("from_status", sa.String(length=20), nullable=True),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_visit_events_actor_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_events_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_events")),
    )
    op.create_index("ix_visit_events_visit_id", "visit_events", ["visit_id", "id"], unique=False)
    op.create_table(
        "visit_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("subjective", sa.Text(), nullable=True),
        sa.Column("objective", sa.Text(), nullable=True),
        sa.Column("assessment", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'signed', 'entered_in_error')", name=op.f("ck_visit_notes_status")),
        sa.CheckConstraint("(signed_at IS NULL) = (sha256 IS NULL)", name=op.f("ck_visit_notes_signature")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_visit_notes_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_visit_notes_recorded_by")),
        sa.ForeignKeyConstraint(["signed_by"], ["users.id"], name=op.f("fk_visit_notes_signed_by")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_notes_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_visit_notes_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_notes")),
    )
    op.create_index("ix_visit_notes_patient_id", "visit_notes", ["patient_id", "id"], unique=False)
    op.create_index("ix_visit_notes_visit_id", "visit_notes", ["visit_id", "id"], unique=False)
    op.create_table(
        "note_addenda",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name=op.f("fk_note_addenda_by")),
        sa.ForeignKeyConstraint(["note_id"], ["visit_notes.id"], name=op.f("fk_note_addenda_note_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_addenda")),
    )
    op.create_index("ix_note_addenda_note_id", "note_addenda", ["note_id", "id"], unique=False)
    with op.batch_alter_table("conditions") as batch_op:
        batch_op.add_column(sa.Column("visit_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_conditions_visit_id"), "visits", ["visit_id"], ["id"])
    op.create_index("ix_conditions_visit_id", "conditions", ["visit_id"])
    install_triggers(op.get_bind())


def downgrade() -> None:
    op.drop_index("ix_conditions_visit_id", "conditions")
    with op.batch_alter_table("conditions") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_conditions_visit_id"), type_="foreignkey")
        batch_op.drop_column("visit_id")
    op.drop_table("note_addenda")
    op.drop_table("visit_notes")
    op.drop_table("visit_events")
    op.drop_table("visit_diagnoses")
    op.drop_table("visits")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_signed_change()")
    install_triggers(op.get_bind())

"""Hours, appointments and the time that they take, waiting list, reviews, calendar tokens."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NO_OVERLAP = (
    ("ex_taken_intervals_doctor", "doctor_id WITH =, seat WITH =", "busy_from", "busy_to", ""),
    ("ex_taken_intervals_patient", "patient_id WITH =", "starts_at", "ends_at", "WHERE (patient_id IS NOT NULL)"),
)


def upgrade() -> None:
    op.create_table(
        "calendar_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_calendar_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_tokens")),
    )
    op.create_index("ix_calendar_tokens_user_id", "calendar_tokens", ["user_id", "id"], unique=False)
    op.create_index("uq_calendar_tokens_token_hash", "calendar_tokens", ["token_hash"], unique=True)
    op.create_table(
        "availability_overrides",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('replace', 'extra', 'closed')", name=op.f("ck_availability_overrides_kind")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_availability_overrides_doctor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_overrides")),
    )
    op.create_index(
        "ix_availability_overrides_doctor_id", "availability_overrides", ["doctor_id", "held_on"], unique=False
    )
    op.create_table(
        "availability_windows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before", sa.Integer(), nullable=False),
        sa.Column("buffer_after", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("capacity >= 1", name=op.f("ck_availability_windows_capacity")),
        sa.CheckConstraint("slot_minutes BETWEEN 5 AND 480", name=op.f("ck_availability_windows_slot")),
        sa.CheckConstraint(
            "start_minute BETWEEN 0 AND 1439 AND end_minute BETWEEN 0 AND 1439",
            name=op.f("ck_availability_windows_minutes"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_availability_windows_weekday")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_availability_windows_doctor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_windows")),
    )
    op.create_index(
        "ix_availability_windows_doctor_id",
        "availability_windows",
        ["doctor_id", "weekday", "start_minute"],
        unique=False,
    )
    op.create_table(
        "time_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_time_off_order")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_time_off_doctor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index("ix_time_off_doctor_id", "time_off", ["doctor_id", "starts_at"], unique=False)
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("booked_by", sa.Uuid(), nullable=True),
        sa.Column("timed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("queue_day", sa.Date(), nullable=True),
        sa.Column("queue_number", sa.Integer(), nullable=True),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_party", sa.String(length=10), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointments_order")),
        sa.ForeignKeyConstraint(["booked_by"], ["users.id"], name=op.f("fk_appointments_booked_by")),
        sa.ForeignKeyConstraint(["cancelled_by"], ["users.id"], name=op.f("fk_appointments_cancelled_by")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_appointments_doctor_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_appointments_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
    )
    op.create_index("ix_appointments_created_at", "appointments", ["created_at", "id"], unique=False)
    op.create_index("ix_appointments_doctor_id", "appointments", ["doctor_id", "starts_at", "id"], unique=False)
    op.create_index("ix_appointments_patient_id", "appointments", ["patient_id", "starts_at", "id"], unique=False)
    op.create_index("ix_appointments_series_id", "appointments", ["series_id"], unique=False)
    op.create_index("ix_appointments_starts_at", "appointments", ["starts_at", "id"], unique=False)
    op.create_index("ix_appointments_status", "appointments", ["status", "starts_at", "id"], unique=False)
    op.create_index("uq_appointments_queue", "appointments", ["doctor_id", "queue_day", "queue_number"], unique=True)
    op.create_table(
        "appointment_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("from_status", sa.String(length=12), nullable=True),
        sa.Column("to_status", sa.String(length=12), nullable=False),
        sa.Column("from_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("to_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("from_doctor_id", sa.Uuid(), nullable=True),
        sa.Column("to_doctor_id", sa.Uuid(), nullable=True),
        sa.Column("changed", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_appointment_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_appointment_events_appointment_id")
        ),
        sa.ForeignKeyConstraint(["from_doctor_id"], ["doctors.id"], name=op.f("fk_appointment_events_from_doctor_id")),
        sa.ForeignKeyConstraint(["to_doctor_id"], ["doctors.id"], name=op.f("fk_appointment_events_to_doctor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_events")),
    )
    op.create_index(
        "ix_appointment_events_appointment_id", "appointment_events", ["appointment_id", "id"], unique=False
    )
    op.create_table(
        "appointment_reminders",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_appointment_reminders_appointment_id")
        ),
        sa.PrimaryKeyConstraint("appointment_id", "kind", "starts_at", name=op.f("pk_appointment_reminders")),
    )
    op.create_table(
        "doctor_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("show_name", sa.Boolean(), nullable=False),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_by", sa.Uuid(), nullable=True),
        sa.Column("hidden_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_doctor_reviews_rating")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name=op.f("fk_doctor_reviews_appointment_id")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_doctor_reviews_doctor_id")),
        sa.ForeignKeyConstraint(["hidden_by"], ["users.id"], name=op.f("fk_doctor_reviews_hidden_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_doctor_reviews_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_reviews")),
    )
    op.create_index("ix_doctor_reviews_doctor_id", "doctor_reviews", ["doctor_id", "id"], unique=False)
    op.create_index("ix_doctor_reviews_patient_id", "doctor_reviews", ["patient_id"], unique=False)
    op.create_index("uq_doctor_reviews_appointment_id", "doctor_reviews", ["appointment_id"], unique=True)
    op.create_table(
        "taken_intervals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("busy_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("busy_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'booking') = (appointment_id IS NOT NULL)", name=op.f("ck_taken_intervals_booking")
        ),
        sa.CheckConstraint("(kind = 'hold') = (expires_at IS NOT NULL)", name=op.f("ck_taken_intervals_expiry")),
        sa.CheckConstraint("kind IN ('booking', 'hold')", name=op.f("ck_taken_intervals_kind")),
        sa.CheckConstraint(
            "ends_at > starts_at AND busy_from <= starts_at AND busy_to >= ends_at",
            name=op.f("ck_taken_intervals_order"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_taken_intervals_appointment_id")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_taken_intervals_doctor_id")),
        sa.ForeignKeyConstraint(["held_by"], ["users.id"], name=op.f("fk_taken_intervals_held_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_taken_intervals_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taken_intervals")),
    )
    op.create_index("ix_taken_intervals_doctor_id", "taken_intervals", ["doctor_id", "busy_from"], unique=False)
    op.create_index(
        "ix_taken_intervals_expires_at",
        "taken_intervals",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
        sqlite_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index("ix_taken_intervals_patient_id", "taken_intervals", ["patient_id", "starts_at"], unique=False)
    op.create_index("uq_taken_intervals_appointment_id", "taken_intervals", ["appointment_id"], unique=True)
    _forbid_overlaps()
    op.create_table(
        "waitlist_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("specialty_id", sa.Uuid(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("days", sa.JSON(), nullable=True),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("offer_hold_id", sa.Uuid(), nullable=True),
        sa.Column("offer_doctor_id", sa.Uuid(), nullable=True),
        sa.Column("offer_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offer_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offer_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(doctor_id IS NULL) <> (specialty_id IS NULL)", name=op.f("ck_waitlist_entries_one_wish")),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_waitlist_entries_order")),
        sa.ForeignKeyConstraint(["added_by"], ["users.id"], name=op.f("fk_waitlist_entries_added_by")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_waitlist_entries_appointment_id")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_waitlist_entries_doctor_id")),
        sa.ForeignKeyConstraint(["offer_doctor_id"], ["doctors.id"], name=op.f("fk_waitlist_entries_offer_doctor_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_waitlist_entries_patient_id")),
        sa.ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name=op.f("fk_waitlist_entries_specialty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entries")),
    )
    op.create_index("ix_waitlist_entries_doctor_id", "waitlist_entries", ["doctor_id", "status", "id"], unique=False)
    op.create_index("ix_waitlist_entries_patient_id", "waitlist_entries", ["patient_id", "id"], unique=False)
    op.create_index(
        "ix_waitlist_entries_specialty_id", "waitlist_entries", ["specialty_id", "status", "id"], unique=False
    )
    op.create_index("ix_waitlist_entries_status", "waitlist_entries", ["status", "offer_expires_at"], unique=False)
    install_triggers(op.get_bind())


def _forbid_overlaps() -> None:
    """Let PostgreSQL refuse what overlaps; SQLite does so by triggers."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for name, key, since, until, only in _NO_OVERLAP:
        op.execute(
            f"ALTER TABLE taken_intervals ADD CONSTRAINT {name} "
            f"EXCLUDE USING gist ({key}, tstzrange({since}, {until}) WITH &&) {only}"
        )


def downgrade() -> None:
    op.drop_index("ix_waitlist_entries_status", table_name="waitlist_entries")
    op.drop_index("ix_waitlist_entries_specialty_id", table_name="waitlist_entries")
    op.drop_index("ix_waitlist_entries_patient_id", table_name="waitlist_entries")
    op.drop_index("ix_waitlist_entries_doctor_id", table_name="waitlist_entries")
    op.drop_table("waitlist_entries")
    op.drop_index("uq_taken_intervals_appointment_id", table_name="taken_intervals")
    op.drop_index("ix_taken_intervals_patient_id", table_name="taken_intervals")
    op.drop_index(
        "ix_taken_intervals_expires_at",
        table_name="taken_intervals",
        postgresql_where=sa.text("expires_at IS NOT NULL"),
        sqlite_where=sa.text("expires_at IS NOT NULL"),
    )
    op.drop_index("ix_taken_intervals_doctor_id", table_name="taken_intervals")
    op.drop_table("taken_intervals")
    op.drop_index("uq_doctor_reviews_appointment_id", table_name="doctor_reviews")
    op.drop_index("ix_doctor_reviews_patient_id", table_name="doctor_reviews")
    op.drop_index("ix_doctor_reviews_doctor_id", table_name="doctor_reviews")
    op.drop_table("doctor_reviews")
    op.drop_table("appointment_reminders")
    op.drop_index("ix_appointment_events_appointment_id", table_name="appointment_events")
    op.drop_table("appointment_events")
    op.drop_index("uq_appointments_queue", table_name="appointments")
    op.drop_index("ix_appointments_status", table_name="appointments")
    op.drop_index("ix_appointments_starts_at", table_name="appointments")
    op.drop_index("ix_appointments_series_id", table_name="appointments")
    op.drop_index("ix_appointments_patient_id", table_name="appointments")
    op.drop_index("ix_appointments_doctor_id", table_name="appointments")
    op.drop_index("ix_appointments_created_at", table_name="appointments")
    op.drop_table("appointments")
    op.drop_index("ix_time_off_doctor_id", table_name="time_off")
    op.drop_table("time_off")
    op.drop_index("ix_availability_windows_doctor_id", table_name="availability_windows")
    op.drop_table("availability_windows")
    op.drop_index("ix_availability_overrides_doctor_id", table_name="availability_overrides")
    op.drop_table("availability_overrides")
    op.drop_index("uq_calendar_tokens_token_hash", table_name="calendar_tokens")
    op.drop_index("ix_calendar_tokens_user_id", table_name="calendar_tokens")
    op.drop_table("calendar_tokens")

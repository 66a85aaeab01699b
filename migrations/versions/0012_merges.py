"""Merges of patients, and what is needed to take them back."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CURRENT = sa.text("superseded_at IS NULL")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # SQLite adds a column with its reference itself; batch mode would rebuild the whole table.
        op.execute(
            "ALTER TABLE patients ADD COLUMN merged_into_id CHAR(32) "
            "CONSTRAINT fk_patients_merged_into_id REFERENCES patients (id)"
        )
    else:
        op.add_column("patients", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f("fk_patients_merged_into_id"), "patients", "patients", ["merged_into_id"], ["id"])
    op.create_index("ix_patients_merged_into_id", "patients", ["merged_into_id"], unique=False)
    op.add_column("patients", sa.Column("alias_text", sa.Text(), nullable=True))
    op.add_column("medical_histories", sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("uq_medical_histories_patient_id", table_name="medical_histories")
    op.create_index(
        "uq_medical_histories_patient_id",
        "medical_histories",
        ["patient_id"],
        unique=True,
        postgresql_where=_CURRENT,
        sqlite_where=_CURRENT,
    )
    op.create_table(
        "patient_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("duplicate_id", sa.Uuid(), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=True),
        sa.Column("account_status", sa.String(length=12), nullable=True),
        sa.Column("account_version", sa.Integer(), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["survivor_id"], ["patients.id"], name=op.f("fk_patient_merges_survivor_id")),
        sa.ForeignKeyConstraint(["duplicate_id"], ["patients.id"], name=op.f("fk_patient_merges_duplicate_id")),
        sa.ForeignKeyConstraint(["merged_by"], ["users.id"], name=op.f("fk_patient_merges_merged_by")),
        sa.ForeignKeyConstraint(["undone_by"], ["users.id"], name=op.f("fk_patient_merges_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_merges")),
    )
    op.create_index("ix_patient_merges_survivor_id", "patient_merges", ["survivor_id", "id"], unique=False)
    op.create_index(
        "uq_patient_merges_duplicate_id",
        "patient_merges",
        ["duplicate_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
        sqlite_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "merged_rows",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("row_keys", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["merge_id"], ["patient_merges.id"], name=op.f("fk_merged_rows_merge_id")),
        sa.PrimaryKeyConstraint("merge_id", "position", name=op.f("pk_merged_rows")),
    )


def downgrade() -> None:
    _require_all_undone()
    op.drop_table("merged_rows")
    op.drop_table("patient_merges")
    op.drop_index("uq_medical_histories_patient_id", table_name="medical_histories")
    op.create_index("uq_medical_histories_patient_id", "medical_histories", ["patient_id"], unique=True)
    op.drop_column("medical_histories", "superseded_at")
    op.drop_index("ix_patients_merged_into_id", table_name="patients")
    with op.batch_alter_table("patients") as batch:
        if op.get_bind().dialect.name != "sqlite":
            batch.drop_constraint(op.f("fk_patients_merged_into_id"), type_="foreignkey")
        batch.drop_column("merged_into_id")
        batch.drop_column("alias_text")
    install_triggers(op.get_bind())


def _require_all_undone() -> None:
    """Refuse to forget how standing merges are taken back; nothing was changed by then."""
    standing = op.get_bind().scalar(sa.text("SELECT count(*) FROM patient_merges WHERE undone_at IS NULL"))
    if standing:
        raise RuntimeError(
            f"{standing} merge(s) of patients stand and could not be taken back without these tables: "
            "undo them first with POST /api/v1/patients/{id}/unmerge."
        )

"""The audit log, append only, by month on PostgreSQL."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.triggers import install_triggers
from server.modules.audit.partitions import ensure_partitions

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_roles", JSON, nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_type", sa.String(length=60), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("changed", JSON, nullable=False),
        sa.Column("values_before", JSON, nullable=True),
        sa.Column("values_after", JSON, nullable=True),
        sa.Column("version_before", sa.Integer(), nullable=True),
        sa.Column("version_after", sa.Integer(), nullable=True),
        sa.Column("object_ids", JSON, nullable=False),
        sa.Column("object_count", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=60), nullable=False),
        sa.Column("break_glass_id", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", "at", name=op.f("pk_audit_logs")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_audit_logs_actor", "audit_logs", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_logs_object", "audit_logs", ["object_type", "object_id", "at"], unique=False)
    op.create_index("ix_audit_logs_patient", "audit_logs", ["patient_id", "id"], unique=False)
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.create_index("ix_audit_logs_at", "audit_logs", ["at"], unique=False, postgresql_using="brin")
        op.execute("CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT")
        install_triggers(bind)
        ensure_partitions(bind, datetime.now(UTC).date())
    else:
        install_triggers(bind)


def downgrade() -> None:
    op.drop_table("audit_logs")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")

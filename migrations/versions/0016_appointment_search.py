"""Find appointments by parts of the words of their reason: by trigrams on PostgreSQL, from an index alone on SQLite."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_appointments_search_text",
            "appointments",
            ["search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
    else:
        op.create_index("ix_appointments_reasons", "appointments", ["search_text", "id"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_appointments_search_text", "appointments")
    else:
        op.drop_index("ix_appointments_reasons", "appointments")

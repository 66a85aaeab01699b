"""Why a record was changed stands with the version that the change made."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("medical_record_versions", sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("medical_record_versions", "reason")

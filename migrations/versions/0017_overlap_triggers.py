"""Have the overlap triggers of SQLite look at no rows that are too old to meet a new one."""

from alembic import op

from migrations.triggers import install_triggers

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    install_triggers(op.get_bind())


def downgrade() -> None:
    """Leave the triggers: they say the same."""

"""Next hops: a delivery can be in doubt, and a mail can wait because of a recipient."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("delivery", sa.Column("is_doubtful", sa.Boolean, nullable=False, server_default="0"))
    op.add_column("trouble", sa.Column("is_deferred", sa.Boolean, nullable=False, server_default="0"))

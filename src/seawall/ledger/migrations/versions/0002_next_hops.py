"""Next hops: a delivery can be in doubt, and a mail can wait because of a recipient."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns, and the index of the copies that are not settled."""
    op.add_column("delivery", sa.Column("doubts", sa.Integer, nullable=False, server_default="0"))
    op.create_index(
        "open_copy",
        "stored_copy",
        ["account_id"],
        sqlite_where=sa.text("settled_at IS NULL AND is_adopted = 0"),
    )
    op.add_column("trouble", sa.Column("is_deferred", sa.Boolean, nullable=False, server_default="0"))

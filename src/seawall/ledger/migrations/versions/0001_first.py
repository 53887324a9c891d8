"""The first schema: accounts, stored copies, deliveries, held mails, troubles."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("first_polled_at", sa.Float),
        sa.Column("polled_at", sa.Float),
        sa.Column("succeeded_at", sa.Float),
        sa.Column("next_poll_at", sa.Float),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("stopped_for", sa.String),
        sa.Column("delivered", sa.Integer, nullable=False),
    )
    op.create_table(
        "stored_copy",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("uidl", sa.LargeBinary),
        sa.Column("octets", sa.Integer),
        sa.Column("header_digest", sa.LargeBinary),
        sa.Column("is_adopted", sa.Boolean, nullable=False),
        sa.Column("settled_at", sa.Float),
        sa.Column("is_listed", sa.Boolean, nullable=False),
        sa.Column("is_erased", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("copy_id", sa.Integer, sa.ForeignKey("stored_copy.id", ondelete="SET NULL")),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("directory", sa.String, nullable=False),
        sa.Column("base_name", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("staged_at", sa.Float),
        sa.Column("delivered_at", sa.Float),
        sa.UniqueConstraint("copy_id", "recipient", "directory"),
    )
    op.create_index("open_delivery", "delivery", ["account_id"], sqlite_where=sa.text("state != 'delivered'"))
    op.create_index("delivery_of_copy", "delivery", ["copy_id"])
    op.create_table(
        "held",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("delivery_id", sa.String(32), sa.ForeignKey("delivery.id"), nullable=False, unique=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("sentence", sa.String, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("sender", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("octets", sa.Integer, nullable=False),
        sa.Column("reverse_path", sa.String),
        sa.Column("server", sa.String, nullable=False),
        sa.Column("held_at", sa.Float, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("release_id", sa.String(32)),
    )
    op.create_table(
        "trouble",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("octets", sa.Integer),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("why", sa.String, nullable=False),
        sa.Column("first_at", sa.Float, nullable=False),
        sa.Column("retry_at", sa.Float, nullable=False),
        sa.Column("is_alarmed", sa.Boolean, nullable=False),
    )

"""The guard: what was seen before, rates, storms and their breakers, bodies of held mail stored once, the digest."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and add the columns that join them."""
    op.add_column("account", sa.Column("broken_at", sa.Float))
    op.add_column("account", sa.Column("broken_for", sa.String, nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("exact", sa.LargeBinary))
    op.add_column("delivery", sa.Column("seen_id", sa.Integer))
    op.create_index(
        "exact_delivery", "delivery", ["exact"], unique=True, sqlite_where=sa.text("exact IS NOT NULL")
    )
    op.create_index(
        "delivery_by_age", "delivery", ["delivered_at"], sqlite_where=sa.text("delivered_at IS NOT NULL")
    )
    op.create_table(
        "seen",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("variant", sa.LargeBinary, nullable=False),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("list_id", sa.String, nullable=False),
        sa.Column("signs", sa.String, nullable=False),
        sa.Column("message_id", sa.LargeBinary, nullable=False),
        sa.Column("delivered", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False, index=True),
        sa.UniqueConstraint("key", "variant"),
    )
    op.create_table(
        "tally",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("entries", sa.JSON, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False, index=True),
    )
    op.create_table(
        "storm",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("sender", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("first_at", sa.Float, nullable=False),
        sa.Column("last_at", sa.Float, nullable=False, index=True),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.Float),
        sa.Column("closed_at", sa.Float),
        sa.Column("sentence", sa.String, nullable=False),
    )
    with op.batch_alter_table("held") as held:
        held.add_column(sa.Column("storm_id", sa.Integer))
        held.add_column(sa.Column("body", sa.LargeBinary))
        held.add_column(sa.Column("kept_octets", sa.Integer, nullable=False, server_default="0"))
        held.create_foreign_key("held_of_storm", "storm", ["storm_id"], ["id"], ondelete="SET NULL")
    # Until here each held mail was kept whole.
    op.execute("UPDATE held SET kept_octets = octets")
    op.create_index("held_by_storm", "held", ["storm_id", "status"])
    op.create_index("held_by_body", "held", ["body", "status"])
    op.create_index("held_octets", "held", ["status", "kept_octets"])
    op.create_table(
        "digest",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("covers_until", sa.Float, nullable=False),
        sa.Column("sent_at", sa.Float, nullable=False),
    )

"""The ledger's tables. A change here comes with a migration in `migrations/versions`, and a test holds both together."""

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)

metadata = MetaData()


class Octets(LargeBinary):
    """Bytes as they are: the drivers take them so, and to wrap each costs as much as the rest of its row."""

    def bind_processor(self, dialect: Dialect) -> None:
        """Leave the value alone."""


account: Final = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("first_polled_at", Float),
    Column("polled_at", Float),
    Column("succeeded_at", Float),
    Column("next_poll_at", Float),
    Column("failures", Integer, nullable=False, default=0),
    Column("problem", String, nullable=False, default=""),
    Column("stopped_for", String),
    Column("delivered", Integer, nullable=False, default=0),
    Column("broken_at", Float),
    Column("broken_for", String, nullable=False, default="", server_default=""),
    comment="One POP3 mailbox, by its name in the configuration",
)

stored_copy: Final = Table(
    "stored_copy",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("uidl", Octets),
    Column("octets", Integer),
    Column("header_digest", Octets),
    Column("is_adopted", Boolean, nullable=False, default=False),
    Column("settled_at", Float),
    Column("is_listed", Boolean, nullable=False, default=True),
    Column("is_erased", Boolean, nullable=False, default=False),
    Column("changed_at", Float, nullable=False),
    comment="One mail in one POP3 box; it lives as long as the mail is on the server",
)
Index(
    "open_copy",
    stored_copy.c.account_id,
    sqlite_where=stored_copy.c.settled_at.is_(None) & (stored_copy.c.is_adopted == false()),
)

delivery: Final = Table(
    "delivery",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("copy_id", Integer, ForeignKey("stored_copy.id", ondelete="SET NULL")),
    Column("recipient", String, nullable=False),
    Column("directory", String, nullable=False),
    Column("base_name", String, nullable=False),
    Column("state", String, nullable=False),
    Column("staged_at", Float),
    Column("delivered_at", Float),
    Column("doubts", Integer, nullable=False, default=0, server_default="0"),
    Column("exact", Octets),
    Column("seen_id", Integer),
    UniqueConstraint("copy_id", "recipient", "directory"),
    comment="One mail for one recipient: intended, staged or offered, delivered; without a directory a next hop has it",
)
Index("open_delivery", delivery.c.account_id, sqlite_where=delivery.c.state != "delivered")
Index("delivery_of_copy", delivery.c.copy_id)
Index("exact_delivery", delivery.c.exact, unique=True, sqlite_where=delivery.c.exact.is_not(None))
Index("delivery_by_age", delivery.c.delivered_at, sqlite_where=delivery.c.delivered_at.is_not(None))

seen: Final = Table(
    "seen",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Octets, nullable=False),
    Column("variant", Octets, nullable=False),
    Column("route", String, nullable=False),
    Column("list_id", String, nullable=False),
    Column("signs", String, nullable=False),
    Column("message_id", Octets, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("last_at", Float, nullable=False, index=True),
    UniqueConstraint("key", "variant"),
    comment="One content that a recipient was given, by one way: the window in which copies are recognised",
)

tally: Final = Table(
    "tally",
    metadata,
    Column("key", Octets, primary_key=True),
    Column("entries", JSON, nullable=False),
    Column("last_at", Float, nullable=False, index=True),
    comment="The last few moments at which something came that has a rate: copies, bounces, repliers",
)

storm: Final = Table(
    "storm",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Octets, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("first_at", Float, nullable=False),
    Column("last_at", Float, nullable=False, index=True),
    Column("copies", Integer, nullable=False),
    Column("opened_at", Float),
    Column("closed_at", Float),
    Column("sentence", String, nullable=False),
    comment="What set-aside mails have in common; its breaker is open from opened_at until closed_at",
)

held: Final = Table(
    "held",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", String(32), ForeignKey("delivery.id"), nullable=False, unique=True),
    Column("account", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("sentence", String, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("message_id", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("octets", Integer, nullable=False),
    Column("reverse_path", String),
    Column("server", String, nullable=False),
    Column("held_at", Float, nullable=False),
    Column("status", String, nullable=False),
    Column("release_id", String(32)),
    Column("storm_id", Integer, ForeignKey("storm.id", ondelete="SET NULL")),
    Column("body", Octets),
    Column("kept_octets", Integer, nullable=False, default=0, server_default="0"),
    comment="One mail that was set aside for one recipient, until a person releases or drops it",
)
Index("held_by_storm", held.c.storm_id, held.c.status)
Index("held_by_body", held.c.body, held.c.status)
Index("held_octets", held.c.status, held.c.kept_octets)

trouble: Final = Table(
    "trouble",
    metadata,
    Column("account_id", Integer, ForeignKey("account.id"), primary_key=True),
    Column("key", Octets, primary_key=True),
    Column("octets", Integer),
    Column("failures", Integer, nullable=False),
    Column("why", String, nullable=False),
    Column("first_at", Float, nullable=False),
    Column("retry_at", Float, nullable=False),
    Column("is_alarmed", Boolean, nullable=False, default=False),
    Column("is_deferred", Boolean, nullable=False, default=False, server_default="0"),
    comment="One mail that could not be brought, and how often it was tried",
)

digest: Final = Table(
    "digest",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("covers_until", Float, nullable=False),
    Column("sent_at", Float, nullable=False),
    comment="One mail to the postmaster, and the moment up to which it tells what happened",
)

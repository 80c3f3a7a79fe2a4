"""The index of words: FTS5 on SQLite, a tsvector with its GIN index on PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from orders.tables import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FTS5 = (
    """
    CREATE VIRTUAL TABLE search_words USING fts5(
        order_id, words, content='search_docs', content_rowid='doc',
        tokenize="unicode61 remove_diacritics 0 tokenchars '_.:-'"
    )
    """,
    """
    CREATE TRIGGER search_docs_added AFTER INSERT ON search_docs BEGIN
        INSERT INTO search_words(rowid, order_id, words)
        VALUES (new.doc, new.order_id, new.words);
    END
    """,
    """
    CREATE TRIGGER search_docs_removed AFTER DELETE ON search_docs BEGIN
        INSERT INTO search_words(search_words, rowid, order_id, words)
        VALUES ('delete', old.doc, old.order_id, old.words);
    END
    """,
)


def upgrade() -> None:
    """Apply. What was said before is indexed when somebody searches, or in the background."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "search_docs",
        sa.Column("doc", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column(
            "words", sa.Text().with_variant(postgresql.TSVECTOR, "postgresql"), nullable=False
        ),
        sa.PrimaryKeyConstraint("doc"),
        sa.UniqueConstraint("order_id", "seq"),
    )
    op.create_table(
        "search_heads",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    if on_postgresql:
        op.create_index("search_words", "search_docs", ["words"], postgresql_using="gin")
    else:
        for statement in FTS5:
            op.execute(statement)


def downgrade() -> None:
    """Take back."""
    if op.get_bind().dialect.name != "postgresql":
        op.execute("DROP TABLE search_words")
    op.drop_table("search_heads")
    op.drop_table("search_docs")

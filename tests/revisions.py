"""Databases of other releases, as far as the revision of their tables tells."""

from contextlib import contextmanager

from sqlalchemy import text


@contextmanager
def migrated_to(database, revision):
    """The database says that its tables are of this revision."""
    with database.reading() as session:
        current = session.scalar(text("SELECT version_num FROM alembic_version"))
    _say(database, revision)
    try:
        yield
    finally:
        _say(database, current)


def _say(database, revision):
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})

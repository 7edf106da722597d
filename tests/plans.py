"""How much a database looks at for a piece of work: not how long it takes, which others decide."""

from contextlib import contextmanager

import psycopg

_STEPS = 10  # of SQLite's machine between two calls of the handler
# Small tables are read whole where that is cheaper; large ones would not be.
_AS_IF_LARGE = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
_EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) "


def effort(session, work):
    """Steps of SQLite's machine, or rows that PostgreSQL has read, for the queries of ``work``."""
    connection = session.connection().connection
    is_sqlite = session.connection().dialect.name == "sqlite"
    return (_steps if is_sqlite else _rows)(connection.driver_connection, work)


def _steps(driver, work):
    calls = []
    driver.set_progress_handler(lambda: calls.append(1), _STEPS)
    try:
        work()
    finally:
        driver.set_progress_handler(None, 0)
    return _STEPS * len(calls)


def _rows(driver, work):
    with _noted(driver) as said:
        work()
    driver.execute(_AS_IF_LARGE)
    plans = [driver.execute(_EXPLAIN + query, values).fetchone()[0] for query, values in said]
    return sum(_read(plan["Plan"]) for (plan,) in plans)


@contextmanager
def _noted(driver):
    """What is executed, with its values."""
    said = []

    class Noting(psycopg.Cursor):
        def execute(self, query, values=None, **options):
            said.append((query, values))
            return super().execute(query, values, **options)

    plain, driver.cursor_factory = driver.cursor_factory, Noting
    try:
        yield said
    finally:
        driver.cursor_factory = plain


def _read(node):
    """Rows of tables and indexes that a plan has looked at, also those that it threw away."""
    below = sum(map(_read, node.get("Plans", ())))
    if "Relation Name" not in node:
        return below
    each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return below + each * node["Actual Loops"]

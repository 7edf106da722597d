"""jobs, outbox, kept answers; lists and a search that stay fast."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

from engine.store import words

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What engine.jobs.sqlite keeps where PostgreSQL has Procrastinate's own tables and functions.
# Moments are seconds since 1970, UTC.
_JOBS_ON_SQLITE = (
    """
    CREATE TABLE procrastinate_workers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        last_heartbeat REAL NOT NULL
    )
    """,
    """
    CREATE TABLE procrastinate_jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue_name TEXT NOT NULL,
        task_name TEXT NOT NULL,
        priority INTEGER NOT NULL DEFAULT 0,
        lock TEXT,
        queueing_lock TEXT,
        args TEXT NOT NULL DEFAULT '{}',
        status TEXT NOT NULL DEFAULT 'todo',
        scheduled_at REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        abort_requested INTEGER NOT NULL DEFAULT 0,
        worker_id INTEGER REFERENCES procrastinate_workers (id) ON DELETE SET NULL,
        changed_at REAL NOT NULL
    )
    """,
    """
    CREATE TABLE procrastinate_periodic_defers (
        task_name TEXT NOT NULL,
        periodic_id TEXT NOT NULL,
        defer_timestamp INTEGER NOT NULL,
        PRIMARY KEY (task_name, periodic_id, defer_timestamp)
    )
    """,
    "CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock ON procrastinate_jobs (queueing_lock)"
    " WHERE status = 'todo'",
    "CREATE UNIQUE INDEX procrastinate_jobs_lock ON procrastinate_jobs (lock)"
    " WHERE status = 'doing'",
    "CREATE INDEX procrastinate_jobs_todo ON procrastinate_jobs (priority DESC, id)"
    " WHERE status = 'todo'",
    "CREATE INDEX procrastinate_jobs_waiting_lock ON procrastinate_jobs (lock, priority, id)"
    " WHERE status = 'todo'",
    "CREATE INDEX procrastinate_jobs_worker ON procrastinate_jobs (worker_id)"
    " WHERE status = 'doing'",
    "CREATE INDEX procrastinate_jobs_ended ON procrastinate_jobs (changed_at)"
    " WHERE status NOT IN ('todo', 'doing')",
)


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    op.create_table(
        "effect",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=True),
        sa.Column(
            "status",
            sa.Enum("pending", "done", "failed", name="effectstatus", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_effect_incident_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effect")),
    )
    op.create_index("ix_effect_incident_id", "effect", ["incident_id"])
    op.create_index("ix_effect_status_created_at", "effect", ["status", "created_at"])
    _make_jobs(op.get_bind())
    _make_lists_fast()
    _make_search(op.get_bind())


def _make_lists_fast() -> None:
    op.drop_index("ix_task_status_candidate_group_due_at", "task")
    op.drop_index("ix_task_assignee_id_status", "task")
    _make_index("ix_task_waiting", "task", ["due_at", "id"], "ended_at IS NULL")
    _make_index(
        "ix_task_waiting_in_group",
        "task",
        ["candidate_group", "due_at", "id", "status"],
        "ended_at IS NULL",
    )
    _make_index(
        "ix_task_waiting_with_assignee",
        "task",
        ["assignee_id", "due_at", "id", "status", "candidate_group"],
        "assignee_id IS NOT NULL AND ended_at IS NULL",
    )
    op.drop_index("ix_incident_status_created_at", "incident")
    op.drop_index("ix_incident_reporter_id", "incident")
    op.create_index("ix_incident_status_number", "incident", ["status", "number"])
    op.create_index("ix_incident_reporter_id_number", "incident", ["reporter_id", "number"])
    _make_index("ix_incident_open", "incident", ["number"], "closed_at IS NULL")
    _make_index("ix_process_instance_failed", "process_instance", ["id"], "status = 'failed'")


def _make_index(name: str, table: str, columns: Sequence[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _make_search(connection: sa.Connection) -> None:
    # The new indexes of incidents have made PostgreSQL wait for whoever was just reporting one, and
    # nobody does so until this is done: none is left out.
    in_byte_order = sa.String(length=40).with_variant(sa.String(40, collation="C"), "postgresql")
    table = op.create_table(
        "incident_word",
        sa.Column("word", in_byte_order, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("word", "number", name=op.f("pk_incident_word")),
        sqlite_with_rowid=False,
    )
    for number, title, service in connection.execute(
        sa.text("SELECT number, title, service FROM incident")
    ):
        connection.execute(sa.insert(table), words.rows_of(number, title, service))
    # Behind the rows: to build an index at once is faster than to let it grow.
    op.create_index("ix_incident_word_number_word", "incident_word", ["number", "word"])


def _make_jobs(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        for statement in _JOBS_ON_SQLITE:
            connection.exec_driver_sql(statement)
    else:
        # No parameters, so that the driver takes several statements and leaves % alone.
        connection.connection.cursor().execute(SchemaManager.get_schema())

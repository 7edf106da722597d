"""Runs migrations on the connection that ``engine.store.migrate`` hands over."""

from typing import Any, Literal

from alembic import context

from engine.store.tables import Base, UtcDateTime


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """A migration names SQLAlchemy's own types, so that it never changes with our code."""
    is_moment = kind == "type" and isinstance(item, UtcDateTime)
    return "sa.DateTime(timezone=True)" if is_moment else False


def include_name(name: str | None, kind: str, _: Any) -> bool:
    """The job engine keeps its own tables."""
    return kind != "table" or not (name or "").startswith("procrastinate_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render_item,
    include_name=include_name,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

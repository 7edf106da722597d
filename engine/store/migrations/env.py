"""Runs migrations on the connection that ``engine.store.migrate`` hands over."""

from typing import Any, Literal

from alembic import context

from engine.store.tables import Base, UtcDateTime


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """A migration names SQLAlchemy's own types, so that it never changes with our code."""
    is_moment = kind == "type" and isinstance(item, UtcDateTime)
    return "sa.DateTime(timezone=True)" if is_moment else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

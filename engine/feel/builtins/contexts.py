"""Functions on contexts (DMN 1.5 §10.3.4.10)."""

from collections.abc import Sequence

from engine.feel.limits import spend
from engine.feel.signatures import builtin
from engine.feel.values import Value

Context = dict[str, Value]


@builtin("get value(m: context, key: string)")
def get_value(context: Context, key: str) -> Value:
    return context.get(key)


@builtin("get entries(m: context)")
def get_entries(context: Context) -> list[Context]:
    spend(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context(entries: list<context>)")
def make(entries: Sequence[Context | None]) -> Context | None:
    """Null when an entry has no key or value, or two have the same key."""
    made: Context = {}
    for entry in entries:
        if entry is None or "value" not in entry:
            return None
        key = entry.get("key")
        if not isinstance(key, str) or key in made:
            return None
        made[key] = entry["value"]
    return made


@builtin(
    "context put(context: context, key: string, value: Any)",
    "context put(context: context, keys: list<string>, value: Any)",
)
def put(context: Context, keys: str | Sequence[str | None], value: Value) -> Context | None:
    """A copy with another value at a key, or at a path of keys."""
    path = [keys] if isinstance(keys, str) else keys
    return _put(context, path, value) if path and None not in path else None


def _put(context: Value, keys: Sequence[str | None], value: Value) -> Context | None:
    if not isinstance(context, dict):
        return None
    spend(len(context))
    first, *rest = keys
    inner = _put(context.get(str(first)), rest, value) if rest else value
    return None if rest and inner is None else {**context, str(first): inner}


@builtin("context merge(contexts: list<context>)")
def merge(contexts: Sequence[Context | None]) -> Context | None:
    """Later entries win."""
    merged: Context = {}
    for context in contexts:
        if context is None:
            return None
        spend(len(context))
        merged.update(context)
    return merged

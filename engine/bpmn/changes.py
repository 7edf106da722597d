"""What a step changed: variables and facts before and after it."""

from collections.abc import Mapping
from typing import Any

Changes = dict[str, tuple[Any, Any]]  # name -> (old, new)


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    """What of ``new`` is not in ``old``, or is there with another value."""
    return {k: (old.get(k), v) for k, v in new.items() if k not in old or not _is_same(old[k], v)}


def _is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; Python takes ``True`` for 1, and FEEL does not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)

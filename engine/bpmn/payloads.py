"""How much a message or signal may carry, whoever sends it."""

import json
from typing import Any

LARGEST = 64 * 1024  # bytes of JSON
DEEPEST = 32  # lists and objects in one another


def problem_of(payload: Any) -> str | None:
    """A sentence about what does not fit, if so."""
    if not _is_flat(payload, DEEPEST):
        return f"Nest at most {DEEPEST} lists and objects in one another."
    try:
        size = len(json.dumps(payload, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError):
        return "Send what JSON can hold: text, finite numbers, true, false, null, lists, objects."
    if size > LARGEST:
        return f"Use at most {LARGEST:,} bytes of JSON; these are {size:,}."
    return None


def _is_flat(value: Any, levels: int) -> bool:
    """Whether the value holds no more than so many levels of lists and objects."""
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_flat(part, levels - 1) for part in parts)

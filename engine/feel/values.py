"""What a FEEL value is (DMN 1.5 §10.3.2).

A value is null (``None``), a bool, a number (see ``numbers``), a string, a
date, time, duration or range of this package, a ``list``, a ``dict`` with strings as keys, or a
``Function``; anything else is foreign, and FEEL only passes it on. Values are never changed. What
has no result is null, never an error.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

Value: TypeAlias = Any
Truth: TypeAlias = bool | None
Operation: TypeAlias = Callable[[Value, Value], Value]

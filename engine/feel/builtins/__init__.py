"""The built-in functions (DMN 1.5 §10.3.4), each known by importing its module."""

from engine.feel.builtins import (
    contexts,
    conversions,
    dates,
    lists,
    numerics,
    relations,
    strings,
)

__all__ = ["contexts", "conversions", "dates", "lists", "numerics", "relations", "strings"]

"""Functions on strings (DMN 1.5 §10.3.4.3)."""

from collections.abc import Sequence

from engine.feel import matching
from engine.feel.limits import fits, spend
from engine.feel.loops import require_length
from engine.feel.numbers import Number, whole
from engine.feel.patterns import compile_pattern
from engine.feel.signatures import builtin


@builtin("substring(string: string, start position: number, length?: number)")
def substring(string: str, start: Number, length: Number | None) -> str | None:
    """Count from 1, or from the end when the position is negative."""
    index = whole(start)
    if index == 0 or abs(index) > len(string) or (length is not None and length < 1):
        return None
    first = index - 1 if index > 0 else len(string) + index
    return string[first:] if length is None else string[first : first + whole(length)]


@builtin("string length(string: string)")
def string_length(string: str) -> int:
    return len(string)


@builtin("upper case(string: string)")
def upper_case(string: str) -> str:
    return string.upper()


@builtin("lower case(string: string)")
def lower_case(string: str) -> str:
    return string.lower()


@builtin("substring before(string: string, match: string)")
def substring_before(string: str, match: str) -> str:
    return string[: max(string.find(match), 0)]


@builtin("substring after(string: string, match: string)")
def substring_after(string: str, match: str) -> str:
    index = string.find(match)
    return string[index + len(match) :] if index >= 0 else ""


@builtin("contains(string: string, match: string)")
def contains(string: str, match: str) -> bool:
    return match in string


@builtin("starts with(string: string, match: string)")
def starts_with(string: str, match: str) -> bool:
    return string.startswith(match)


@builtin("ends with(string: string, match: string)")
def ends_with(string: str, match: str) -> bool:
    return string.endswith(match)


@builtin("string join(list: list<string>, delimiter?: string)")
def string_join(strings: Sequence[str | None], delimiter: str | None) -> str | None:
    """Nulls are left out."""
    spend(len(strings))
    parts = [string for string in strings if string is not None]
    length = sum(map(len, parts)) + len(delimiter or "") * len(parts)
    return (delimiter or "").join(parts) if fits(length) else None


@builtin("matches(input: string, pattern: string, flags?: string)")
def matches(string: str, pattern: str, flags: str | None) -> bool | None:
    compiled = compile_pattern(pattern, flags or "")
    return None if compiled is None else matching.search(compiled, string) is not None


@builtin("replace(input: string, pattern: string, replacement: string, flags?: string)")
def replace(string: str, pattern: str, replacement: str, flags: str | None) -> str | None:
    """In the replacement, ``$1`` stands for what the first group matched, ``$0`` for all."""
    compiled = compile_pattern(pattern, flags or "")
    return None if compiled is None else matching.replace(compiled, string, replacement)


@builtin("split(string: string, delimiter: string)")
def split(string: str, delimiter: str) -> list[str] | None:
    compiled = compile_pattern(delimiter, "")
    if compiled is None:
        return None
    parts = matching.split(compiled, string)
    if parts is not None:
        require_length(parts)
    return parts

"""What people type beside forms: names, labels, reasons."""

from engine.errors import InvalidAnswers

NOT_PLAIN = "Remove the control characters."


def is_plain(text: str) -> bool:
    """Whether every database keeps the text: no control characters, no halves of a character."""
    return not any((c < " " and c not in "\n\t") or "\ud800" <= c <= "\udfff" for c in text)


def problem_of(text: str, longest: int, missing: str = "This must not be empty.") -> str | None:
    """Why a text of up to so many characters is none; ``missing`` is said of an empty one."""
    if not text.strip():
        return missing
    if len(text) > longest:
        return f"Use at most {longest:,} characters; these are {len(text):,}."
    return None if is_plain(text) else NOT_PLAIN


def problem_of_line(
    text: str, longest: int, missing: str = "This must not be empty."
) -> str | None:
    """The same of a name, which stands in one line."""
    is_long = "Write it in one line." if "\n" in text else None
    return problem_of(text, longest, missing) or is_long


def checked(field: str, text: str, longest: int, missing: str) -> str:
    """The text without the space around it; ``InvalidAnswers`` says what is wrong in the field."""
    chosen = text.strip()
    require_none({field: problem_of(chosen, longest, missing)})
    return chosen


def checked_line(field: str, text: str, longest: int, missing: str) -> str:
    """The same for a name, which stands in one line."""
    chosen = text.strip()
    require_none({field: problem_of_line(chosen, longest, missing)})
    return chosen


def require_none(problems: dict[str, str | None]) -> None:
    """``InvalidAnswers`` with every field that has a problem."""
    found = {field: problem for field, problem in problems.items() if problem}
    if found:
        raise InvalidAnswers(found)

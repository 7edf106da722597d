"""What goes wrong in FEEL: a text that is refused, and an evaluation that takes too much."""


class FeelError(Exception):
    """FEEL that is refused, and where: ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class FeelLimitExceeded(FeelError):
    """An evaluation that was stopped, because it goes on for too long or grows too large."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 1, 1)


class FeelValueError(ValueError):
    """A value that process data cannot hold."""


def refused(source: str, offset: int, *, expected: str, found: str) -> FeelError:
    """Say what was expected at ``offset``; nothing ``found`` stands for the end of the text."""
    line = source.count("\n", 0, offset) + 1
    column = offset - source.rfind("\n", 0, offset)
    shown = found if len(found) <= 40 else f"{found[:40]}…"
    quoted = f"'{shown}'" if shown.isprintable() else ascii(shown)
    return FeelError(f"expected {expected}, found {quoted if found else 'the end'}", line, column)

"""Script tasks: lines of ``name = FEEL expression``, and nothing else."""

import re

from engine.feel import Expression, compile_expression

_ASSIGNMENT = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)\s*(.+)", re.DOTALL)


def parse(script: str) -> list[tuple[str, Expression]]:
    """The assignments of a script in order.

    Raises ``ValueError`` for a line that is none, ``FeelError`` for an expression that is wrong.
    """
    return [_assignment(line) for line in lines(script)]


def lines(script: str) -> list[str]:
    """One assignment each; a line break or a semicolon ends one, unless a bracket is open."""
    found, current, depth, in_string = [], "", 0, False
    for character in script:
        if character == '"' and not current.endswith("\\"):
            in_string = not in_string
        if not in_string:
            depth += (character in "([{") - (character in ")]}")
            if character in "\n;" and depth <= 0:
                found.append(current)
                current = ""
                continue
        current += character
    return [line.strip() for line in [*found, current] if line.strip()]


def _assignment(line: str) -> tuple[str, Expression]:
    match = _ASSIGNMENT.fullmatch(line)
    if match is None:
        raise ValueError(f"“{line}” is no assignment. Write: name = expression.")
    return match[1], compile_expression(match[2])

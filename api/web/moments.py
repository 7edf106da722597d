"""Moments as people type them."""

from datetime import UTC, datetime

from flask import request

from engine.errors import InvalidAnswers


def typed(*fields: str) -> list[datetime]:
    """The moments in these fields of the form, UTC; ``InvalidAnswers`` names what is none."""
    found, errors = [], {}
    for field in fields:
        try:
            at = datetime.fromisoformat(request.form.get(field, "").strip())
        except ValueError:
            errors[field] = "Write a date and a time, such as 2026-01-31 10:00."
        else:
            found.append(at if at.tzinfo else at.replace(tzinfo=UTC))
    if errors:
        raise InvalidAnswers(errors)
    return found

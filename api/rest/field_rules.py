"""What shapes ask of their fields, whatever they are about."""

from marshmallow import ValidationError

from engine import plain_text

MOMENT = {"description": "UTC, ISO 8601"}


def require_plain(text: str) -> None:
    if not plain_text.is_plain(text):
        raise ValidationError(plain_text.NOT_PLAIN)


def require_characters(text: str) -> None:
    """Half a character (a lone surrogate) fits into JSON, and into no file."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValidationError("This is not Unicode text.") from error

"""Cursor pages and entity tags: how lists go on, and how a version is named."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import request
from marshmallow import Schema, fields, validate
from werkzeug.exceptions import PreconditionRequired, UnprocessableEntity

from engine import base64url, plain_text

MAX_PAGE = 200
_BITS = 62  # of a number that every database keeps


class PageArguments(Schema):
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MAX_PAGE))
    cursor = fields.String(
        load_default=None, metadata={"description": "`next_cursor` of the page before"}
    )


def encode_cursor(*key: str | int) -> str:
    """Where the next page begins, opaque to the caller."""
    return base64url.encode(json.dumps(key).encode())


def decode_cursor(cursor: str | None, *kinds: type) -> Any:
    """The key in a cursor, its parts of the given kinds; 422 for anything that we did not make."""
    if cursor is None:
        return None
    try:
        parts = json.loads(base64url.decode(cursor))
        return tuple(
            _moment(part) if kind is datetime else _require(part, kind)
            for part, kind in zip(parts, kinds, strict=True)
        )
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        refusal = UnprocessableEntity("The cursor is not one that this list gave out.")
        refusal.data = {"messages": {"query": {"cursor": ["Unknown cursor."]}}}  # type: ignore[attr-defined]
        raise refusal from error


def entity_tag(version: int) -> dict[str, str]:
    """The header that names a version (RFC 9110 §8.8.3)."""
    return {"ETag": f'"{version}"'}


def expected_version() -> int | None:
    """The version in If-Match, ``None`` without one; an unknown tag matches nothing."""
    if not request.headers.get("If-Match") or request.if_match.star_tag:
        return None
    # A weak tag is not among them: it never matches. What is no tag at all comes as None.
    tag = next(iter(request.if_match), None) or ""
    return int(tag) if tag.isdecimal() and len(tag) < 10 else -1


def required_version() -> int:
    """The version in If-Match; 428 without one (RFC 6585 §3)."""
    version = expected_version()
    if version is None:
        raise PreconditionRequired("Send the ETag that you last saw as If-Match.")
    return version


def _moment(part: Any) -> datetime:
    return datetime.fromisoformat(part).astimezone(UTC)


def _require(part: Any, kind: type) -> Any:
    if type(part) is not kind:
        raise TypeError(part)
    if isinstance(part, int) and part.bit_length() > _BITS:
        raise ValueError(part)
    if isinstance(part, str) and not plain_text.is_plain(part):
        raise ValueError(part)
    return part

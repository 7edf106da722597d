"""Blueprints of the API: they refuse unknown query parameters and document the Idempotency-Key.

A misspelt filter must not show everything.
"""

from copy import deepcopy
from typing import Any

from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from api.rest.schemas import ProblemSchema

_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Any text that this request alone carries, such as a UUID. Sent again within "
    "24 hours, it acts once and gets the first answer again, with `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_UNFIT = {
    "description": "What was sent does not fit; or its Idempotency-Key came with another request",
    "content": {"application/problem+json": {"schema": ProblemSchema}},
}


class StrictParser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}


class StrictBlueprint(Blueprint):
    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._prepare_doc_cbks.append(_document_key)


def _document_key(
    doc: dict[str, Any], _info: dict[str, Any], *, method: str, **_: Any
) -> dict[str, Any]:
    """Say what ``api.idempotency`` makes of every POST."""
    if method == "post":
        doc.setdefault("parameters", []).append(_KEY)
        doc["responses"]["422"] = deepcopy(_UNFIT)  # apispec resolves the schema in place
    return doc

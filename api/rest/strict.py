"""Blueprints of the API: they refuse unknown query parameters and document the Idempotency-Key.

A misspelt filter must not show everything.
"""

from copy import deepcopy
from typing import Any

from flask import Request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import CombinedMultiDict

from api import idempotency
from api.idempotency import Marked
from api.rest.problem_schemas import ProblemSchema

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


_SECRET = "shows_secret"  # noqa: S105 -- the name of a mark


class StrictParser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}
    __location_map__ = {**FlaskParser.__location_map__, "multipart": "load_multipart"}

    def load_multipart(self, req: Request, schema: Schema) -> Any:
        """A file with fields beside it, which the document tells of as one body."""
        return self._makeproxy(CombinedMultiDict([req.form, req.files]), schema)


class StrictBlueprint(Blueprint):
    ARGUMENTS_PARSER = StrictParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "multipart": "multipart/form-data",
    }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._prepare_doc_cbks.append(_document_key)


def shows_secret(view: Marked) -> Marked:
    """Declare that a view answers with a secret: it takes no key, and its document names none."""
    vars(view).setdefault("_apidoc", {})[_SECRET] = True
    return idempotency.shows_secret(view)


def _document_key(
    doc: dict[str, Any], info: dict[str, Any], *, method: str, **_: Any
) -> dict[str, Any]:
    """Say what ``api.idempotency`` makes of every POST."""
    if method == "post" and _SECRET not in info:
        doc.setdefault("parameters", []).append(_KEY)
        doc["responses"]["422"] = deepcopy(_UNFIT)  # apispec resolves the schema in place
    return doc

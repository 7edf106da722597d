"""JSON under /api/v1 for programmes; OpenAPI 3.1 at /api/docs."""

from copy import deepcopy
from functools import partial
from typing import Any

from flask import Flask, Response, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from api import errors
from api.access import Open, needs
from api.rest import (
    absences,
    attachments,
    break_glass,
    bundles,
    control,
    credentials,
    document,
    incidents,
    messages,
    operations,
    organisations,
    participants,
    partners,
    people,
    processes,
    references,
    relations,
    restriction,
    security,
    service_clocks,
    signatures,
    tasks,
)
from api.rest.problem_schemas import ProblemSchema
from api.security import SHOWN

_PARTS = (
    incidents,
    attachments,
    relations,
    references,
    participants,
    restriction,
    service_clocks,
    signatures,
    control,
    tasks,
    partners,
    break_glass,
    messages,
    processes,
    bundles,
    operations,
    people,
    organisations,
    credentials,
    absences,
    security,
)


class SteadyhandApi(Api):
    """Flask-smorest with RFC 9457 problems instead of its own error format."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> ResponseReturnValue:
        return errors.handle_http_error(error)


def register_rest(app: Flask) -> None:
    app.config.update(
        API_TITLE="Steadyhand",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "security": [{"token": []}],
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        },
    )
    api = SteadyhandApi(app)
    for part in _PARTS:
        api.register_blueprint(part.blueprint)
    app.extensions[SHOWN] = partial(document.fields, api.spec)

    def described() -> dict[str, Any]:
        return document.complete(deepcopy(api.spec.to_dict()))

    @app.get("/api/docs")
    @needs(Open.ANYBODY)
    def api_docs() -> ResponseReturnValue:
        return render_template("api.html", spec=described(), schema_name=_schema_name)

    @app.get("/api/docs/openapi.json")
    @needs(Open.ANYBODY)
    def openapi() -> Response:
        return jsonify(described())


def _schema_name(schema: dict[str, Any]) -> str:
    """The name of the schema that a part of the document refers to."""
    reference = str(schema.get("$ref") or schema.get("items", {}).get("$ref", ""))
    return reference.rpartition("/")[2]

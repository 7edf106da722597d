"""JSON under /api/v1 for programmes; OpenAPI 3.1 at /api/docs."""

from typing import Any

from flask import Flask, Response, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from api import errors
from api.rest import bundles, control, incidents, messages, operations, processes, tasks
from api.rest.schemas import ProblemSchema


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
    for part in (incidents, control, tasks, messages, processes, bundles, operations):
        api.register_blueprint(part.blueprint)
    for response in api.spec.components.responses.values():
        if "content" in response:
            response["content"] = {"application/problem+json": response["content"].popitem()[1]}

    @app.get("/api/docs")
    def api_docs() -> ResponseReturnValue:
        return render_template("api.html", spec=api.spec.to_dict(), schema_name=_schema_name)

    @app.get("/api/docs/openapi.json")
    def openapi() -> Response:
        return jsonify(api.spec.to_dict())


def _schema_name(schema: dict[str, Any]) -> str:
    """The name of the schema that a part of the document refers to."""
    reference = str(schema.get("$ref") or schema.get("items", {}).get("$ref", ""))
    return reference.rpartition("/")[2]

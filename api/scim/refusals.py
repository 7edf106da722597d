"""What the library and the engine refuse, as SCIM errors (RFC 7644 §3.12)."""

from flask import Blueprint, Response, request
from pydantic import ValidationError
from scim2_models import Error, SCIMException
from werkzeug.exceptions import BadRequest

from api.errors import scim_error
from engine.errors import InvalidAnswers, Taken

# Of RFC 7644, what this server leaves out.
_LEFT_OUT = ("/scim/v2/Bulk", "/scim/v2/Me", "/scim/v2/.search")


def register(blueprint: Blueprint) -> None:
    blueprint.before_app_request(_refuse_left_out)
    blueprint.register_error_handler(SCIMException, _of_library)
    blueprint.register_error_handler(ValidationError, _of_model)
    blueprint.register_error_handler(InvalidAnswers, _of_values)
    blueprint.register_error_handler(Taken, _of_names)
    blueprint.register_error_handler(BadRequest, _of_syntax)


def _refuse_left_out() -> Response | None:
    if request.path not in _LEFT_OUT:
        return None
    return scim_error(501, "This server takes one request at a time, about users or about groups.")


def _of_library(error: SCIMException) -> Response:
    return scim_error(error.status, str(error), error.scim_type)


def _of_model(error: ValidationError) -> Response:
    first = Error.from_validation_errors(error)[0]
    return scim_error(first.status or 400, first.detail or "", first.scim_type)


def _of_values(error: InvalidAnswers) -> Response:
    return scim_error(400, " ".join(error.errors.values()), "invalidValue")


def _of_names(error: Taken) -> Response:
    return scim_error(409, str(error), "uniqueness")


def _of_syntax(error: BadRequest) -> Response:
    is_ours = error.description != BadRequest.description
    said = error.description if is_ours else "The body is not JSON that can be read."
    return scim_error(400, said or "", "invalidSyntax")

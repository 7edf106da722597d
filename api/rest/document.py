"""The OpenAPI document: which refusals every operation may answer, said once for all of them."""

from collections.abc import Iterator
from typing import Any

from apispec import APISpec

_METHODS = {"get", "post", "put", "patch", "delete"}
_CHANGING = _METHODS - {"get"}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
# Where an operation has no words of its own for it.
_SAID = {
    "400": "This cannot be read as a request",
    "401": "Nobody is signed in, or the token is not good any more",
    "403": "You may not; the detail says why",
    "404": "There is no such thing, or none for you to know of",
    "409": "It has moved on since you looked",
    "413": "A request holds at most 1 MB",
    "415": "Send it as the media type that is named here",
    "422": "Some of what was sent does not fit; the errors say what",
    "503": "The database cannot be reached, or too much is going on; Retry-After says when",
    "507": "The disk of the database is full; everything can be read",
}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "The ETag that you last saw",
    "schema": {"type": "string"},
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Name the refusals of each operation one by one, in place of whatever else it may answer."""
    responses = document["components"]["responses"]
    responses.clear()
    responses |= {_name(code): _problem(said) for code, said in _SAID.items()}
    for item in document["paths"].values():
        for method in _METHODS & set(item):
            _complete(item[method], _refusals(method, item[method], item.get("parameters", [])))
    return document


def fields(spec: APISpec) -> frozenset[str]:
    """The names of all that is shown or taken, whatever it belongs to."""
    schemas = spec.components.schemas.values()
    return frozenset(name for schema in schemas for name in schema.get("properties", ()))


def _complete(operation: dict[str, Any], refusals: Iterator[str]) -> None:
    answers = operation["responses"]
    answers.pop("default", None)
    for code, answer in answers.items():
        if code >= "400" and "$ref" in answer:
            answers[code] = _reference(code)
        elif code >= "400":
            answer["content"] = _PROBLEM
    for code in refusals:
        answers.setdefault(code, _reference(code))
    if "412" in answers:
        matching = _IF_MATCH | {"required": "428" in answers}
        operation.setdefault("parameters", []).append(matching)


def _refusals(method: str, operation: dict[str, Any], of_path: list[Any]) -> Iterator[str]:
    yield from ("401", "403", "503")
    if of_path:
        yield "404"
    if method in _CHANGING:
        yield from ("400", "404", "409", "413", "422", "507")
    if "requestBody" in operation:
        yield "415"


def _name(code: str) -> str:
    return f"Refused{code}"


def _reference(code: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{_name(code)}"}


def _problem(said: str) -> dict[str, Any]:
    return {"description": said, "content": _PROBLEM}

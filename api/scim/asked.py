"""What a SCIM request asks for: its body, its filter and page, and the version it has seen."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from scim2_models import (
    Context,
    InvalidFilterException,
    InvalidSyntaxException,
    PatchOp,
    Resource,
    ResponseParameters,
    ScimPolicy,
    SearchRequest,
)
from scim2_models.path import CompareOperator, Comparison

from engine.people.directory import MOST, Wanted

# As directories send it: with attributes that we do not keep, and “remove” with a value (Entra).
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
)
_COMPARED = ("id", "userName", "externalId", "displayName")
_SHOWN = ("attributes", "excludedAttributes")
_PAGE = Wanted().count
_MOST_OPERATIONS = 1000
_LAST = 10**9  # behind everything, and still a number for every database

Kept = TypeVar("Kept", bound=Resource[Any])


def resource(kind: type[Kept], context: Context) -> Kept:
    """A resource as the body describes it."""
    return kind.model_validate(_body(), scim_ctx=context, scim_policy=POLICY)


def patch(kind: type[Kept]) -> Callable[[Kept], Kept]:
    """What the operations of the body make of a resource: all of them, or none (§3.5.2)."""
    body = _body()
    operations = body.get("Operations")
    if isinstance(operations, list) and len(operations) > _MOST_OPERATIONS:
        raise InvalidSyntaxException(detail=f"Send up to {_MOST_OPERATIONS} operations at a time.")
    parametrized: Any = PatchOp.__class_getitem__(kind)
    found = parametrized.model_validate(
        body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
    )

    def apply(current: Kept) -> Kept:
        found.patch(current, scim_policy=POLICY)
        return current

    return apply


def search(kind: type[Resource[Any]]) -> SearchRequest[Any]:
    """The query of the address: which ones, which page, which of their attributes."""
    parametrized: Any = SearchRequest.__class_getitem__(kind)
    found: SearchRequest[Any] = parametrized.model_validate(request.args.to_dict())
    return found


def attributes(kind: type[Resource[Any]]) -> ResponseParameters[Any]:
    """Which attributes of one resource are to be shown (RFC 7644 §3.9)."""
    parametrized: Any = ResponseParameters.__class_getitem__(kind)
    names = {name: request.args[name] for name in _SHOWN if name in request.args}
    found: ResponseParameters[Any] = parametrized.model_validate(names)
    return found


def wanted(query: SearchRequest[Any]) -> Wanted:
    """The same for the engine; of filters, it knows that an attribute equals a text."""
    attribute, value = _compared(query)
    count = _PAGE if query.count is None else min(query.count, MOST)
    start = min(query.start_index or 1, _LAST)
    return Wanted(attribute, value, start=start, count=count)


def version() -> str | None:
    """What ``If-Match`` names, if it names a version (§3.14)."""
    named = request.headers.get("If-Match", "*").strip()
    return None if named == "*" else named.removeprefix("W/").strip('"')


def _compared(query: SearchRequest[Any]) -> tuple[str | None, str]:
    if query.filter is None:
        return None, ""
    node = query.filter.ast
    if isinstance(node, Comparison) and node.op is CompareOperator.eq:
        path = node.attr_path
        named = {name.lower(): name for name in _COMPARED}.get(path.attr.lower())
        if named and path.sub_attr is None and isinstance(node.value, str):
            return named, node.value
    message = f"This server filters by eq of one of {', '.join(_COMPARED)}, and by nothing else."
    raise InvalidFilterException(detail=message)


def _body() -> dict[str, Any]:
    body = request.get_json()
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="Send a JSON object.")
    return body

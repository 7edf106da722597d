"""What this server can do, for a directory that asks (RFC 7644 §4)."""

from collections.abc import Iterable
from typing import Any

from flask import url_for
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Meta,
    NotFoundException,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)

from api.scim.resources import Group, User
from engine.people.directory import MOST


def configuration() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API token",
                description="An API token with the scope “scim”.",
                primary=True,
            )
        ],
        meta=_meta("ServiceProviderConfig", url_for("scim.read_configuration", _external=True)),
    )


def resource_types() -> list[ResourceType]:
    found = [ResourceType.from_resource(kind) for kind in (User, Group)]
    for one in found:
        location = url_for("scim.read_resource_type", type_id=one.id, _external=True)
        one.meta = _meta("ResourceType", location)
    return found


def schemas() -> list[Schema]:
    found = [kind.to_schema() for kind in (User, Group)]
    for one in found:
        one.meta = _meta("Schema", url_for("scim.read_schema", urn=one.id, _external=True))
    return found


def named(found: Iterable[Any], name: str) -> Resource[Any]:
    """The one of this id."""
    one: Resource[Any] | None = next((each for each in found if each.id == name), None)
    if one is None:
        raise NotFoundException(detail="There is nothing of this name.")
    return one


def _meta(kind: str, location: str) -> Meta:
    return Meta(resource_type=kind, location=location)

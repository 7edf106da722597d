"""What of people and groups goes over SCIM: as few attributes as we keep.

A directory sends more, such as addresses or a password. Whatever is not named here is ignored, as
RFC 7643 §2.1 and RFC 7644 §3.3 allow; a password is never read, since nobody whom a directory keeps
signs in by one.
"""

from typing import Annotated, Any

from flask import url_for
from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Meta,
    Mutability,
    Reference,
    Required,
    Resource,
    Uniqueness,
)

from engine.people.directory import groups, users


class Membership(ComplexAttribute):
    """A group of somebody; what they are in is changed at the group."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    display_name: str | None = None
    active: Annotated[bool, Required.true] = True
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None


class Member(ComplexAttribute):
    """Somebody in a group; there are no groups in groups."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    members: list[Member] | None = None


def of_user(user: users.User) -> User:
    person, location = user.person, _location("user", user.person.id)
    return User(
        id=person.id,
        external_id=user.external_id,
        user_name=person.username,
        display_name=None if person.name == person.username else person.name,
        active=person.is_active,
        groups=[
            Membership(value=group.id, ref=_location("group", group.id), display=group.name)
            for group in user.groups
        ],
        meta=Meta(
            resource_type="User",
            created=person.created_at,
            location=location,
            version=tag(user.version),
        ),
    )


def of_group(group: groups.Group) -> Group:
    row = group.row
    return Group(
        id=row.id,
        external_id=row.external_id,
        display_name=row.name,
        members=[
            Member(value=member_id, ref=_location("user", member_id), type="User")
            for member_id in group.member_ids
        ],
        meta=Meta(
            resource_type="Group",
            created=row.created_at,
            last_modified=row.updated_at,
            location=_location("group", row.id),
            version=tag(group.version),
        ),
    )


def user_in(resource: User) -> users.Description:
    return users.Description(
        username=resource.user_name or "",
        name=resource.display_name,
        external_id=resource.external_id,
        # To say nothing of it lets nobody in again.
        is_active=resource.active if "active" in resource.model_fields_set else None,
    )


def group_in(resource: Group) -> groups.Description:
    return groups.Description(
        name=resource.display_name or "",
        external_id=resource.external_id or None,
        member_ids=frozenset(member.value or "" for member in resource.members or ()),
    )


def tag(version: str) -> str:
    """A version as ``meta.version`` and ETag: weak, for answers may leave attributes out."""
    return f'W/"{version}"'


def _location(kind: str, one: str) -> Any:
    return url_for(f"scim.read_{kind}", **{f"{kind}_id": one}, _external=True)

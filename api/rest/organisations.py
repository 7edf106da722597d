"""Organisations: the customers, dealers or tenants to which people belong."""

from typing import Any

from api.access import needs
from api.context import changing, reading
from api.rest.people_schemas import (
    MembershipListSchema,
    OrganisationNameSchema,
    OrganisationSchema,
)
from api.rest.strict import StrictBlueprint
from engine.people import organisations
from engine.people.permissions import Action
from engine.store.tables import Organisation

blueprint = StrictBlueprint(
    "rest_organisations",
    __name__,
    url_prefix="/api/v1/organisations",
    description="Organisations",
)


@blueprint.get("")
@blueprint.response(200, MembershipListSchema)
@blueprint.alt_response(403, description="You may not manage people")
@needs(Action.MANAGE_ORGANISATION)
def find() -> dict[str, Any]:
    """List the organisations whose people you manage, by name."""
    with reading() as (session, actor):
        found = organisations.find(session, actor)
    return {
        "items": [
            {
                "id": each.organisation.id,
                "name": each.organisation.name,
                "created_at": each.organisation.created_at,
                "people": each.people,
            }
            for each in found
        ]
    }


@blueprint.post("")
@blueprint.arguments(OrganisationNameSchema())
@blueprint.response(201, OrganisationSchema)
@blueprint.alt_response(403, description="You may not manage people")
@blueprint.alt_response(409, description="Another one has this name")
@needs(Action.MANAGE_PEOPLE)
def add(body: dict[str, Any]) -> Organisation:
    """Add an organisation; then add its people."""
    with changing() as (session, actor):
        return organisations.add(session, body["name"], actor)


@blueprint.get("/<organisation_id>")
@blueprint.response(200, OrganisationSchema)
@blueprint.alt_response(403, description="You may not manage people")
@needs(Action.MANAGE_ORGANISATION)
def read(organisation_id: str) -> Organisation:
    """Read an organisation whose people you manage."""
    with reading() as (session, actor):
        return organisations.get(session, organisation_id, actor)


@blueprint.patch("/<organisation_id>")
@blueprint.arguments(OrganisationNameSchema())
@blueprint.response(200, OrganisationSchema)
@blueprint.alt_response(403, description="You may not manage people")
@blueprint.alt_response(409, description="Another one has this name")
@needs(Action.MANAGE_PEOPLE)
def rename(body: dict[str, Any], organisation_id: str) -> Organisation:
    """Give an organisation another name."""
    with changing() as (session, actor):
        return organisations.rename(session, organisation_id, body["name"], actor)

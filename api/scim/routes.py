"""The addresses under /scim/v2."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from scim2_models import (
    Context,
    ListResponse,
    Resource,
    SearchRequest,
)

from api.access import needs
from api.context import changing, reading
from api.scim import MAPPING, asked, discovery, refusals, resources
from api.scim.resources import Group, User, of_group, of_user
from engine.people import directory
from engine.people.directory import groups, users
from engine.people.grants import GroupMapping
from engine.people.permissions import Action

_TYPE = "application/scim+json"

blueprint = Blueprint("scim", __name__, url_prefix="/scim/v2")
refusals.register(blueprint)


@blueprint.get("/Users")
@needs(Action.KEEP_DIRECTORY)
def find_users() -> ResponseReturnValue:
    query = asked.search(User)
    with reading() as (session, actor):
        page = users.find(session, asked.wanted(query), actor)
        return _listed(User, [of_user(user) for user in page.items], page.total, query)


@blueprint.post("/Users")
@needs(Action.KEEP_DIRECTORY)
def add_user() -> ResponseReturnValue:
    sent = asked.resource(User, Context.RESOURCE_CREATION_REQUEST)
    with changing() as (session, actor):
        user = users.add(session, resources.user_in(sent), actor)
        return _shown(of_user(user), Context.RESOURCE_CREATION_RESPONSE)


@blueprint.get("/Users/<user_id>")
@needs(Action.KEEP_DIRECTORY)
def read_user(user_id: str) -> ResponseReturnValue:
    with reading() as (session, actor):
        return _shown(of_user(users.get(session, user_id, actor)), Context.RESOURCE_QUERY_RESPONSE)


@blueprint.put("/Users/<user_id>")
@needs(Action.KEEP_DIRECTORY)
def replace_user(user_id: str) -> ResponseReturnValue:
    sent = asked.resource(User, Context.RESOURCE_REPLACEMENT_REQUEST)
    with changing() as (session, actor):
        said = resources.user_in(sent)
        user = users.change(session, user_id, lambda _: said, actor, asked.version())
        return _shown(of_user(user), Context.RESOURCE_REPLACEMENT_RESPONSE)


@blueprint.patch("/Users/<user_id>")
@needs(Action.KEEP_DIRECTORY)
def change_user(user_id: str) -> ResponseReturnValue:
    patch = asked.patch(User)

    def said(user: users.User) -> users.Description:
        return resources.user_in(patch(of_user(user)))

    with changing() as (session, actor):
        user = users.change(session, user_id, said, actor, asked.version())
        return _shown(of_user(user), Context.RESOURCE_PATCH_RESPONSE)


@blueprint.delete("/Users/<user_id>")
@needs(Action.KEEP_DIRECTORY)
def remove_user(user_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        users.remove(session, user_id, _mapping(), actor, asked.version())
    return "", 204


@blueprint.get("/Groups")
@needs(Action.KEEP_DIRECTORY)
def find_groups() -> ResponseReturnValue:
    query = asked.search(Group)
    with reading() as (session, actor):
        page = groups.find(session, asked.wanted(query), actor)
        return _listed(Group, [of_group(group) for group in page.items], page.total, query)


@blueprint.post("/Groups")
@needs(Action.KEEP_DIRECTORY)
def add_group() -> ResponseReturnValue:
    sent = asked.resource(Group, Context.RESOURCE_CREATION_REQUEST)
    with changing() as (session, actor):
        group = groups.add(session, resources.group_in(sent), _mapping(), actor)
        return _shown(of_group(group), Context.RESOURCE_CREATION_RESPONSE)


@blueprint.get("/Groups/<group_id>")
@needs(Action.KEEP_DIRECTORY)
def read_group(group_id: str) -> ResponseReturnValue:
    with reading() as (session, actor):
        group = groups.get(session, group_id, actor)
        return _shown(of_group(group), Context.RESOURCE_QUERY_RESPONSE)


@blueprint.put("/Groups/<group_id>")
@needs(Action.KEEP_DIRECTORY)
def replace_group(group_id: str) -> ResponseReturnValue:
    sent = asked.resource(Group, Context.RESOURCE_REPLACEMENT_REQUEST)
    with changing() as (session, actor):
        said, seen = resources.group_in(sent), asked.version()
        group = groups.change(session, group_id, lambda _: said, _mapping(), actor, seen)
        return _shown(of_group(group), Context.RESOURCE_REPLACEMENT_RESPONSE)


@blueprint.patch("/Groups/<group_id>")
@needs(Action.KEEP_DIRECTORY)
def change_group(group_id: str) -> ResponseReturnValue:
    patch = asked.patch(Group)

    def said(group: groups.Group) -> groups.Description:
        return resources.group_in(patch(of_group(group)))

    with changing() as (session, actor):
        group = groups.change(session, group_id, said, _mapping(), actor, asked.version())
        return _shown(of_group(group), Context.RESOURCE_PATCH_RESPONSE)


@blueprint.delete("/Groups/<group_id>")
@needs(Action.KEEP_DIRECTORY)
def remove_group(group_id: str) -> ResponseReturnValue:
    with changing() as (session, actor):
        groups.remove(session, group_id, _mapping(), actor, asked.version())
    return "", 204


@blueprint.get("/ServiceProviderConfig")
@needs(Action.KEEP_DIRECTORY)
def read_configuration() -> ResponseReturnValue:
    _require_directory()
    return _shown(discovery.configuration(), Context.RESOURCE_QUERY_RESPONSE)


@blueprint.get("/ResourceTypes")
@needs(Action.KEEP_DIRECTORY)
def find_resource_types() -> ResponseReturnValue:
    _require_directory()
    found = discovery.resource_types()
    return _listed(type(found[0]), found, len(found))


@blueprint.get("/ResourceTypes/<type_id>")
@needs(Action.KEEP_DIRECTORY)
def read_resource_type(type_id: str) -> ResponseReturnValue:
    _require_directory()
    found = discovery.named(discovery.resource_types(), type_id)
    return _shown(found, Context.RESOURCE_QUERY_RESPONSE)


@blueprint.get("/Schemas")
@needs(Action.KEEP_DIRECTORY)
def find_schemas() -> ResponseReturnValue:
    _require_directory()
    found = discovery.schemas()
    return _listed(type(found[0]), found, len(found))


@blueprint.get("/Schemas/<urn>")
@needs(Action.KEEP_DIRECTORY)
def read_schema(urn: str) -> ResponseReturnValue:
    _require_directory()
    return _shown(discovery.named(discovery.schemas(), urn), Context.RESOURCE_QUERY_RESPONSE)


def _mapping() -> GroupMapping:
    found: GroupMapping = current_app.extensions[MAPPING]
    return found


def _require_directory() -> None:
    with reading() as (_, actor):
        directory.require(actor)


def _shown(resource: Resource[Any], context: Context) -> Response:
    parameters = asked.attributes(type(resource))
    body = resource.model_dump_json(scim_ctx=context, response_parameters=parameters)
    is_new = context is Context.RESOURCE_CREATION_RESPONSE
    response = Response(body, 201 if is_new else 200, content_type=_TYPE)
    meta = resource.meta
    if meta and meta.location:
        response.headers["Location" if is_new else "Content-Location"] = meta.location
    if meta and meta.version:
        response.headers["ETag"] = meta.version
    response.make_conditional(request)
    return response


def _listed(
    kind: type[Resource[Any]],
    found: Sequence[Resource[Any]],
    total: int,
    query: SearchRequest[Any] | None = None,
) -> Response:
    parametrized: Any = ListResponse.__class_getitem__(kind)
    listed = parametrized(
        total_results=total,
        start_index=(query and query.start_index) or 1,
        items_per_page=len(found),
        resources=list(found),
    )
    body = listed.model_dump_json(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=query
    )
    return Response(body, content_type=_TYPE)

"""Commands of a directory that keeps people and groups by SCIM."""

from types import SimpleNamespace

from engine.people.directory import groups, users
from engine.people.grants import GroupMapping
from tests.directory import GROUP, USER, patched
from tests.durability import stage as given
from tests.durability.commands import request

_UNMAPPED = GroupMapping()


def kept(stage):
    """Somebody whom a directory keeps, in a group."""
    okta = stage.cast.okta
    user = stage.does(users.add, users.Description("nina"), okta)
    said = groups.Description("Desk", None, frozenset([user.person.id]))
    group = stage.does(groups.add, said, _UNMAPPED, okta)
    return SimpleNamespace(user=user.person.id, group=group.row.id)


def _command(method, path, before, body=None):
    def send(stage, it):
        found = {} if it is None else vars(it)
        return stage.send("okta", method, f"/scim/v2{path}".format(**found), json=body)

    rule = path.replace("{user}", "<user_id>").replace("{group}", "<group_id>")
    return request(f"{method} /scim/v2{rule}", before, send)


API = [
    _command("POST", "/Users", given.nothing, {"schemas": [USER], "userName": "nina"}),
    _command("PUT", "/Users/{user}", kept, {"schemas": [USER], "userName": "nora"}),
    _command("PATCH", "/Users/{user}", kept, patched(("replace", "active", False))),
    _command("DELETE", "/Users/{user}", kept),
    _command("POST", "/Groups", given.nothing, {"schemas": [GROUP], "displayName": "Desk"}),
    _command("PUT", "/Groups/{group}", kept, {"schemas": [GROUP], "displayName": "Tech"}),
    _command("PATCH", "/Groups/{group}", kept, patched(("remove", "members"))),
    _command("DELETE", "/Groups/{group}", kept),
]

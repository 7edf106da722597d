"""A directory that keeps people here by SCIM, as it calls this server."""

from api import create_app
from engine.actors import EVERYWHERE, SYSTEM, Actor, Role
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind, Scope
from engine.settings import Settings

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NINA = {"schemas": [USER], "userName": "Nina", "displayName": "Nina New", "externalId": "00u1"}


def machine(database, scope=Scope.SCIM):
    """A machine with a role that its API token must not use: its actor, and the token."""
    with database.transaction() as session:
        grants = [(Role.AUDITOR, EVERYWHERE)]
        person = accounts.add(session, "okta", "Okta", grants, SYSTEM)
        kind = CredentialKind.TOKEN
        secret = credentials.issue(session, person.id, kind, SYSTEM, scope=scope)
    return Actor(person.id, person.name, is_directory=True), secret


def patched(*operations):
    """A body for PATCH, of operations as (op, path, value)."""
    named = [dict(zip(("op", "path", "value"), each, strict=False)) for each in operations]
    return {
        "schemas": [PATCH],
        "Operations": [{k: v for k, v in each.items() if v is not None} for each in named],
    }


class Directory:
    """Calls the application over one database, under a mapping of its groups."""

    def __init__(self, database, groups="", scope=Scope.SCIM):
        self.app = create_app(database, Settings(database.url, scim_groups=groups))
        self.actor, self.token = machine(database, scope)

    def send(self, method, path, body=None, **headers):
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        address = f"/scim/v2{path}"
        return self.app.test_client().open(address, method=method, json=body, headers=sent)

    def get(self, path, **query):
        sent = {"Authorization": f"Bearer {self.token}"}
        return self.app.test_client().get(f"/scim/v2{path}", query_string=query, headers=sent)

    def adds(self, username="nina", **said):
        """A new user, and their id."""
        body = {"schemas": [USER], "userName": username, **said}
        return self.send("POST", "/Users", body).json["id"]

    def groups(self, name, *members, **said):
        """A new group, and its id."""
        listed = [{"value": member} for member in members]
        body = {"schemas": [GROUP], "displayName": name, "members": listed, **said}
        return self.send("POST", "/Groups", body).json["id"]

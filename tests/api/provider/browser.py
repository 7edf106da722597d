"""Somebody's browser between us and the provider, and what became of it here."""

import json
from urllib.parse import urlsplit

from engine import history
from engine.people import accounts, external
from engine.store.tables import Grant, Person
from tests import openid

OURS = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "steadyhand-openid"
START = "/sign-in-with/openid"
GROUPS = json.dumps({"desk": "responder:Service Desk", "boss": ["incident_manager", "auditor"]})


class Browser:
    """Somebody's browser: it keeps cookies, and goes where it is sent."""

    def __init__(self, app):
        self.client = app.test_client()

    def begin(self, path=START):
        """Press the button; the provider's address."""
        return self.client.get(path).headers["Location"]

    def come_back(self, address):
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    def link(self):
        """Ask for an identity to be linked; the provider's address."""
        answer = self.client.post("/account/identities", headers=OURS)
        return answer.headers["Refresh"].removeprefix("0; url=")

    @property
    def kept(self):
        cookie = self.client.get_cookie(COOKIE)
        return cookie.value if cookie else None


def signed_in(app, cast, username):
    browser = Browser(app)
    browser.client.post(f"/sign-in/{cast.link(username)}", headers=OURS)
    return browser


def people(database):
    with database.reading() as session:
        return {person.username: person.id for person in session.query(Person)}


def rows(database, table):
    with database.reading() as session:
        return session.query(table).count()


def grants(database, username):
    with database.reading() as session:
        person = accounts.get(session, username)
        found = session.query(Grant).filter_by(person_id=person.id)
        return {(grant.role, grant.group_name) for grant in found}


def told(database, person_id, event):
    with database.reading() as session:
        return [e for e in history.of(session, person_id) if e.event == event]


def link_to(database, actor, issuer, subject):
    with database.transaction() as session:
        identity = external.Identity(issuer, subject)
        provider = external.Provider(openid.settings(issuer))
        external.link(session, provider, identity, actor)

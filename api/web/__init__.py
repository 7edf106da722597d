"""Pages for people: rendered on the server, whole without JavaScript."""

from collections.abc import Callable
from typing import Any

from flask import Flask, g, request
from werkzeug.exceptions import Unauthorized

from api import auth
from api.context import database
from api.web import (
    absences,
    account,
    assets,
    audit,
    break_glass,
    control,
    delegation,
    files,
    importing,
    inbox,
    incidents,
    messages,
    migration,
    notation,
    operations,
    organisations,
    participants,
    partners,
    passkeys,
    people,
    people_forms,
    processes,
    provider,
    references,
    relations,
    report,
    restriction,
    second_factor,
    security,
    sign_in,
    signatures,
    signing,
    words,
)
from engine.actors import Actor
from engine.people import permissions
from engine.people.organisations import manages
from engine.people.permissions import Action

_PARTS = (
    provider,
    sign_in,
    second_factor,
    inbox,
    incidents,
    files,
    relations,
    references,
    participants,
    control,
    audit,
    signatures,
    report,
    messages,
    processes,
    importing,
    migration,
    operations,
    security,
    restriction,
    passkeys,
    account,
    people,
    organisations,
    signing,
    partners,
    break_glass,
    absences,
    delegation,
)

# What a page says at its top after a redirect, by the name in its query string.
_NOTICES = {
    "link": "You are signed in. A link works once: set a password to come back without one.",
    "password": "Your password is set.",
    "passkey_added": "The passkey is added. Next time it signs you in.",
    "passkey_renamed": "The passkey has a new name.",
    "passkey_removed": "The passkey is gone. Remove it from your device as well.",
    "app": "The app is added. Its codes are good at the sign-in from now on.",
    "app_gone": "The app is removed. Its codes are not good any more.",
    "claimed": "The task is yours.",
    "released": "The task is back with its group.",
    "completed": "Done. This is what happens next.",
    "corrected": "The report is corrected.",
    "exception_asked": "Asked. Now somebody else must grant it.",
    "exception_granted": "The exception is granted.",
    "absence": "The absence is added.",
    "absence_ended": "The absence is over.",
    "delegated": "They have the task now.",
    "withdrawn": "The link leads nowhere any more.",
    "file_added": "The file is added.",
    "file_withdrawn": "The file is withdrawn.",
    "related": "The two incidents belong together now.",
    "relation_withdrawn": "The relation is withdrawn.",
    "reference_added": "The reference is added.",
    "reference_withdrawn": "The reference is withdrawn.",
    "role_taken_over": "You have the role now.",
    "role_handed_over": "They have the role now.",
    "role_renounced": "Nobody has the role now.",
    "watched": "You follow the incident.",
    "unwatched": "You follow the incident no more.",
    "watcher_added": "They follow the incident now.",
    "watcher_removed": "They follow the incident no more.",
    "duplicate": "The incident is closed as a duplicate.",
    "restricted": "The incident is restricted to the people on its list.",
    "opened_up": "Everybody who may see incidents sees it again.",
    "held": "The process is on hold.",
    "resumed": "The process goes on.",
    "cancelled": "The incident is cancelled.",
    "retried": "The step was tried again.",
    "moved": "Done. This is where the process stands now.",
    "timer": "The timer is moved.",
    "job": "The job is in the queue again.",
    "deployed": "Deployed. New incidents run this version; open ones stay on theirs.",
    "session_ended": "The session is ended.",
    "sessions_ended": "You are signed out everywhere but here.",
    "token_revoked": "The token is revoked.",
    "machine_added": "The programme is added. Make an API token for it.",
    "person_changed": "The change is saved.",
    "granted": "The role is given.",
    "taken_away": "The role is taken away.",
    "deactivated": "Locked out, with all sessions and tokens.",
    "activated": "Let in again.",
    "organisation": "The organisation is added. Now add its people.",
    "renamed": "The name is changed.",
    "given_up": "The message is discarded; nobody will receive it.",
    "discarded": "The draft is gone. The newest version is as it was.",
    "linked": "Your identity is linked: you can sign in by it from now on.",
    "unlinked": "The identity is unlinked.",
}


def register_pages(app: Flask) -> None:
    for part in _PARTS:
        app.register_blueprint(part.blueprint)
    app.jinja_env.filters.update(words.FILTERS)
    app.jinja_env.filters.update(people_forms.FILTERS)
    app.jinja_env.filters["does"] = notation.does
    app.jinja_env.tests["past"] = words.is_past
    app.jinja_env.tests["deviation"] = words.is_deviation
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_shell)


def _shell() -> dict[str, Any]:
    """What the frame of every page needs; ``reader`` is called by pages that need no database."""
    return {
        "reader": _reader,
        "may": _may,
        "manages": manages,
        "main_script": assets.main_script(),
        "main_styles": assets.main_styles(),
        "notice": _NOTICES.get(request.args.get("said", "")),
        "phases": words.PHASES,
    }


def _reader() -> Actor | None:
    """Who looks at the page; nobody on the pages before the sign-in."""
    known: Actor | None = g.get("actor")
    if known is not None:
        return known
    with database().reading() as session:
        try:
            return auth.actor(session)
        except Unauthorized:
            return None


def _may(actor: Actor | None) -> Callable[[str], bool]:
    """For the navigation: ``may(reader)("READ_PROCESS")``."""
    return lambda action: actor is not None and permissions.may(actor, Action[action])

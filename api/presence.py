"""Notes that a session or a token is in use, by which a session goes on.

It can wait until the answer is given, and is written every few minutes at most: an ordinary
request says nothing more to the database.
"""

from flask import Flask, current_app, g

from api.context import database
from engine.people import credentials
from engine.people.credentials import Holder
from engine.store import outages


def register(app: Flask) -> None:
    app.teardown_request(_note)


def _note(_: BaseException | None) -> None:
    holder: Holder | None = g.pop("holder", None)
    if holder is None or not credentials.is_use_due(holder):
        return
    try:
        with database().transaction() as session:
            credentials.note_use(session, holder)
    except outages.ERRORS as error:
        # The request is answered; the next one tries again.
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        current_app.logger.warning("The use of a %s is not noted: %s", holder.kind, reason)

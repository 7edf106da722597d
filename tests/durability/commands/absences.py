"""Commands about absences."""

from datetime import timedelta
from types import SimpleNamespace

from engine import clock
from engine.people import absences
from tests.durability import stage as given
from tests.durability.commands import request, to_api, to_page


def _away(stage):
    until = clock.now() + timedelta(days=1)
    absence = stage.does(absences.add, "tess", clock.now(), until, stage.cast.dora)
    return SimpleNamespace(absence=absence)


_ABSENCE = {
    "deputy": "tess",
    "starts_at": "2099-01-31T08:00:00Z",
    "ends_at": "2099-02-28T08:00:00Z",
}

API = [
    request("POST /api/v1/absences", given.nothing, to_api("/absences", body=_ABSENCE)),
    request(
        "DELETE /api/v1/absences/<absence_id>",
        _away,
        to_api("/absences/{it.absence.id}", method="DELETE"),
    ),
]
PAGES = [
    request(
        "POST /account/absences",
        given.nothing,
        to_page(
            "/account/absences",
            deputy="tess",
            starts_at="2099-01-31 08:00",
            ends_at="2099-02-28 08:00",
        ),
    ),
    request(
        "POST /account/absences/<absence_id>/end",
        _away,
        to_page("/account/absences/{it.absence.id}/end"),
    ),
]

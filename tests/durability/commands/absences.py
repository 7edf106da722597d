"""Commands about absences."""

from datetime import timedelta
from types import SimpleNamespace

from engine import clock
from engine.people import absences
from tests.durability import stage as given
from tests.durability.commands import request, to_page


def _away(stage):
    until = clock.now() + timedelta(days=1)
    absence = stage.does(absences.add, "tess", clock.now(), until, stage.cast.dora)
    return SimpleNamespace(absence=absence)


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

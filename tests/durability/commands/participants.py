"""Commands about who leads an incident, and who follows it."""

from engine import incidents, participants
from engine.store.tables import IncidentRole
from tests.durability.commands import request, to_api, to_page
from tests.durability.stage import incident_of

_ADDRESS = "/api/v1/incidents/<incident_id>"
_API = "/incidents/{it.incident.id}"
_PAGE = "/incidents/{it.incident.number}"
_RULE = "<any(commander, deputy, scribe, liaison):role>"
_TO = {"to": "max"}
_WATCHER = {"watcher": "max"}


def _acts(stage, act, *what):
    it = incident_of("small")(stage)

    def do(session):
        found = incidents.get(session, it.incident.id, stage.cast.dora)
        return act(session, found, *what, stage.cast.dora)

    stage.does(do)
    return it


def _led(stage):
    """Dora is its commander."""
    return _acts(stage, participants.take_over, IncidentRole.COMMANDER)


def _watched(stage):
    """Dora follows it."""
    return _acts(stage, participants.watch)


def _watched_by_max(stage):
    it = _acts(stage, participants.add_watcher, "max")
    it.watcher = stage.cast.max.id
    return it


API = [
    request(
        f"POST {_ADDRESS}/roles/{_RULE}/take-over",
        incident_of("small"),
        to_api(f"{_API}/roles/commander/take-over"),
    ),
    request(
        f"POST {_ADDRESS}/roles/{_RULE}/hand-over",
        _led,
        to_api(f"{_API}/roles/commander/hand-over", body=_TO),
    ),
    request(
        f"POST {_ADDRESS}/roles/{_RULE}/renounce",
        _led,
        to_api(f"{_API}/roles/commander/renounce"),
    ),
    request(f"POST {_ADDRESS}/watch", incident_of("small"), to_api(f"{_API}/watch")),
    request(f"POST {_ADDRESS}/unwatch", _watched, to_api(f"{_API}/unwatch")),
    request(
        f"POST {_ADDRESS}/watchers", incident_of("small"), to_api(f"{_API}/watchers", body=_WATCHER)
    ),
    request(
        f"DELETE {_ADDRESS}/watchers/<person_id>",
        _watched_by_max,
        to_api(f"{_API}/watchers/{{it.watcher}}", method="DELETE"),
    ),
]
PAGES = [
    request(
        f"POST /incidents/<number>/roles/{_RULE}/take-over",
        incident_of("small"),
        to_page(f"{_PAGE}/roles/commander/take-over"),
    ),
    request(
        f"POST /incidents/<number>/roles/{_RULE}/renounce",
        _led,
        to_page(f"{_PAGE}/roles/commander/renounce"),
    ),
    request(
        "POST /incidents/<number>/roles",
        _led,
        to_page(f"{_PAGE}/roles", role="commander", **_TO),
    ),
    request("POST /incidents/<number>/watch", incident_of("small"), to_page(f"{_PAGE}/watch")),
    request("POST /incidents/<number>/unwatch", _watched, to_page(f"{_PAGE}/unwatch")),
    request(
        "POST /incidents/<number>/watchers",
        incident_of("small"),
        to_page(f"{_PAGE}/watchers", **_WATCHER),
    ),
    request(
        "POST /incidents/<number>/watchers/<person_id>/remove",
        _watched_by_max,
        to_page(f"{_PAGE}/watchers/{{it.watcher}}/remove"),
    ),
]

"""Commands that say what an incident belongs together with."""

from engine import incidents, references, relations
from engine.references import Reference
from engine.relations import Side
from engine.store.tables import ReferenceKind
from tests import factories
from tests.durability.commands import REASON, request, to_api, to_page
from tests.durability.stage import incident_of

_ADDRESS = "/api/v1/incidents/<incident_id>"
_API = "/incidents/{it.incident.id}"
_PAGE = "/incidents/{it.incident.number}"
_RELATION = {"side": "child_of", "number": "{it.other.number}"}
_REFERENCE = {"kind": "asset", "system": "CMDB", "reference": "SRV-7", "url": ""}
_DUPLICATE = {"number": "{it.other.number}", **REASON}


def _two(stage):
    it = incident_of("small")(stage)
    it.other = factories.report(stage.database, stage.cast.rob)
    return it


def _related(stage):
    it = _two(stage)
    it.relation = _relate(stage, it.incident, Side.RELATED_TO, it.other)
    return it


def _with_child(stage):
    """The first one, which is to be closed as a duplicate, has a child and a reference."""
    it = _referred(stage)
    it.other = factories.report(stage.database, stage.cast.rob)
    child = factories.report(stage.database, stage.cast.rob)
    _relate(stage, child, Side.CHILD_OF, it.incident)
    return it


def _referred(stage):
    it = incident_of("small")(stage)

    def add(session):
        found = incidents.get(session, it.incident.id, stage.cast.dora)
        told = Reference(ReferenceKind.ASSET, "CMDB", "SRV-7")
        return references.add(session, found, told, stage.cast.dora)

    it.reference = stage.does(add)
    return it


def _relate(stage, incident, side, other):
    def add(session):
        found = incidents.get(session, incident.id, stage.cast.dora)
        return relations.add(session, found, side, other.number, stage.cast.dora)

    return stage.does(add)


API = [
    request(f"POST {_ADDRESS}/relations", _two, to_api(f"{_API}/relations", body=_RELATION)),
    request(
        f"POST {_ADDRESS}/relations/<relation_id>/withdraw",
        _related,
        to_api(f"{_API}/relations/{{it.relation.id}}/withdraw", body=REASON),
    ),
    request(
        f"POST {_ADDRESS}/references",
        incident_of("small"),
        to_api(f"{_API}/references", body=_REFERENCE),
    ),
    request(
        f"POST {_ADDRESS}/references/<reference_id>/withdraw",
        _referred,
        to_api(f"{_API}/references/{{it.reference.id}}/withdraw", body=REASON),
    ),
    request(
        f"POST {_ADDRESS}/duplicate",
        _with_child,
        to_api(f"{_API}/duplicate", "max", _DUPLICATE),
    ),
]
PAGES = [
    request("POST /incidents/<number>/relations", _two, to_page(f"{_PAGE}/relations", **_RELATION)),
    request(
        "POST /incidents/<number>/relations/<relation_id>/withdraw",
        _related,
        to_page(f"{_PAGE}/relations/{{it.relation.id}}/withdraw", **REASON),
    ),
    request(
        "POST /incidents/<number>/references",
        incident_of("small"),
        to_page(f"{_PAGE}/references", **_REFERENCE),
    ),
    request(
        "POST /incidents/<number>/references/<reference_id>/withdraw",
        _referred,
        to_page(f"{_PAGE}/references/{{it.reference.id}}/withdraw", **REASON),
    ),
    request(
        "POST /incidents/<number>/duplicate",
        _with_child,
        to_page(f"{_PAGE}/duplicate", "max", **_DUPLICATE),
    ),
]

"""References to problems, changes and assets of other systems."""

import pytest

from engine import clock, incidents, references, relations
from engine.actors import Actor, Role, of_organisation
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.instances import Reason
from engine.references import MOST, Reference
from engine.store.tables import Incident, Organisation, ReferenceKind
from tests.diagrams import one_task
from tests.factories import deploy, dump, entries, report

PROBLEM = Reference(ReferenceKind.PROBLEM, "Jira", "PRB-7", "https://jira.example/PRB-7")
ASSET = Reference(ReferenceKind.ASSET, "CMDB", "SRV-7")


@pytest.fixture
def incident(database, cast):
    deploy(database, one_task())
    return report(database, cast.rob)


def add(database, incident, told, actor):
    with database.transaction() as session:
        found = incidents.get(session, incident.id, actor)
        return references.add(session, found, told, actor)


def withdraw(database, incident, reference, actor, reason="Another cause."):
    with database.transaction() as session:
        found = incidents.get(session, incident.id, actor)
        return references.withdraw(session, found, reference.id, reason, actor)


def told(database, incident, actor):
    with database.reading() as session:
        found = references.find(session, incidents.get(session, incident.id, actor), actor)
    return [(one.kind, one.system, one.reference, one.url) for one in found]


def test_references_are_listed_in_order_and_told_in_the_history(database, cast, incident):
    add(database, incident, PROBLEM, cast.dora)
    gone = add(database, incident, ASSET, cast.dora)
    withdraw(database, incident, gone, cast.max)

    assert told(database, incident, cast.aude) == [
        ("problem", "Jira", "PRB-7", "https://jira.example/PRB-7")
    ]
    (withdrawn,) = entries(database, incident.id, Event.REFERENCE_WITHDRAWN)
    assert withdrawn.detail == {
        "reference_id": gone.id,
        "kind": "asset",
        "system": "CMDB",
        "reference": "SRV-7",
        "url": "",
        "reason": "Another cause.",
    }
    assert [one.actor_name for one in entries(database, incident.id, Event.REFERENCE_ADDED)] == [
        "Dora Desk",
        "Dora Desk",
    ]


@pytest.mark.parametrize(
    ("system", "reference", "url", "field"),
    [
        ("", "7", "", "system"),
        ("CMDB", " ", "", "reference"),
        ("x" * 81, "7", "", "system"),
        ("CMDB", "a\nb", "", "reference"),
        ("CMDB", "a\0b", "", "reference"),
        ("CMDB", "7", "javascript:alert(1)", "url"),
        ("CMDB", "7", "java\tscript:alert(1)", "url"),
        ("CMDB", "7", "//evil.example", "url"),
        ("CMDB", "7", "https://", "url"),
        ("CMDB", "7", "https://[", "url"),
        ("CMDB", "7", "https://a b", "url"),
        ("CMDB", "7", "https://a/\nb", "url"),
        ("CMDB", "7", "https://a/" + "x" * 500, "url"),
    ],
)
def test_what_is_no_reference_is_refused_and_leaves_nothing(
    system, reference, url, field, database, cast, incident
):
    before = dump(database)

    with pytest.raises(InvalidAnswers) as refused:
        add(database, incident, Reference(ReferenceKind.ASSET, system, reference, url), cast.dora)

    assert list(refused.value.errors) == [field]
    assert dump(database) == before


def test_a_reference_is_there_once_until_it_is_withdrawn(database, cast, incident):
    first = add(database, incident, ASSET, cast.dora)
    with pytest.raises(Conflict, match="has this reference already"):
        add(database, incident, ASSET, cast.tess)

    withdraw(database, incident, first, cast.dora)

    assert add(database, incident, ASSET, cast.tess).id != first.id
    with pytest.raises(NotFound):
        withdraw(database, incident, first, cast.dora)


def test_an_incident_has_fifty_references_at_most(database, cast, incident):
    for number in range(MOST):
        add(database, incident, Reference(ReferenceKind.CHANGE, "Jira", str(number)), cast.dora)

    with pytest.raises(Conflict, match="has 50 references already"):
        add(database, incident, ASSET, cast.dora)


@pytest.mark.parametrize("username", ["rob", "olga", "aude"])
def test_who_does_not_work_on_incidents_refers_to_nothing(username, database, cast, incident):
    kept = add(database, incident, PROBLEM, cast.dora)

    with pytest.raises(NotAllowed):
        add(database, incident, ASSET, getattr(cast, username))
    with pytest.raises(NotAllowed):
        withdraw(database, incident, kept, getattr(cast, username))


def test_a_customer_sees_no_reference(database, cast, incident):
    add(database, incident, PROBLEM, cast.dora)
    with database.transaction() as session:
        session.add(Organisation(id="home", name="home", created_at=clock.now()))
        session.flush()
        session.get_one(Incident, incident.id).organisation_id = "home"
    cora = Actor("cora", "Cora", frozenset({(Role.CUSTOMER, of_organisation("home"))}))

    assert told(database, incident, cora) == []
    assert len(told(database, incident, cast.rob)) == 1


def test_the_original_has_the_references_of_its_duplicate_once(database, cast, incident):
    other = report(database, cast.rob)
    for told_of, reference in ((incident, PROBLEM), (incident, ASSET), (other, ASSET)):
        add(database, told_of, reference, cast.dora)

    with database.transaction() as session:
        found = incidents.get(session, incident.id, cast.max)
        reason = Reason("The same outage.")
        relations.close_as_duplicate(session, found, other.number, reason, cast.max)

    assert {reference for _, _, reference, _ in told(database, other, cast.dora)} == {
        "PRB-7",
        "SRV-7",
    }
    assert len(told(database, other, cast.dora)) == 2
    assert len(told(database, incident, cast.dora)) == 2

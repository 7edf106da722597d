"""Who leads an incident, and who follows it."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from engine import clock, incidents, participants, relations
from engine.actors import SYSTEM, Role, of_organisation
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.instances import Reason
from engine.people import accounts, restriction
from engine.store.tables import Incident, IncidentRole, IncidentStatus, Organisation
from tests.diagrams import one_task
from tests.factories import add_person, deploy, dump, entries, report

COMMANDER, SCRIBE = IncidentRole.COMMANDER, IncidentRole.SCRIBE


@pytest.fixture
def incident(database, cast):
    deploy(database, one_task())
    return report(database, cast.rob)


@pytest.fixture
def cora(database):
    """A customer, who sees no incident of ours."""
    with database.transaction() as session:
        session.add(Organisation(id="home", name="home", created_at=clock.now()))
    grants = frozenset({(Role.CUSTOMER, of_organisation("home"))})
    with database.transaction() as session:
        person = accounts.add(session, "cora", "Cora", grants, SYSTEM)
        return accounts.actor(session, person)


def act(database, incident, does, *what):
    """Something by the last of ``what``."""
    with database.transaction() as session:
        does(session, incidents.get(session, incident.id, what[-1]), *what)


def found(database, incident, actor):
    with database.reading() as session:
        return participants.find(session, incidents.get(session, incident.id, actor), actor)


def now(database, incident, actor):
    """Role and name of who has one now."""
    held = [one for one in found(database, incident, actor) if one.renounced_at is None]
    return [(one.role, one.name) for one in held]


def change(database, incident, **columns):
    with database.transaction() as session:
        kept = session.get_one(Incident, incident.id)
        for name, value in columns.items():
            setattr(kept, name, value)


def test_a_role_has_one_holder_at_a_time_and_keeps_when_each_had_it(
    database, cast, incident, time_travel
):
    act(database, incident, participants.take_over, COMMANDER, cast.dora)
    time_travel(timedelta(minutes=15))
    act(database, incident, participants.take_over, COMMANDER, cast.max)
    act(database, incident, participants.take_over, SCRIBE, cast.dora)

    first, second, third = found(database, incident, cast.aude)
    assert now(database, incident, cast.aude) == [
        (COMMANDER, "Max Manager"),
        (SCRIBE, "Dora Desk"),
    ]
    assert (first.name, first.renounced_at) == ("Dora Desk", second.assumed_at)
    assert second.assumed_at - first.assumed_at >= timedelta(minutes=15)
    assert third.renounced_at is None


def test_the_history_tells_who_took_handed_over_and_gave_up_a_role(database, cast, incident):
    act(database, incident, participants.take_over, COMMANDER, cast.dora)
    act(database, incident, participants.hand_over, COMMANDER, "max", cast.dora)
    act(database, incident, participants.renounce, COMMANDER, cast.max)

    told = [
        (entry.event, entry.actor_name, entry.detail["role"], entry.detail["name"])
        for entry in entries(database, incident.id)
        if entry.event.startswith("role:")
    ]
    assert told == [
        (Event.ROLE_TAKEN_OVER, "Dora Desk", "commander", "Dora Desk"),
        (Event.ROLE_HANDED_OVER, "Dora Desk", "commander", "Max Manager"),
        (Event.ROLE_RENOUNCED, "Max Manager", "commander", "Max Manager"),
    ]
    assert now(database, incident, cast.dora) == []


@pytest.mark.parametrize(
    ("given", "asked", "said"),
    [
        ([("take_over", COMMANDER, "dora")], ("take_over", COMMANDER, "dora"), "already"),
        ([("take_over", COMMANDER, "dora")], ("renounce", COMMANDER, "max"), "not the commander"),
        ([], ("renounce", COMMANDER, "dora"), "not the commander"),
        ([("watch", "dora")], ("watch", "dora"), "follows .* already"),
        ([], ("unwatch", "dora"), "do not follow"),
        ([], ("remove_watcher", "nobody", "dora"), "do not follow"),
    ],
)
def test_what_is_so_already_is_refused_and_leaves_nothing(
    given, asked, said, database, cast, incident
):
    def do(name, *what):
        *what, username = what
        act(database, incident, getattr(participants, name), *what, getattr(cast, username))

    for one in given:
        do(*one)
    before = dump(database)

    with pytest.raises(Conflict, match=said):
        do(*asked)

    assert dump(database) == before


def test_nobody_leads_what_is_closed(database, cast, incident):
    change(database, incident, closed_at=clock.now(), status=IncidentStatus.CLOSED)

    with pytest.raises(Conflict, match="nobody leads it any more"):
        act(database, incident, participants.take_over, COMMANDER, cast.dora)


def test_a_watcher_has_no_role_that_is_taken_over(database, cast, incident):
    with pytest.raises(InvalidAnswers) as refused:
        act(database, incident, participants.take_over, IncidentRole.WATCHER, cast.dora)

    assert "commander, deputy, scribe, liaison" in refused.value.errors["role"]


@pytest.mark.parametrize("username", ["rob", "olga", "aude", "ada"])
def test_who_does_not_work_on_incidents_neither_leads_nor_names_anybody(
    username, database, cast, incident
):
    actor = getattr(cast, username)
    for does, *what in (
        (participants.take_over, COMMANDER),
        (participants.renounce, COMMANDER),
        (participants.hand_over, COMMANDER, "max"),
        (participants.add_watcher, "max"),
        (participants.remove_watcher, cast.max.id),
    ):
        with pytest.raises(NotAllowed, match="You may not lead this incident"):
            act(database, incident, does, *what, actor)


@pytest.mark.parametrize(
    ("username", "said"),
    [("nobody", "nobody active"), ("aude", "may not lead"), ("  ", "nobody active")],
)
def test_a_role_is_handed_to_somebody_active_who_may_lead(username, said, database, cast, incident):
    with pytest.raises(InvalidAnswers) as refused:
        act(database, incident, participants.hand_over, COMMANDER, username, cast.dora)

    assert said in refused.value.errors["to"]


def test_of_two_who_take_over_at_once_one_has_the_role_in_the_end(database, cast, incident):
    together = Barrier(2)

    def at_once(actor):
        together.wait()
        act(database, incident, participants.take_over, COMMANDER, actor)

    threads = [Thread(target=at_once, args=(one,)) for one in (cast.dora, cast.tess)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    held = found(database, incident, cast.max)
    assert [one.renounced_at is None for one in held] == [False, True]
    assert {one.name for one in held} == {"Dora Desk", "Tess Tech"}


# Watchers


def test_whoever_sees_an_incident_follows_it_or_is_added(database, cast, incident):
    act(database, incident, participants.watch, cast.rob)
    act(database, incident, participants.add_watcher, "aude", cast.dora)
    act(database, incident, participants.add_watcher, "olga", cast.dora)
    act(database, incident, participants.remove_watcher, cast.olga.id, cast.dora)
    act(database, incident, participants.unwatch, cast.rob)

    assert now(database, incident, cast.dora) == [(IncidentRole.WATCHER, "Aude Auditor")]
    told = [
        (entry.actor_name, entry.detail["name"])
        for entry in entries(database, incident.id, Event.WATCHER_REMOVED)
    ]
    assert told == [("Dora Desk", "Olga Owner"), ("Rob Reporter", "Rob Reporter")]


def test_nobody_is_added_who_does_not_see_the_incident(database, cast, incident, cora):
    add_person(database, "ruth", Role.REPORTER)
    for username in ("cora", "ruth"):
        with pytest.raises(InvalidAnswers) as refused:
            act(database, incident, participants.add_watcher, username, cast.dora)
        assert "may not follow this incident" in refused.value.errors["watcher"]
    with pytest.raises(NotFound):
        act(database, incident, participants.watch, cora)


def test_a_customer_follows_their_own_incident_and_reads_of_nobody_else(
    database, cast, incident, cora
):
    change(database, incident, organisation_id="home")
    act(database, incident, participants.take_over, COMMANDER, cast.dora)
    act(database, incident, participants.watch, cast.max)
    act(database, incident, participants.watch, cora)

    assert now(database, incident, cora) == [(IncidentRole.WATCHER, "Cora")]
    assert len(now(database, incident, cast.dora)) == 3


def test_who_is_kept_from_a_restricted_incident_is_no_watcher_of_it_any_more(
    database, cast, incident
):
    act(database, incident, participants.watch, cast.dora)
    act(database, incident, participants.watch, cast.max)
    with database.transaction() as session:
        kept = incidents.get(session, incident.id, cast.max)
        restriction.restrict(session, kept, [], None, cast.max)

    assert now(database, incident, cast.max) == [(IncidentRole.WATCHER, "Max Manager")]
    with pytest.raises(InvalidAnswers):
        act(database, incident, participants.add_watcher, "dora", cast.max)


def test_an_incident_has_so_many_watchers_at_most(database, cast, incident, monkeypatch):
    monkeypatch.setattr(participants, "MOST_WATCHERS", 1)
    act(database, incident, participants.watch, cast.dora)

    with pytest.raises(Conflict, match="has 1 watchers already"):
        act(database, incident, participants.watch, cast.tess)


def test_whoever_follows_a_duplicate_follows_the_original_if_they_see_it(
    database, cast, incident, cora
):
    change(database, incident, organisation_id="home")
    other = report(database, cast.rob)
    for actor in (cora, cast.dora, cast.tess):
        act(database, incident, participants.watch, actor)
    act(database, other, participants.watch, cast.tess)

    reason = Reason("The same outage.")
    act(database, incident, relations.close_as_duplicate, other.number, reason, cast.max)

    assert sorted(name for _, name in now(database, other, cast.max)) == [
        "Dora Desk",
        "Tess Tech",
    ]
    assert len(now(database, incident, cast.max)) == 3

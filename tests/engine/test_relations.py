"""Incidents that belong together: what fits, who sees it, and what becomes of a duplicate."""

from threading import Barrier, Thread

import pytest

from engine import clock, incidents, relations
from engine.actors import CUSTOMERS, Actor, of_organisation
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound, StaleVersion
from engine.history import Event
from engine.instances import Reason
from engine.people import restriction
from engine.relations import Side
from engine.store.tables import Incident, IncidentStatus, Organisation, TaskStatus
from tests.diagrams import bundle, line, user_task
from tests.factories import complete, deploy, dump, entries, open_tasks, report

WHY = Reason("The same outage.")


@pytest.fixture
def some(database, cast):
    """Four incidents that were just reported, the oldest first."""
    deploy(database, bundle(*line(user_task("Look"), user_task("Check"))))
    return [report(database, cast.rob) for _ in range(4)]


def relate(database, incident, side, other, actor):
    with database.transaction() as session:
        found = incidents.get(session, incident.id, actor)
        return relations.add(session, found, side, other.number, actor).id


def withdraw(database, incident, relation_id, actor, reason="It was another cause."):
    with database.transaction() as session:
        found = incidents.get(session, incident.id, actor)
        relations.withdraw(session, found, relation_id, reason, actor)


def merge(database, incident, other, actor, reason=WHY):
    with database.transaction() as session:
        found = incidents.get(session, incident.id, actor)
        relations.close_as_duplicate(session, found, other.number, reason, actor)


def seen(database, incident, actor):
    """Side and number of what holds, as somebody sees it."""
    with database.reading() as session:
        found = relations.find(session, incidents.get(session, incident.id, actor), actor)
    return [(one.side, one.number) for one in found if one.withdrawn_at is None]


def restrict(database, incident, actor):
    with database.transaction() as session:
        restriction.restrict(session, incidents.get(session, incident.id, actor), [], None, actor)


def change(database, incident, **columns):
    with database.transaction() as session:
        found = session.get_one(Incident, incident.id)
        for name, value in columns.items():
            setattr(found, name, value)


@pytest.mark.parametrize(
    ("side", "other_side"),
    [
        (Side.CHILD_OF, Side.PARENT_OF),
        (Side.PARENT_OF, Side.CHILD_OF),
        (Side.RELATED_TO, Side.RELATED_TO),
    ],
)
def test_both_incidents_show_their_relation(side, other_side, database, cast, some):
    one, two, *_ = some

    relate(database, one, side, two, cast.dora)

    assert seen(database, one, cast.aude) == [(side, two.number)]
    assert seen(database, two, cast.aude) == [(other_side, one.number)]


def test_both_histories_tell_of_a_relation_without_the_number_of_the_other(database, cast, some):
    one, two, *_ = some

    relation_id = relate(database, one, Side.CHILD_OF, two, cast.dora)
    withdraw(database, two, relation_id, cast.tess)

    for incident, side in ((one, "child_of"), (two, "parent_of")):
        (added,) = entries(database, incident.id, Event.RELATION_ADDED)
        (gone,) = entries(database, incident.id, Event.RELATION_WITHDRAWN)
        assert added.detail == {"relation_id": relation_id, "side": side}
        assert gone.detail == {**added.detail, "reason": "It was another cause."}
        assert (added.actor_name, gone.actor_name) == ("Dora Desk", "Tess Tech")


def test_a_withdrawn_relation_is_kept_and_may_be_added_again(database, cast, some):
    one, two, *_ = some
    first = relate(database, one, Side.CHILD_OF, two, cast.dora)
    withdraw(database, one, first, cast.dora)
    assert seen(database, two, cast.dora) == []

    second = relate(database, one, Side.CHILD_OF, two, cast.dora)

    with database.reading() as session:
        found = relations.find(session, two, cast.dora)
    assert [(one.id, one.withdrawn_at is None) for one in found] == [(first, False), (second, True)]
    with pytest.raises(Conflict, match="withdrawn already"):
        withdraw(database, one, first, cast.dora)


def test_a_relation_is_withdrawn_for_a_reason_and_by_its_own_incident(database, cast, some):
    one, two, three, _ = some
    relation_id = relate(database, one, Side.RELATED_TO, two, cast.dora)

    with pytest.raises(InvalidAnswers) as refused:
        withdraw(database, one, relation_id, cast.dora, " ")
    with pytest.raises(NotFound, match="no such relation"):
        withdraw(database, three, relation_id, cast.dora)

    assert list(refused.value.errors) == ["reason"]
    assert seen(database, one, cast.dora) == [(Side.RELATED_TO, two.number)]


# What does not fit


def child_of(*pairs):
    return [(child, Side.CHILD_OF, parent) for child, parent in pairs]


@pytest.mark.parametrize(
    ("given", "asked", "said"),
    [
        (child_of((0, 1)), child_of((0, 2)), "has a parent already"),
        (child_of((0, 1)), child_of((1, 0)), "has children"),
        (child_of((0, 1)), child_of((1, 2)), "has children"),
        (child_of((0, 1)), child_of((2, 0)), "Name its parent instead"),
        (child_of((0, 1)), [(1, Side.PARENT_OF, 0)], "related so already"),
        ([(0, Side.RELATED_TO, 1)], [(0, Side.RELATED_TO, 1)], "related so already"),
        ([(0, Side.RELATED_TO, 1)], [(1, Side.RELATED_TO, 0)], "related so already"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(given, asked, said, database, cast, some):
    for one, side, other in given:
        relate(database, some[one], side, some[other], cast.dora)
    before = dump(database)

    ((one, side, other),) = asked
    with pytest.raises(Conflict, match=said):
        relate(database, some[one], side, some[other], cast.dora)

    assert dump(database) == before


def test_the_other_incident_is_named_by_a_number_that_there_is(database, cast, some):
    one, two, *_ = some
    restrict(database, two, cast.max)
    for number in ("", "INC-1999-000001", one.number, two.number):
        with pytest.raises(InvalidAnswers) as refused, database.transaction() as session:
            relations.add(session, one, Side.RELATED_TO, number, cast.dora)

        assert list(refused.value.errors) == ["number"]


@pytest.mark.parametrize("username", ["rob", "olga", "aude"])
def test_who_does_not_work_on_incidents_relates_none(username, database, cast, some):
    one, two, *_ = some
    actor = getattr(cast, username)
    kept = relate(database, one, Side.RELATED_TO, two, cast.dora)
    before = dump(database)

    with pytest.raises(NotAllowed, match="You may not say what this incident belongs together"):
        relate(database, one, Side.CHILD_OF, two, actor)
    with pytest.raises(NotAllowed):
        withdraw(database, one, kept, actor)
    with pytest.raises(NotAllowed):
        merge(database, one, two, actor)

    assert dump(database) == before


def test_of_two_who_relate_at_once_both_ways_one_succeeds_and_nobody_waits_for_ever(
    database, cast, some
):
    one, two, *_ = some
    outcomes = []

    def at_once(child, parent, together):
        together.wait()
        try:
            relate(database, child, Side.CHILD_OF, parent, cast.dora)
        except Conflict:
            outcomes.append("refused")
        else:
            outcomes.append("related")

    together = Barrier(2)
    threads = [
        Thread(target=at_once, args=(one, two, together)),
        Thread(target=at_once, args=(two, one, together)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused", "related"]


# Who sees it


@pytest.fixture
def customer(database):
    """Somebody of an organisation, “home” or “away”."""
    with database.transaction() as session:
        for name in ("home", "away"):
            session.add(Organisation(id=name, name=name, created_at=clock.now()))
    return lambda home: Actor("cora", "Cora", frozenset({(CUSTOMERS[0], of_organisation(home))}))


def test_nobody_sees_anything_of_a_related_incident_that_they_may_not_see(database, cast, some):
    one, two, *_ = some
    relate(database, one, Side.RELATED_TO, two, cast.max)
    restrict(database, two, cast.max)

    told = {
        name: seen(database, one, getattr(cast, name))
        for name in ("rob", "dora", "olga", "aude", "ada", "max")
    }

    assert told.pop("max") == [(Side.RELATED_TO, two.number)]
    assert set(map(tuple, told.values())) == {()}
    assert two.number not in str([vars(entry) for entry in entries(database, one.id)])


def test_a_customer_sees_relations_among_their_own_incidents_and_not_by_whom(
    database, cast, some, customer
):
    one, two, three, four = some
    for incident, home in ((one, "home"), (two, "home"), (three, "away"), (four, None)):
        change(database, incident, organisation_id=home)
    for other in (two, three, four):
        relate(database, one, Side.RELATED_TO, other, cast.dora)
    cora = customer("home")

    with database.reading() as session:
        (related,) = relations.find(session, incidents.get(session, one.id, cora), cora)

    assert (related.number, related.added_by) == (two.number, "")


def test_a_customer_does_not_see_what_was_withdrawn(database, cast, some, customer):
    one, two, *_ = some
    for incident in (one, two):
        change(database, incident, organisation_id="home")
    withdraw(database, one, relate(database, one, Side.CHILD_OF, two, cast.dora), cast.dora)
    cora = customer("home")

    with database.reading() as session:
        assert relations.find(session, incidents.get(session, one.id, cora), cora) == []


def test_no_note_of_a_child_shows_in_a_parent_of_another_organisation(
    database, cast, some, customer
):
    child, parent, *_ = some
    change(database, child, organisation_id="away", title="Away alone")
    change(database, parent, organisation_id="home")
    relate(database, child, Side.CHILD_OF, parent, cast.dora)
    complete(database, child, "Look", cast.dora, note="Their vault is open.")
    cora = customer("home")

    with database.reading() as session:
        found = incidents.get(session, parent.id, cora)
        story = [vars(entry) for entry in incidents.timeline(session, found, cora)]
        inside = [vars(entry) for entry in incidents.timeline(session, parent, cast.max)]
        related = relations.find(session, found, cora)

    assert related == []
    assert "vault" not in str(inside)
    for words in ("vault", "Away alone", child.number, child.id):
        assert words not in str(story)


# Duplicates


def test_a_duplicate_ends_with_its_process_and_leads_to_where_the_work_goes_on(
    database, cast, some
):
    one, two, *_ = some

    merge(database, one, two, cast.max)

    with database.reading() as session:
        found = incidents.get(session, one.number, cast.dora)
        standing = incidents.standing(session, found)
    assert (found.status, found.resolution_code) == (IncidentStatus.CANCELLED, "duplicate")
    assert found.closed_at is not None
    assert standing.instance.status == "cancelled"
    assert open_tasks(database, one, cast.dora) == {}
    assert seen(database, one, cast.dora) == [(Side.DUPLICATE_OF, two.number)]
    assert seen(database, two, cast.dora) == [(Side.DUPLICATED_BY, one.number)]
    (cancelled,) = entries(database, one.id, Event.PROCESS_CANCELLED)
    assert cancelled.detail["reason"] == WHY.text
    assert cancelled.changes["resolution_code"] == [None, "duplicate"]
    (task,) = open_tasks(database, two, cast.dora).values()
    assert task.status is TaskStatus.OPEN


@pytest.mark.parametrize("username", ["dora", "tess"])
def test_a_duplicate_is_closed_by_whoever_may_cancel_alone(username, database, cast, some):
    one, two, *_ = some

    with pytest.raises(NotAllowed, match="take the process of an incident in hand"):
        merge(database, one, two, getattr(cast, username))


def test_the_original_takes_the_relations_of_its_duplicate_over(database, cast, some):
    one, two, three, four = some
    old = report(database, cast.rob)
    merge(database, old, one, cast.max)
    relate(database, three, Side.CHILD_OF, one, cast.dora)
    relate(database, one, Side.RELATED_TO, four, cast.dora)
    relate(database, one, Side.RELATED_TO, two, cast.dora)

    merge(database, one, two, cast.max)

    assert sorted(seen(database, two, cast.dora)) == [
        (Side.DUPLICATED_BY, one.number),
        (Side.DUPLICATED_BY, old.number),
        (Side.PARENT_OF, three.number),
        (Side.RELATED_TO, one.number),
        (Side.RELATED_TO, four.number),
    ]
    assert seen(database, three, cast.dora) == [(Side.CHILD_OF, two.number)]
    assert seen(database, old, cast.dora) == [(Side.DUPLICATE_OF, two.number)]
    assert (Side.RELATED_TO, four.number) in seen(database, one, cast.dora)


def test_the_original_is_a_child_of_the_same_parent_where_it_can(database, cast, some):
    one, two, three, four = some
    relate(database, one, Side.CHILD_OF, two, cast.dora)
    relate(database, three, Side.CHILD_OF, four, cast.dora)

    merge(database, one, three, cast.max)

    assert (Side.CHILD_OF, two.number) not in seen(database, three, cast.dora)
    other = report(database, cast.rob)
    merge(database, three, other, cast.max)
    assert (Side.CHILD_OF, four.number) in seen(database, other, cast.dora)


def test_a_child_that_turns_out_to_be_its_parent_s_duplicate_is_closed(database, cast, some):
    one, two, *_ = some
    relate(database, one, Side.CHILD_OF, two, cast.dora)

    merge(database, one, two, cast.max)

    assert seen(database, two, cast.dora) == [
        (Side.PARENT_OF, one.number),
        (Side.DUPLICATED_BY, one.number),
    ]


def closed_one(database, cast, some):
    change(database, some[1], closed_at=clock.now(), status=IncidentStatus.CLOSED)
    return "is closed: no work goes on there"


def duplicate_one(database, cast, some):
    merge(database, some[1], some[2], cast.max)
    return "is cancelled: no work goes on there"


def itself_over(database, cast, some):
    merge(database, some[0], some[2], cast.max)
    return "already cancelled"


def child_with_children_to_come(database, cast, some):
    relate(database, some[2], Side.CHILD_OF, some[0], cast.dora)
    relate(database, some[1], Side.CHILD_OF, some[3], cast.dora)
    return "Name its parent instead"


@pytest.mark.parametrize(
    "given", [closed_one, duplicate_one, itself_over, child_with_children_to_come]
)
def test_a_duplicate_of_what_cannot_go_on_is_refused_and_leaves_nothing(
    given, database, cast, some
):
    said = given(database, cast, some)
    before = dump(database)

    with pytest.raises(Conflict, match=said):
        merge(database, some[0], some[1], cast.max)

    assert dump(database) == before


def test_a_duplicate_is_closed_for_a_reason_and_as_somebody_saw_it(database, cast, some):
    one, two, *_ = some

    with pytest.raises(InvalidAnswers):
        merge(database, one, two, cast.max, Reason(""))
    with pytest.raises(StaleVersion):
        merge(database, one, two, cast.max, Reason("So.", version=99))


def test_a_duplicate_stays_one(database, cast, some):
    one, two, *_ = some
    merge(database, one, two, cast.max)
    with database.reading() as session:
        (relation,) = relations.find(session, one, cast.max)

    with pytest.raises(Conflict, match="stays one"):
        withdraw(database, one, relation.id, cast.max)

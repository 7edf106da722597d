"""What cannot move to another version stays untouched; a plan tells it before."""

import pytest

from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.store.tables import Incident, ProcessInstance
from tests.diagrams import (
    bundle,
    call,
    catch,
    caught,
    line,
    script_task,
    user_task,
)
from tests.factories import dump
from tests.migrations import FIX, LOOK, Change, joined, late, part, several


@pytest.fixture
def change(database, cast):
    return lambda old, new, **more: Change(
        database, cast, bundle(*old, **more), bundle(*new, **more)
    )


ESCAPED = caught("Mail", "message", "Mail")
STAYS = [
    ("gone", line(LOOK), line(FIX), "no such element"),
    ("another kind", line(LOOK), line(script_task("Look", "a = 1")), "another kind of element"),
    ("another event", line(catch("Mail", "PT1H")), line(ESCAPED), "another kind of event"),
    ("another scope", line(part("Ask")), line(user_task("Ask"), part("Tell")), "another part"),
    ("one to many", line(part("Ask")), line(several("Ask")), "another way"),
    (
        "another join",
        joined(),
        [
            f.replace('sourceRef="A" targetRef="Join"', 'sourceRef="A" targetRef="C"')
            for f in joined()
        ],
        "path by which it came",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "sentence"), [case[1:] for case in STAYS], ids=[case[0] for case in STAYS]
)
def test_what_has_no_place_in_the_new_version_stays_untouched(old, new, sentence, change):
    changed = change(old, new)
    if old == joined():
        changed.completes("A")
    planned = changed.plans()
    before = dump(changed.database)

    with pytest.raises(Conflict, match=sentence):
        changed.migrates()

    (outcome,) = planned.outcomes
    assert sentence in outcome.problem
    assert sentence in "".join(element.problem for element in planned.elements)
    assert dump(changed.database) == before


def test_a_call_of_another_process_stays_untouched(database, cast):
    calls = {"other": line(user_task("Ask")), "third": line(user_task("Ask"))}
    old = bundle(*line(call("Other", "other")), calls=calls)
    new = bundle(*line(call("Other", "third")), calls=calls)
    changed = Change(database, cast, old, new)

    with pytest.raises(Conflict, match="calls another process"):
        changed.migrates()


def test_the_plan_tells_what_becomes_of_each_element_in_use(change):
    changed = change((*line(LOOK), *late("Look")), line(user_task("Inspect")))
    changed.report()

    planned = changed.plans(Look="Inspect")

    told = {(e.element_id, e.tokens, e.target_id, e.is_dropped) for e in planned.elements}
    assert told == {("Look", 2, "Inspect", False), ("Late", 2, None, True)}
    assert [outcome.dropped for outcome in planned.outcomes] == [("Too late",)] * 2


def test_a_plan_keeps_nothing(change):
    changed = change(line(LOOK), (*line(LOOK), *late("Look")))
    changed.order()
    before = dump(changed.database)

    planned = changed.plans()

    assert planned.outcomes[0].armed == ("Too late",)
    assert dump(changed.database) == before


def test_of_twenty_only_the_one_that_cannot_move_stays(change):
    changed = change(line(LOOK, FIX), line(LOOK, user_task("Mend")))
    others = [changed.report() for _ in range(19)]
    changed.completes("Look")

    moved = {}
    for outcome in changed.plans().outcomes:
        try:
            moved[outcome.incident_id] = changed.migrates(incident=incident(outcome)).is_moved
        except Conflict:
            moved[outcome.incident_id] = False

    assert moved == {changed.incident.id: False, **{other.id: True for other in others}}


def incident(outcome):
    return Incident(id=outcome.incident_id)


def test_an_ended_process_stays_on_its_version(change):
    changed = change(line(LOOK), line(LOOK, FIX))
    changed.completes("Look")

    assert changed.plans().outcomes == []
    with pytest.raises(Conflict, match="already completed"):
        changed.migrates()


def test_one_that_has_moved_already_is_not_moved_twice(change):
    changed = change(line(LOOK), line(LOOK, FIX))
    changed.migrates()

    with pytest.raises(Conflict, match="another version"):
        changed.migrates()


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [({"Nothing": "Look"}, "Version 1 has no"), ({"Look": "Nothing"}, "Version 2 has no")],
)
def test_a_mapping_names_elements_that_exist(mapping, sentence, change):
    changed = change(line(LOOK), line(LOOK, FIX))

    with pytest.raises(InvalidAnswers) as refused:
        changed.migrates(**mapping)

    assert sentence in refused.value.errors["mapping"]


def test_an_incident_that_is_not_there_is_named(change):
    changed = change(line(LOOK), line(LOOK, FIX))

    with pytest.raises(NotFound, match="INC-1999-000001"):
        changed.plans(["INC-1999-000001"])


@pytest.mark.parametrize("name", ["dora", "max", "aude", "rob"])
def test_only_owners_and_administrators_migrate(name, change):
    changed = change(line(LOOK), line(LOOK, FIX))

    with pytest.raises(NotAllowed):
        changed.migrates(actor=getattr(changed.cast, name))
    with pytest.raises(NotAllowed):
        changed.plans(actor=getattr(changed.cast, name))


@pytest.mark.parametrize(
    "snapshot",
    ["", "[]", '{"version":2,"variables":[],"tokens":[["a",null,"small","None",16,[0],{}]]}'],
)
def test_an_instance_whose_state_is_damaged_is_reported_and_holds_back_no_other(snapshot, change):
    changed = change(line(LOOK), line(LOOK, FIX))
    sound = changed.report()
    with changed.database.transaction() as session:
        row = session.query(ProcessInstance).filter_by(incident_id=changed.incident.id).one()
        row.snapshot = snapshot

    damaged, other = changed.plans().outcomes

    assert "does not fit its diagram" in damaged.problem
    assert (other.incident_id, other.is_moved) == (sound.id, True)

"""Segregation of duties: what one person may not do together."""

import pytest

from engine import separation, tasks
from engine.actors import Actor, Role
from engine.errors import InvalidDocument, NotAllowed
from engine.separation import Separation
from tests.diagrams import bundle, line, user_task
from tests.factories import add_person, complete, deploy, open_tasks, report

STEPS = line(user_task("Look"), user_task("Check"))
FOUR_EYES = """
[[separation]]
title = "Whoever looks does not check"
tasks = ["Look", "Check"]
"""
NOT_MINE = """
[[separation]]
title = "Nobody looks at their own report."
tasks = ["Look"]
not_by_reporter = true
"""


@pytest.fixture
def separate(database, cast):
    deploy(database, bundle(*STEPS, rules=FOUR_EYES))
    incident = report(database, cast.rob)
    complete(database, incident, "Look", cast.dora, note="Fine.")
    return incident


def take(database, incident, actor):
    (task,) = open_tasks(database, incident, actor).values()
    with database.transaction() as session:
        return tasks.claim(session, task.id, actor)


def test_who_did_the_one_task_neither_takes_nor_completes_the_other(database, cast, separate):
    sentence = "Whoever looks does not check. You completed “Do Look”: somebody else must do this"

    with pytest.raises(NotAllowed, match=sentence):
        take(database, separate, cast.dora)
    with pytest.raises(NotAllowed, match=sentence):
        complete(database, separate, "Check", cast.dora, note="Fine.")


def test_somebody_else_may(database, cast, separate):
    dave = add_person(database, "dave", Role.RESPONDER, "Service Desk")

    complete(database, separate, "Check", dave, note="Fine.")

    assert open_tasks(database, separate, dave) == {}


def test_it_holds_for_whoever_may_do_everything(database, cast, separate):
    everybody = frozenset((role, "") for role in Role)

    with pytest.raises(NotAllowed, match="Whoever looks does not check"):
        complete(database, separate, "Check", Actor(cast.dora.id, "Dora", everybody), note="Fine.")


def test_it_is_about_one_incident(database, cast, separate):
    other = report(database, cast.rob)

    complete(database, other, "Look", cast.dora, note="Fine.")

    assert list(open_tasks(database, other, cast.max)) == ["Check"]


def test_the_task_says_why_one_may_not(database, cast, separate):
    (task,) = open_tasks(database, separate, cast.max).values()

    with database.reading() as session:
        said = {
            name: tasks.why_not(session, tasks.get(session, task.id, actor), actor)
            for name, actor in (("dora", cast.dora), ("max", cast.max), ("olga", cast.olga))
        }

    assert said["dora"].startswith("Whoever looks does not check.")
    assert said["max"] == "It is for the group “Service Desk”; you work for “Incident Management”."
    assert said["olga"] == "It is for the group “Service Desk”; you work for none."


def test_the_reporter_does_not_judge_their_own_report(database, cast):
    deploy(database, bundle(*STEPS, rules=NOT_MINE))
    mine, theirs = report(database, cast.dora), report(database, cast.rob)

    with pytest.raises(NotAllowed, match=r"their own report\. You reported this incident"):
        take(database, mine, cast.dora)
    take(database, theirs, cast.dora)


def test_one_task_alone_is_done_once_by_each():
    (once,) = separation.read({"separation": [{"title": "Four eyes", "tasks": ["Look"]}]})

    assert once == Separation("Four eyes", frozenset({"Look"}), not_by_reporter=False)
    assert once.beside("Look") == {"Look"}


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("x", "Write each separation as"),
        (["x"], "Write each separation as"),
        ([{"tasks": ["A"]}], "Give each separation a title"),
        ([{"title": " ", "tasks": ["A"]}], "Give each separation a title"),
        ([{"title": "T", "tasks": []}], "list the ids of its tasks"),
        ([{"title": "T", "tasks": [1]}], "list the ids of its tasks"),
        ([{"title": "T", "tasks": ["A"], "by": 1}], "“by” means nothing"),
        ([{"title": "T", "tasks": ["A"], "not_by_reporter": "no"}], "is true or false"),
    ],
)
def test_what_is_written_wrongly_is_named(said, wrong):
    with pytest.raises(InvalidDocument, match=wrong):
        separation.read({"separation": said})

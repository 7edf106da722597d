"""The worklist: who may claim, release and complete, and that a refusal changes nothing."""

import threading
from datetime import timedelta

import pytest

from engine import tasks
from engine.actors import Role
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound, StaleVersion
from engine.store.tables import TaskStatus
from engine.tasks import Queue
from tests.diagrams import (
    bundle,
    end,
    flow,
    gateway,
    line,
    manual_task,
    one_task,
    start,
    user_task,
)
from tests.factories import add_person, complete, deploy, dump, open_tasks, report

NOTE = {"note": "Restarted it."}


@pytest.fixture
def waiting(database, cast):
    """The id of the one task of a new incident; it waits for the service desk."""
    deploy(database, one_task())
    incident = report(database, cast.dora)
    return open_tasks(database, incident, cast.dora)["Look"].id


@pytest.fixture
def second(database):
    """Another responder of the service desk."""
    return add_person(database, "dan", Role.RESPONDER, "Service Desk")


def act(database, move, task_id, actor, **version):
    arguments = (NOTE,) if move is tasks.complete else ()
    with database.transaction() as session:
        return move(session, task_id, *arguments, actor, **version).task


def refuse(database, error, move, task_id, actor, **version):
    """The refusal of a move, after making sure that it has left no trace."""
    before = dump(database)
    with pytest.raises(error) as refusal:
        act(database, move, task_id, actor, **version)
    assert dump(database) == before
    return str(refusal.value)


MOVES = pytest.mark.parametrize("move", [tasks.claim, tasks.release, tasks.complete])


def test_a_claimed_task_has_its_assignee_and_leaves_the_queue_of_the_group(database, cast, waiting):
    task = act(database, tasks.claim, waiting, cast.dora)

    assert (task.status, task.assignee_id) == (TaskStatus.CLAIMED, cast.dora.id)
    assert queue_of(database, cast.dora, Queue.MINE) == ["Look"]
    assert queue_of(database, cast.dora, Queue.GROUPS) == []


def test_only_one_of_two_who_claim_wins(database, cast, waiting, second):
    act(database, tasks.claim, waiting, cast.dora)

    told = refuse(database, Conflict, tasks.claim, waiting, second)

    assert told == "Somebody else has claimed this task."


@pytest.mark.parametrize("move", [tasks.claim, tasks.complete])
def test_of_two_who_act_at_once_one_wins(move, database, cast, waiting, second):
    told, start_together = [], threading.Barrier(2)

    def attempt(actor):
        start_together.wait()
        try:
            told.append(act(database, move, waiting, actor).assignee_id)
        except Conflict:
            told.append("lost")

    both = [threading.Thread(target=attempt, args=(actor,)) for actor in (cast.dora, second)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert len(told) == 2
    assert told.count("lost") == 1


def test_claiming_ones_own_task_again_changes_nothing(database, cast, waiting):
    act(database, tasks.claim, waiting, cast.dora)
    before = dump(database)

    act(database, tasks.claim, waiting, cast.dora)

    assert dump(database) == before


def test_a_released_task_waits_for_its_group_again(database, cast, waiting, second):
    act(database, tasks.claim, waiting, cast.dora)

    act(database, tasks.release, waiting, cast.dora)

    assert queue_of(database, second, Queue.GROUPS) == ["Look"]
    assert act(database, tasks.claim, waiting, second).assignee_id == second.id


@pytest.mark.parametrize("move", [tasks.release, tasks.complete])
def test_only_the_assignee_may_release_or_complete_a_claimed_task(
    move, database, cast, waiting, second
):
    act(database, tasks.claim, waiting, cast.dora)

    refuse(database, NotAllowed, move, waiting, second)


def test_an_open_task_cannot_be_released(database, cast, waiting):
    refuse(database, NotAllowed, tasks.release, waiting, cast.dora)


def test_completing_an_open_task_claims_it_first(database, cast, waiting):
    task = act(database, tasks.complete, waiting, cast.dora)

    assert (task.status, task.assignee_id) == (TaskStatus.COMPLETED, cast.dora.id)


@MOVES
def test_a_completed_task_is_done_for_good(move, database, cast, waiting):
    act(database, tasks.complete, waiting, cast.dora)

    told = refuse(database, Conflict, move, waiting, cast.dora)

    assert told == "This task is already completed."


@MOVES
def test_a_task_of_another_group_is_not_there(move, database, cast, waiting):
    refuse(database, NotFound, move, waiting, cast.tess)


@MOVES
@pytest.mark.parametrize(
    ("username", "error"),
    [
        ("aude", NotAllowed),
        ("olga", NotAllowed),
        ("ada", NotAllowed),
        ("max", NotAllowed),
        ("rob", NotFound),
    ],
)
def test_who_is_not_in_the_group_works_on_nothing(move, username, error, database, cast, waiting):
    refuse(database, error, move, waiting, getattr(cast, username))


@MOVES
def test_a_task_that_does_not_exist_is_not_found(move, database, cast):
    refuse(database, NotFound, move, "no-such-task", cast.dora)


@MOVES
def test_a_stale_version_is_refused(move, database, cast, waiting):
    version = act(database, tasks.claim, waiting, cast.dora).version

    refuse(database, StaleVersion, move, waiting, cast.dora, version=version - 1)


def test_every_move_makes_a_new_version(database, cast, waiting):
    moves = (tasks.claim, tasks.release, tasks.claim, tasks.complete)

    versions = [act(database, move, waiting, cast.dora).version for move in moves]

    assert versions == sorted(set(versions))


def test_answers_that_do_not_fit_the_form_change_nothing(database, cast, waiting):
    before = dump(database)

    with pytest.raises(InvalidAnswers) as refusal, database.transaction() as session:
        tasks.complete(session, waiting, {"note": "", "other": 1}, cast.dora)

    assert refusal.value.errors.keys() == {"note", "other"}
    assert dump(database) == before


def test_whoever_completes_a_task_is_told_what_waits_for_them_next(database, cast):
    deploy(database, bundle(*line(user_task("A"), user_task("B"))))
    incident = report(database, cast.dora)

    done = complete(database, incident, "A", cast.dora, **NOTE)

    assert [task.element_id for task in done.next_tasks] == ["B"]


def test_a_task_that_its_process_goes_on_without_is_cancelled(database, cast):
    deploy(
        database,
        bundle(
            *(start(), gateway("Fork", "parallel"), user_task("A"), user_task("B")),
            *(end(), end("Stopped", terminate=True), flow("Reported", "Fork")),
            *(flow("Fork", "A"), flow("Fork", "B"), flow("A", "Stopped"), flow("B", "Done")),
        ),
    )
    incident = report(database, cast.dora)
    left = open_tasks(database, incident, cast.dora)["B"]

    complete(database, incident, "A", cast.dora, **NOTE)

    told = refuse(database, Conflict, tasks.complete, left.id, cast.dora)
    assert told == "This task is already cancelled."


def test_the_task_due_first_is_on_top_and_one_without_a_due_time_last(database, cast):
    forks = [user_task("None"), user_task("Late", due_in="P1D"), user_task("Soon", due_in="PT1H")]
    flows = [flow("Fork", name) for name in ("None", "Late", "Soon")]
    ends = [flow(name, "Done") for name in ("None", "Late", "Soon")]
    fork = gateway("Fork", "parallel")
    deploy(database, bundle(start(), fork, *forks, end(), flow("Reported", "Fork"), *flows, *ends))

    report(database, cast.dora)

    assert queue_of(database, cast.dora, Queue.ALL) == ["Soon", "Late", "None"]


def test_a_task_is_overdue_for_its_group_and_its_assignee_only_when_its_time_has_passed(
    database, cast, time_travel
):
    deploy(database, bundle(*line(user_task("Look", due_in="PT1H"))))
    report(database, cast.dora)

    before = counts(database, cast.dora)
    time_travel(timedelta(hours=1, seconds=1))

    assert before == {"mine": 0, "groups": 1, "overdue": 0, "all": 1}
    assert counts(database, cast.dora) == {"mine": 0, "groups": 1, "overdue": 1, "all": 1}
    assert counts(database, cast.tess) == {"mine": 0, "groups": 0, "overdue": 0, "all": 0}


def test_pages_of_tasks_show_each_once(database, cast):
    deploy(database, bundle(*line(user_task("Look", due_in="PT1H"))))
    expected = {report(database, cast.dora).id for _ in range(5)}

    seen, after = [], None
    while page := find(database, cast.dora, after=after, limit=2):
        seen += [assignment.incident.id for assignment in page]
        after = tasks.sort_key(page[-1].task)

    assert len(seen) == 5
    assert set(seen) == expected


def test_pages_go_on_from_tasks_with_a_due_time_to_those_without(database, cast):
    for due_in in ("PT2H", None, "PT1H", None):
        deploy(database, bundle(*line(user_task("Look", due_in=due_in))))
        report(database, cast.dora, title=due_in or "None")

    seen, after = [], None
    while page := find(database, cast.dora, after=after, limit=1):
        seen += [assignment.incident.title for assignment in page]
        after = tasks.sort_key(page[-1].task)

    assert seen == ["PT1H", "PT2H", "None", "None"]


def test_a_worksheet_shows_the_form_and_the_instructions_of_the_pinned_version(
    database, cast, waiting
):
    deploy(database, one_task(lane="Service Desk", phase="Respond"))

    with database.reading() as session:
        task = tasks.get(session, waiting, cast.dora).task
        sheet = tasks.worksheet(session, task)

    assert [field.key for field in sheet.form.inputs] == ["note"]
    assert sheet.node.instructions == "Do it."
    assert sheet.node.phase == "analyze"


def find(database, actor, **arguments):
    with database.reading() as session:
        return tasks.find(session, actor, Queue.ALL, **arguments)


def queue_of(database, actor, queue):
    with database.reading() as session:
        return [assignment.task.element_id for assignment in tasks.find(session, actor, queue)]


def counts(database, actor):
    with database.reading() as session:
        return tasks.count(session, actor)


def test_a_manual_task_without_a_form_is_completed_without_answers(database, cast):
    deploy(database, bundle(*line(manual_task("Look"))))
    incident = report(database, cast.dora)

    done = complete(database, incident, "Look", cast.dora)

    assert done.task.status is TaskStatus.COMPLETED

"""What each role may do, and what it takes where somebody may not."""

import pytest
from sqlalchemy import select

from engine import clock, incidents, tasks
from engine.actors import CUSTOMERS, EVERYWHERE, Actor, Role, of_organisation
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.history import Event
from engine.people import permissions, restriction
from engine.people.permissions import Action
from engine.store.tables import Attachment, Incident, Organisation, Task
from engine.tasks import Queue
from tests.diagrams import bundle, line, one_task, service_task, user_task
from tests.factories import deploy, entries, report

HOME = of_organisation("home")


def actor(*grants):
    return Actor("me", "Me", frozenset(grants))


MINE = Incident(reporter_id="me")
THEIRS = Incident(reporter_id="you", organisation_id="away")
HOMES = Incident(reporter_id="you", organisation_id="home")
SECRET = Incident(reporter_id="me", organisation_id="home", is_restricted=True)
KNOWN = Incident(reporter_id="you", is_restricted=True)
KNOWN.readers = frozenset({"me"})
OURS, OTHERS = Task(candidate_group="Ours"), Task(candidate_group="Others")
MY_FILE = Attachment(added_by_id="me")
MY_TASK = Task(candidate_group="Ours", assignee_id="me")
# A question of each kind: the action, the thing, and the incident that a task is of.
QUESTIONS = {
    **{f"{action}": (action, None, None) for action in Action},
    **{
        f"{action}: {which}": (action, incident, None)
        for action in (
            *(Action.READ_INCIDENT, Action.READ_INSIDE, Action.WATCH_INCIDENT, Action.ADD_FILE),
        )
        for which, incident in {
            "mine": MINE,
            "another's": THEIRS,
            "of my organisation": HOMES,
            "restricted": SECRET,
            "restricted to me": KNOWN,
        }.items()
    },
    **{
        f"{action}: {which}": (action, task, incident)
        for action in (Action.READ_TASK, Action.WORK_TASK, Action.DELEGATE_TASK)
        for which, (task, incident) in {
            "of my group": (OURS, THEIRS),
            "of another group": (OTHERS, THEIRS),
            "restricted": (OURS, SECRET),
            "that I have": (MY_TASK, THEIRS),
        }.items()
    },
    **{
        f"{Action.WITHDRAW_FILE}: {which}": (Action.WITHDRAW_FILE, thing, incident)
        for which, (thing, incident) in {
            "that I added": (MY_FILE, THEIRS),
            "of a partner": (Attachment(added_by_id=None), THEIRS),
            "restricted": (MY_FILE, SECRET),
        }.items()
    },
    **{
        f"{Action.MANAGE_ORGANISATION}: {which}": (Action.MANAGE_ORGANISATION, thing, None)
        for which, thing in {
            "mine": Organisation(id="home"),
            "another": Organisation(id="away"),
        }.items()
    },
}
REPORTS = {
    "report an incident",
    "see this incident: mine",
    "see what is internal about this incident: mine",
    "follow this incident: mine",
    "add a file to this incident: mine",
}
ADDS = {
    f"add a file to this incident: {which}"
    for which in ("mine", "another's", "of my organisation", "restricted to me")
}
LOOKS = {
    *("see this incident: mine", "see this incident: another's"),
    *("see this incident: of my organisation", "see this incident: restricted to me"),
    *(
        f"follow this incident: {which}"
        for which in ("mine", "another's", "of my organisation", "restricted to me")
    ),
    *(
        f"see what is internal about this incident: {which}"
        for which in ("mine", "another's", "of my organisation", "restricted to me")
    ),
    *("see the process library", "withdraw this file: that I added"),
}
WORKS = (
    LOOKS
    | ADDS
    | {
        *("report an incident", "correct this incident", "work from the inbox"),
        *("say what this incident belongs together with", "lead this incident"),
        *("see this task: of my group", "work on this task: of my group"),
        *("see this task: that I have", "work on this task: that I have"),
        "give this task to somebody: that I have",
        "send a message to a process",
    }
)
OTHER_GROUP = {
    *("see this task: of another group", "work on this task: of another group"),
    "see the queues of every group",
}
OVERSEES = LOOKS | {
    *("see this task: of my group", "see this task: of another group"),
    *("see this task: that I have", "read the audit trace", "see the queues of every group"),
}
MANAGES = {
    *("take the process of an incident in hand", "see messages between processes"),
    *("discard a message", "look after this installation"),
    *("say who needs to know of this incident", "ask for an exception, or grant one"),
}
ASSIGNS = {
    "give this task to somebody: of my group",
    "give this task to somebody: of another group",
}
WITHDRAWS = {"withdraw this file: of a partner"}
MANAGER = WORKS | OVERSEES | MANAGES | ASSIGNS | WITHDRAWS
FIGURES = {"read the figures of this installation", "read the security log"}
MIGRATES = {"move incidents to another version of their process"}
CUSTOMER = {
    *("report an incident", "see this incident: of my organisation"),
    "follow this incident: of my organisation",
    "add a file to this incident: of my organisation",
}
EVERY_ORGANISATION = {
    "manage the people of this organisation",
    "manage the people of this organisation: mine",
    "manage the people of this organisation: another",
}
MATRIX = {
    (Role.REPORTER, EVERYWHERE): REPORTS,
    (Role.REPORTER, "Ours"): REPORTS,
    (Role.RESPONDER, "Ours"): WORKS,
    (Role.RESPONDER, EVERYWHERE): WORKS | OTHER_GROUP,
    (Role.INCIDENT_MANAGER, "Ours"): MANAGER,
    (Role.INCIDENT_MANAGER, EVERYWHERE): MANAGER | OTHER_GROUP,
    (Role.PROCESS_OWNER, EVERYWHERE): OVERSEES | MIGRATES | {"edit or deploy a process"},
    (Role.AUDITOR, EVERYWHERE): OVERSEES
    | FIGURES
    | {"see messages between processes", "look after this installation"},
    (Role.ADMINISTRATOR, EVERYWHERE): OVERSEES
    | ADDS
    | MANAGES
    | FIGURES
    | MIGRATES
    | EVERY_ORGANISATION
    | {"send a message to a process", "try a job again"}
    | {"say what this incident belongs together with"}
    | {"manage people", "make API tokens for others"},
    (Role.CUSTOMER, HOME): CUSTOMER,
    (Role.CUSTOMER_ADMINISTRATOR, HOME): CUSTOMER
    | {"manage the people of this organisation: mine"},
    # A role of ours that is bound to an organisation is none of ours; nor one of a customer that
    # is bound to nothing.
    (Role.ADMINISTRATOR, HOME): set(),
    (Role.CUSTOMER, EVERYWHERE): set(),
    (None, EVERYWHERE): set(),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("role", "group"), MATRIX, ids=[f"{role} {group}".strip() for role, group in MATRIX]
)
def test_a_role_may_do_what_the_matrix_says_and_nothing_else(role, group, question):
    asking = actor((role, group)) if role else actor()
    action, thing, incident = QUESTIONS[question]

    assert permissions.may(asking, action, thing, of=incident) is (question in MATRIX[role, group])


def test_the_matrix_asks_about_every_role():
    assert {role for role, _ in MATRIX if role} == set(Role)


def test_what_no_rule_is_about_nobody_may_do():
    assert not permissions.may(actor((Role.ADMINISTRATOR, "")), "burn it down")
    assert permissions.why_not(actor(), "burn it down") == "Nobody may do that."


@pytest.mark.parametrize(
    ("asking", "action", "thing", "incident", "why"),
    [
        (actor((Role.AUDITOR, "")), Action.EDIT_PROCESS, None, None, "the role process owner"),
        (actor(), Action.CONTROL_PROCESS, None, None, "incident manager or administrator"),
        (actor(), Action.REPORT_INCIDENT, None, None, "reporter or responder"),
        (actor(), Action.READ_EVERY_QUEUE, None, None, "incident manager or process owner"),
        (actor(), Action.MANAGE_ORGANISATION, None, None, "or customer administrator"),
        (actor(), Action.READ_INCIDENT, THEIRS, None, "the role reporter or responder"),
        (actor((Role.AUDITOR, "")), Action.READ_INCIDENT, SECRET, None, "restricted to the people"),
        (
            actor((Role.RESPONDER, "Ours")),
            *(Action.WORK_TASK, OTHERS, THEIRS),
            "It is for the group “Others”; you work for “Ours”.",
        ),
        (actor(), Action.WORK_TASK, OTHERS, THEIRS, "you work for none."),
    ],
)
def test_a_refusal_says_what_may_not_be_done_and_what_it_takes(
    asking, action, thing, incident, why
):
    with pytest.raises(NotAllowed, match=f"^You may not {action}. .*{why}"):
        permissions.require(asking, action, thing, of=incident)


def test_whether_a_task_may_be_seen_without_its_incident_nobody_knows():
    assert not permissions.may(actor((Role.AUDITOR, "")), Action.READ_TASK, OURS)
    assert not permissions.may(actor((Role.RESPONDER, "Ours")), Action.WORK_TASK, OURS)


def test_a_partner_may_do_the_task_of_their_link_and_nothing_else():
    paul = Actor(None, "Paul", frozenset({(Role.ADMINISTRATOR, "")}), only_task="t1")
    theirs, other = Task(id="t1", candidate_group="Ours"), Task(id="t2", candidate_group="Ours")

    may = {
        (action, thing.id)
        for action in Action
        for thing in (theirs, other)
        if permissions.may(paul, action, thing, of=THEIRS)
    }

    assert may == {(Action.READ_TASK, "t1"), (Action.WORK_TASK, "t1")}
    assert not any(permissions.may(paul, action) for action in Action)


# Lists agree with single reads


@pytest.fixture
def incident(database, cast):
    deploy(database, one_task())
    return report(database, cast.rob)


LISTS = {
    "rob": actor((Role.REPORTER, "")),
    "responder": actor((Role.RESPONDER, "Service Desk")),
    "of another group": actor((Role.RESPONDER, "Technical Team")),
    "everywhere": actor((Role.RESPONDER, EVERYWHERE)),
    "manager": actor((Role.INCIDENT_MANAGER, "Technical Team")),
    "auditor": actor((Role.AUDITOR, "")),
    "customer": actor((Role.CUSTOMER, HOME)),
    "nobody": actor(),
}


@pytest.mark.parametrize("is_restricted", [False, True])
@pytest.mark.parametrize("asking", LISTS.values(), ids=LISTS)
def test_a_list_holds_what_may_be_read_one_by_one(asking, is_restricted, database, cast, incident):
    if is_restricted:
        close_to(database, incident, cast.max)

    with database.reading() as session:
        listed = incidents.find(session, asking)
        queue = tasks.find(session, asking, Queue.ALL)
        counted = tasks.count(session, asking)
        single = can_get(incidents.get, session, incident.id, asking)
        task = session.scalars(select(Task)).one()
        single_task = can_get(tasks.get, session, task.id, asking)

    assert bool(listed) is single
    assert bool(queue) is single_task
    assert counted[Queue.ALL] == len(queue)
    assert not (is_restricted and (listed or queue))


def can_get(get, session, name, asking):
    try:
        get(session, name, asking)
    except NotFound:
        return False
    return True


def close_to(database, incident, *readers):
    """Restrict an incident to some people, by the first of them."""
    with database.transaction() as session:
        it = incidents.get(session, incident.id, readers[0])
        restriction.restrict(session, it, [one.id for one in readers], "red", readers[0])


def test_somebody_asks_for_one_group_of_which_they_are_none(database, cast, incident):
    query = permissions.visible(select(Task), cast.tess, Action.READ_TASK, group="Service Desk")

    with database.reading() as session:
        assert session.scalars(query).all() == []


def test_what_is_not_listed_by_permission_is_empty(database, cast, incident):
    query = permissions.visible(select(Incident), cast.ada, Action.EDIT_PROCESS)

    with database.reading() as session:
        assert session.scalars(query).all() == []


# Restricted incidents


def test_a_restricted_incident_is_there_for_the_people_on_its_list_alone(database, cast, incident):
    close_to(database, incident, cast.max, cast.dora)

    with database.reading() as session:
        seen = [
            name
            for name in ("dora", "max", "tess", "olga", "aude", "rob", "ada")
            if incidents.find(session, getattr(cast, name))
        ]
        work = tasks.find(session, cast.dora, Queue.GROUPS)

    assert seen == ["dora", "max"]
    assert [assignment.incident.id for assignment in work] == [incident.id]


def test_a_reader_works_on_its_tasks_and_nobody_else(database, cast, incident):
    close_to(database, incident, cast.max, cast.dora)
    with database.reading() as session:
        (task,) = session.scalars(select(Task))

    with database.transaction() as session:
        tasks.claim(session, task.id, cast.dora)
    with pytest.raises(NotFound), database.transaction() as session:
        tasks.get(session, task.id, actor((Role.RESPONDER, EVERYWHERE)))


def test_who_needs_to_know_is_in_the_history(database, cast, incident):
    close_to(database, incident, cast.max, cast.dora)
    with database.transaction() as session:
        restriction.open_up(session, incidents.get(session, incident.id, cast.max), cast.max)

    closed, opened = entries(database, incident.id, Event.INCIDENT_RESTRICTED)
    assert closed.changes["readers"] == [[], ["Dora Desk", "Max Manager"]]
    assert closed.detail["readers"] == sorted([cast.max.id, cast.dora.id])
    assert closed.changes["tlp"] == [None, "red"]
    assert opened.changes["is_restricted"] == [True, False]
    with database.reading() as session:
        assert incidents.find(session, cast.aude)


@pytest.mark.parametrize(
    ("readers", "tlp", "field"), [((), "purple", "tlp"), (("nobody",), None, "readers")]
)
def test_what_does_not_fit_is_named(readers, tlp, field, database, cast, incident):
    with pytest.raises(InvalidAnswers) as refused, database.transaction() as session:
        it = incidents.get(session, incident.id, cast.max)
        restriction.restrict(session, it, readers, tlp, cast.max)

    assert list(refused.value.errors) == [field]


def test_the_same_again_is_a_conflict(database, cast, incident):
    close_to(database, incident, cast.max)

    with pytest.raises(Conflict, match="restricted to these people already"):
        close_to(database, incident, cast.max)


def test_what_is_open_cannot_be_opened(database, cast, incident):
    with pytest.raises(Conflict, match="is not restricted"), database.transaction() as session:
        restriction.open_up(session, incidents.get(session, incident.id, cast.max), cast.max)


# Customers


def customer(database, cast, role=Role.CUSTOMER):
    with database.transaction() as session:
        session.add(Organisation(id="home", name="Home Ltd", created_at=clock.now()))
    return Actor(cast.rob.id, "Cora Customer", frozenset({(role, HOME)}))


@pytest.mark.parametrize("role", CUSTOMERS)
def test_a_customer_sees_the_public_side_of_what_their_organisation_reported(role, database, cast):
    deploy(database, one_task())
    cora = customer(database, cast, role)
    reported = report(database, cora, title="Portal is down")
    report(database, cast.dora, title="Not theirs")

    with database.reading() as session:
        (seen,) = incidents.find(session, cora)
        colleague = Actor("other", "Colleague", cora.grants)
        theirs = incidents.get(session, reported.number, colleague)
        steps = incidents.next_steps(session, seen, cora)
        told = incidents.timeline(session, seen, colleague)

    assert (seen.id, seen.organisation_id, seen.title) == (reported.id, "home", "Portal is down")
    assert (seen.reported_by, theirs.reported_by) == ("Cora Customer", "")
    assert (seen.priority, seen.phase, seen.category, steps) == (None, None, None, [])
    assert {entry.actor_name for entry in told} <= {"Steadyhand"}


def test_a_customer_reads_that_the_status_changed_and_not_by_which_step(database, cast):
    steps = line(service_task("Drop", "incident.cancel", reason="null"), user_task("Look"))
    deploy(database, bundle(*steps))
    cora = customer(database, cast)
    incident = report(database, cora)

    with database.reading() as session:
        told = incidents.timeline(session, incident, cora)

    (changed,) = (entry for entry in told if "status" in entry.changes and entry.element_name)
    assert (changed.element_name, changed.element_id) == ("The status changed", None)
    assert changed.changes["status"][1] == "cancelled"

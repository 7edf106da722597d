"""The shipped process `incident`: each path as a story, and no flow that no story takes."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest

from engine import bundles, clock, incidents, library, worker
from engine.bpmn.diagram import Kind
from engine.history import Event
from engine.store.tables import IncidentStatus
from tests.factories import SHIPPED, Cast, complete, entries, open_tasks, report

BUNDLE = bundles.read(library.read_directory(SHIPPED))
(DIAGRAM,) = BUNDLE.diagrams.values()
REPORT = {"description": "Nobody gets mail.", "service": "Mail", "affected": "everyone"}


def classified(impact="low", urgency="low", kind="incident"):
    answers = {"kind": kind, "category": "network", "impact": impact, "urgency": urgency}
    return "dora", "ClassifyIncident", answers


def judged(decision):
    answers = {"major_decision": decision, "major_reason": "Everybody is cut off."}
    return "max", "ReviewMajorCandidate", answers


def confirmed(confirmation):
    answers = {"confirmation": confirmation, "confirmation_notes": "Asked by phone."}
    return "dora", "ConfirmResolution", answers


def investigated(next_step):
    return "tess", "InvestigateCause", {"findings": "Disk is full.", "next_step": next_step}


# A step: who answers the task on which element, and what; or how long nothing happens.
CHASED = (
    "max",
    "ChaseClassification",
    {"chase_action": "reminded", "chase_contact": "Dora"},
)
SOLVED = ("dora", "DiagnoseIncident", {"symptoms": "No mail.", "first_contact": "solved"})
PASSED_ON = ("dora", "DiagnoseIncident", {"symptoms": "No mail.", "first_contact": "not_solved"})
ANSWERED = (
    "dora",
    "ObtainInformation",
    {"information_result": "answered", "information_source": "Rob", "information": "Since nine."},
)
SPED_UP = (
    "max",
    "ReviewSlowInvestigation",
    {"slow_reason": "supplier", "slow_action": "Called them.", "wider_impact": "no"},
)
RESTORED = (
    "tess",
    "RestoreService",
    {
        "action_taken": "Cleaned the disk.",
        "resolution_code": "workaround",
        "resolution_notes": "Mail flows again.",
    },
)
ESCALATED = (
    "max",
    "EscalateRestoration",
    {"escalation_target": "team", "escalation_contact": "Tess", "escalation_plan": "Two more."},
)
REVIEWED = (
    "max",
    "HoldReview",
    {
        "what_happened": "The disk ran full.",
        "contributing_factors": "No alert on it.",
        "corrective_actions": "Tess adds one.",
    },
)
CHECKED = (
    "dora",
    "CheckClosureData",
    {
        "category_check": "yes",
        "cause": "Disk full",
        "knowledge_article": "needed",
        "problem_record": "needed",
    },
)


@dataclass(frozen=True)
class Story:
    steps: tuple
    status: IncidentStatus = IncidentStatus.CLOSED
    priority: str | None = "P4"
    is_major: bool = False
    reopened: int = 0


STORIES = {
    "solved at first contact": Story((classified(), SOLVED, confirmed("restored"), CHECKED)),
    "investigated and restored": Story(
        (
            *(classified("medium", "medium"), PASSED_ON, investigated("fix"), RESTORED),
            *(confirmed("restored"), CHECKED),
        ),
        priority="P3",
    ),
    "on hold for an answer": Story(
        (
            *(classified(), PASSED_ON, investigated("information"), ANSWERED),
            *(investigated("fix"), RESTORED, confirmed("restored"), CHECKED),
        )
    ),
    "reopened, because it was not restored": Story(
        (
            *(classified(), SOLVED, confirmed("not_restored"), investigated("fix"), RESTORED),
            *(confirmed("restored"), CHECKED),
        ),
        reopened=1,
    ),
    "major": Story(
        (
            *(classified("high", "high"), judged("promote"), SOLVED, confirmed("restored")),
            *(REVIEWED, CHECKED),
        ),
        priority="P1",
        is_major=True,
    ),
    "P1, but not major": Story(
        (
            *(classified("high", "high"), judged("reject"), SOLVED, confirmed("restored")),
            *(REVIEWED, CHECKED),
        ),
        priority="P1",
    ),
    "P2 is reviewed": Story(
        (classified("high", "medium"), SOLVED, confirmed("restored"), REVIEWED, CHECKED),
        priority="P2",
    ),
    "nobody confirms for five days": Story((classified(), SOLVED, timedelta(days=5), CHECKED)),
    "classified late, and chased": Story(
        (timedelta(minutes=15), CHASED, classified(), SOLVED, confirmed("restored"), CHECKED)
    ),
    "investigated slowly, and restored late": Story(
        (
            *(classified(), PASSED_ON, timedelta(hours=2), SPED_UP, investigated("fix")),
            *(timedelta(hours=4), ESCALATED, RESTORED, confirmed("restored"), CHECKED),
        )
    ),
    "closed with an escalation still open": Story(
        (
            *(classified(), PASSED_ON, investigated("fix"), timedelta(hours=4), RESTORED),
            *(confirmed("restored"), CHECKED),
        )
    ),
    **{
        f"no incident: {kind}": Story(
            (classified(kind=kind),), status=IncidentStatus.CANCELLED, priority=None
        )
        for kind in ("service_request", "duplicate", "not_valid")
    },
}


@dataclass(frozen=True)
class Played:
    """What a story left behind."""

    incident: object
    path: incidents.Path
    trace: list
    waiting: dict


@pytest.fixture(scope="module")
def played(fresh):
    """Every story, told once in one database; time only goes on."""
    waited = []
    with fresh() as database:
        cast = Cast(database)
        with database.transaction() as session:
            library.load_shipped(session)
        try:
            yield {name: play(database, cast, story, waited) for name, story in STORIES.items()}
        finally:
            clock.shift(-sum(waited, timedelta()))


def play(database, cast, story, waited):
    incident = report(database, cast.rob, "incident", **REPORT)
    for step in story.steps:
        if isinstance(step, timedelta):
            clock.shift(step)
            waited.append(step)
            worker.run_once(database)
        else:
            username, element_id, answers = step
            incident = complete(
                database, incident, element_id, getattr(cast, username), **answers
            ).incident
    with database.reading() as session:
        path = incidents.path(session, incident)
    waiting = open_tasks(database, incident, cast.max)
    return Played(incident, path, entries(database, incident.id), waiting)


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_as_it_should(name, played):
    story, incident = STORIES[name], played[name].incident

    assert incident.status is story.status
    assert (incident.priority, incident.is_major) == (story.priority, story.is_major)
    assert incident.reopened_count == story.reopened
    assert incident.closed_at is not None
    assert played[name].waiting == {}
    assert played[name].trace[-1].event == Event.PROCESS_COMPLETED


def test_every_sequence_flow_is_taken_in_some_story(played):
    taken = {element for told in played.values() for element in told.path.done}

    assert DIAGRAM.flows.keys() - taken == set()


def test_every_element_is_reached_in_some_story(played):
    reached = {element for told in played.values() for element in told.path.done}

    assert DIAGRAM.nodes.keys() - reached == set()


def test_every_form_is_answered_in_some_story(played):
    answered = {entry.element_id for told in played.values() for entry in told.trace}
    used = {node.form_key for node in DIAGRAM.nodes.values() if node.id in answered}

    assert used - {None} | set(BUNDLE.start_forms.values()) == BUNDLE.forms.keys()


def test_each_timer_fires_once_in_its_story(played):
    fired = Counter(
        entry.element_id
        for told in played.values()
        for entry in told.trace
        if entry.event == Event.TIMER_FIRED
    )

    assert fired == {
        "ClassificationOverdue": 1,
        "InvestigationSlow": 1,
        "RestorationOverdue": 2,
        "NoAnswer": 1,
    }


def test_closing_takes_an_open_escalation_away(played):
    trace = played["closed with an escalation still open"].trace

    (cancelled,) = [entry for entry in trace if entry.event == Event.TASK_CANCELLED]

    assert cancelled.element_id == "EscalateRestoration"


def test_an_incident_goes_on_hold_with_a_reason_and_comes_back(played):
    trace = played["on hold for an answer"].trace

    held = [e.changes for e in trace if e.element_id in ("PutOnHold", "ResumeWork")]

    assert held == [
        {"status": ["in_progress", "on_hold"], "hold_reason": [None, "Awaiting requester"]},
        {"status": ["on_hold", "in_progress"], "hold_reason": ["Awaiting requester", None]},
    ]


def test_what_was_found_out_and_done_is_on_the_incident(played):
    incident = played["investigated and restored"].incident

    assert (incident.category, incident.impact, incident.urgency) == ("network", "medium", "medium")
    assert incident.resolution_code == "workaround"
    assert incident.resolution_notes == "Mail flows again."
    assert incident.created_at < incident.resolved_at <= incident.closed_at


def test_an_incident_solved_at_first_contact_without_a_code_is_fixed(played):
    assert played["solved at first contact"].incident.resolution_code == "fixed"


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        ("high", "high", "P1"),
        ("high", "medium", "P2"),
        ("high", "low", "P3"),
        ("medium", "high", "P2"),
        ("medium", "medium", "P3"),
        ("medium", "low", "P4"),
        ("low", "high", "P3"),
        ("low", "medium", "P4"),
        ("low", "low", "P4"),
    ],
)
def test_impact_and_urgency_give_the_priority_by_one_rule(impact, urgency, priority):
    decided = BUNDLE.decisions["priority"].evaluate({"impact": impact, "urgency": urgency})

    assert decided.outputs == {"priority": priority}
    assert decided.matched_rules == (f"{impact.title()}Impact{urgency.title()}Urgency",)


def test_the_table_is_asked_for_every_answer_of_the_form():
    form = BUNDLE.forms["classify-incident"]

    levels = {key: {value for value, _ in form.find(key).options} for key in ("impact", "urgency")}

    assert levels == {"impact": {"high", "medium", "low"}, "urgency": {"high", "medium", "low"}}


def test_what_can_wait_is_due_in_working_time_and_what_is_urgent_around_the_clock(played):
    opened = [entry for told in played.values() for entry in told.trace if "due" in entry.detail]

    calendars = {entry.element_id: entry.detail["due"]["calendar"] for entry in opened}

    assert calendars.keys() == {node.id for node in DIAGRAM.of_kind(Kind.USER_TASK)}
    assert {element_id for element_id, calendar in calendars.items() if calendar == "office"} == {
        "ObtainInformation",
        "HoldReview",
        "CheckClosureData",
    }

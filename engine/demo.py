"""A demonstration: a few people, and incidents in different phases, so that no page is empty."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from engine import intake, tasks
from engine.actors import CUSTOMERS, EVERYWHERE, SYSTEM, Actor, Role, of_organisation
from engine.people import accounts, credentials, organisations
from engine.people.credentials import CredentialKind

DEALER = "Moto Dealers Ltd"
_SETTING_UP = replace(SYSTEM, grants=frozenset({(Role.ADMINISTRATOR, EVERYWHERE)}))


@dataclass(frozen=True)
class DemoPerson:
    username: str
    name: str
    role: Role
    group: str  # of a customer, the name of their organisation
    does: str


PEOPLE = (
    DemoPerson("rosa", "Rosa Reyes", Role.REPORTER, EVERYWHERE, "reports incidents"),
    DemoPerson("dora", "Dora Lind", Role.RESPONDER, "Service Desk", "works at the service desk"),
    DemoPerson("tarek", "Tarek Aziz", Role.RESPONDER, "Technical Team", "restores services"),
    DemoPerson(
        "mina", "Mina Okafor", Role.INCIDENT_MANAGER, "Incident Management", "manages incidents"
    ),
    DemoPerson("otto", "Otto Brandt", Role.PROCESS_OWNER, EVERYWHERE, "owns the process"),
    DemoPerson("aude", "Aude Martin", Role.AUDITOR, EVERYWHERE, "audits everything"),
    DemoPerson("ada", "Ada Novak", Role.ADMINISTRATOR, EVERYWHERE, "lets people in"),
    DemoPerson(
        "carl", "Carl Moto", Role.CUSTOMER_ADMINISTRATOR, DEALER, "is a dealer, with a portal"
    ),
)

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Story:
    """A report, and the steps that were taken since: who, on which element, with which answers."""

    report: Answers
    steps: tuple[tuple[str, str, Answers], ...] = ()
    reporter: str = "rosa"


def _classified(category: str, impact: str, urgency: str) -> tuple[str, str, Answers]:
    answers = {"kind": "incident", "category": category, "impact": impact, "urgency": urgency}
    return "dora", "ClassifyIncident", answers


_NOT_SOLVED = (
    "dora",
    "DiagnoseIncident",
    {"symptoms": "See report.", "first_contact": "not_solved"},
)

STORIES = (
    Story(
        {
            "title": "Label printer in warehouse 2 prints blank labels",
            "description": "Since the morning shift. New roll, same result.",
            "service": "Warehouse printing",
            "affected": "team",
        }
    ),
    Story(
        {
            "title": "Dealers cannot place orders in the portal",
            "description": "The order page answers with an error for every dealer.",
            "service": "Dealer portal",
            "affected": "customers",
        },
        (_classified("application", "high", "high"),),
        reporter="carl",
    ),
    Story(
        {
            "title": "Mail arrives hours late",
            "description": "Mail from outside takes two to three hours.",
            "service": "Mail",
            "affected": "everyone",
        },
        (_classified("application", "medium", "high"), _NOT_SOLVED),
    ),
    Story(
        {
            "title": "Phone queue drops callers",
            "description": "Every third caller is cut off after the greeting.",
            "service": "Telephony",
            "affected": "customers",
        },
        (
            _classified("network", "medium", "medium"),
            (
                "dora",
                "DiagnoseIncident",
                {
                    "symptoms": "Calls end after 12 seconds.",
                    "first_contact": "solved",
                    "resolution_code": "workaround",
                    "resolution_notes": "Routed the queue over the second line.",
                },
            ),
        ),
    ),
    Story(
        {
            "title": "Home office has no way into the network",
            "description": "The remote access client says that the gateway does not answer.",
            "service": "Remote access",
            "affected": "everyone",
        },
        (
            _classified("network", "high", "medium"),
            (
                "dora",
                "DiagnoseIncident",
                {
                    "symptoms": "Gateway certificate ended at midnight.",
                    "first_contact": "solved",
                    "resolution_code": "fixed",
                    "resolution_notes": "Renewed the certificate.",
                },
            ),
            (
                "dora",
                "ConfirmResolution",
                {"confirmation": "restored", "confirmation_notes": "Rosa works from home again."},
            ),
        ),
    ),
    Story(
        {
            "title": "Please give me a second monitor",
            "description": "For the new desk.",
            "service": "Workplace",
            "affected": "me",
        },
        (
            (
                "dora",
                "ClassifyIncident",
                {
                    "kind": "service_request",
                    "category": "device",
                    "impact": "low",
                    "urgency": "low",
                    "classification_notes": "Passed on to the service catalogue.",
                },
            ),
        ),
    ),
)


def seed(session: Session) -> None:
    """Add the people, and tell each story as far as it goes."""
    actors = {}
    dealer = organisations.add(session, DEALER, _SETTING_UP)
    for person in PEOPLE:
        is_dealer = person.role in CUSTOMERS
        grants = [(person.role, of_organisation(dealer.id) if is_dealer else person.group)]
        added = accounts.add(session, person.username, person.name, grants, SYSTEM)
        actors[person.username] = Actor(added.id, added.name, frozenset(grants))
    for story in STORIES:
        _tell(session, story, actors)


def links(session: Session) -> list[tuple[DemoPerson, str]]:
    """A fresh one-time secret for each demo person who is there."""
    found = [(person, accounts.find(session, person.username)) for person in PEOPLE]
    return [
        (person, credentials.issue(session, account.id, CredentialKind.LINK, SYSTEM))
        for person, account in found
        if account
    ]


def _tell(session: Session, story: Story, actors: Mapping[str, Actor]) -> None:
    incident = intake.report(session, "incident", story.report, "web", actors[story.reporter])
    for username, element_id, answers in story.steps:
        actor = actors[username]
        waiting = tasks.find(session, actor, tasks.Queue.ALL, incident_id=incident.id)
        task = next(a.task for a in waiting if a.task.element_id == element_id)
        tasks.complete(session, task.id, answers, actor)

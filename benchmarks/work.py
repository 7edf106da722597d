"""The work that benchmarks repeat: one incident of the shipped process from report to closure.

Create, list, complete four times, read: classify, diagnose and solve, confirm, check closure data.
"""

from collections.abc import Callable
from typing import Any

from engine import library
from engine.actors import SYSTEM, Role
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.store.database import Database

REPORT = {
    "process": "incident",
    "answers": {
        "title": "Mail is down",
        "description": "Nobody can send mail since nine o'clock.",
        "service": "Mail",
        "affected": "everyone",
    },
}
ANSWERS = (
    {"kind": "incident", "category": "messaging", "impact": "medium", "urgency": "medium"},
    {
        "symptoms": "Queue is full",
        "first_contact": "solved",
        "resolution_code": "fixed",
        "resolution_notes": "Queue emptied",
    },
    {"confirmation": "restored", "confirmation_notes": "The reporter sends mail again."},
    {
        "category_check": "yes",
        "cause": "Queue",
        "knowledge_article": "exists",
        "problem_record": "not_needed",
    },
)
CALLS = ("create", "list", *("complete",) * len(ANSWERS), "read")
DESK = ((Role.RESPONDER, "Service Desk"),)

Call = Callable[..., Any]  # name of the call, method, address, body -> what is answered


def prepare(database: Database) -> str:
    """Deploy the shipped process and add one person; returns their API token."""
    with database.transaction() as session:
        library.load_shipped(session)
        person = accounts.add(session, "dora", "Dora Desk", DESK, SYSTEM)
        return credentials.issue(session, person.id, CredentialKind.TOKEN, SYSTEM)


def lifecycle(call: Call) -> None:
    """One incident, from report to closure."""
    incident_id = call("create", "POST", "/api/v1/incidents", REPORT)["id"]
    waiting = f"/api/v1/tasks?incident={incident_id}"
    task = call("list", "GET", waiting)["items"][0]["task"]
    for answers in ANSWERS:
        path, body = f"/api/v1/tasks/{task['id']}/complete", {"answers": answers}
        task = next(iter(call("complete", "POST", path, body)["next_tasks"]), None)
    incident = call("read", "GET", f"/api/v1/incidents/{incident_id}")
    if incident["status"] != "closed":
        raise SystemExit(f"The incident is {incident['status']}, not closed.")

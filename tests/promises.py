"""A process whose incidents have service clocks, with targets by their priority."""

from tests import decisions as dmn
from tests.diagrams import form, radio, service_task, user_task
from tests.engine.calendars import ALWAYS, written

CLOCK = """
[[service_clock]]
kind = "{kind}"
title = "{title}"
decision = "targets"
duration = "{kind}_in"
calendar = "hours"
pauses = {pauses}
"""
RESPOND = CLOCK.format(kind="respond", title="First response", pauses="[]")
RESOLVE = CLOCK.format(kind="resolve", title="Resolution", pauses='["Awaiting vendor"]')
CALENDARS = written() + written(hours=ALWAYS, name="always")
PRIORITIES = {
    # priority: respond_in, resolve_in, hours
    "null": ('"PT15M"', "null", '"always"'),
    '"P1"': ('"PT15M"', '"PT4H"', '"always"'),
    '"P2"': ('"PT15M"', '"PT8H"', '"nowhere"'),
    '"P3"': ('"PT15M"', '"PT16H"', '"office"'),
    '"P4"': ('"PT15M"', '"soon"', '"office"'),
}
TARGETS = dmn.definitions(
    dmn.decision(
        "targets",
        dmn.table(
            dmn.column("incident.priority"),
            *(dmn.output(name, gives="string") for name in ("respond_in", "resolve_in", "hours")),
            *(dmn.rule(f"R{n}", [at], row) for n, (at, row) in enumerate(PRIORITIES.items())),
            policy="UNIQUE",
        ),
    )
)
CLASSIFICATION = form("classify", radio("priority", "P1", "P2", "P3", "P4"))
CLASSIFIED = {"category": "'x'", "impact": "'high'", "urgency": "'high'", "priority": "priority"}
CLASSIFIED = {name: text.replace("'", "&quot;") for name, text in CLASSIFIED.items()}
SOLVED = {"resolution_code": "&quot;fixed&quot;", "resolution_notes": "note"}
STEPS = (
    user_task("Classify", form="classify"),
    service_task("Classified", "incident.classify", **CLASSIFIED),
    user_task("Look"),
    service_task("Held", "incident.hold", reason="note"),
    user_task("Wait", form="classify"),
    service_task("Resumed", "incident.resume"),
    service_task("Reclassified", "incident.classify", **CLASSIFIED),
    user_task("Repair"),
    service_task("Solved", "incident.resolve", **SOLVED),
    user_task("Confirm"),
    service_task("Reopened", "incident.reopen", reason="note"),
    user_task("Again"),
)

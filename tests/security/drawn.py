"""Diagrams, decisions and forms with a probe in each text that their owner gives."""

import json
from html import escape

from engine import clock
from tests import diagrams
from tests.diagrams import bundle, caught, gateway, line, rule_task, user_task
from tests.security.probes import ALL, NAME, PROBES

DIAGRAM = "processes/probe/probe.bpmn"
# To a question of each type.
ANSWERS = {"textfield": ALL, "textarea": ALL, "number": 1, "checkbox": True}
ANSWERS |= {"radio": PROBES[0], "select": PROBES[1]}
_TEXTS = {"Do Look": NAME, "A small process": NAME, "Do it.": ALL, "For a test.": ALL}


def bundled():
    """A process that can run, and a question of each type."""
    questions = [
        {"type": type_, "key": type_, "label": ALL, "description": ALL, **options}
        for type_, options in (
            ("textfield", {"defaultValue": ALL}),
            ("textarea", {"defaultValue": ALL}),
            ("number", {}),
            ("checkbox", {}),
            ("radio", {"values": [{"value": PROBES[0], "label": ALL}]}),
            ("select", {"values": [{"value": PROBES[1], "label": ALL}]}),
        )
    ]
    explained = {"type": "text", "text": ALL}
    table = diagrams.table("size", "size", ("-", escape(f'"{ALL.replace(chr(34), "")}"')))
    look = user_task("Look", form="all", due_in="PT1H", calendar=escape(PROBES[0]))
    files = bundle(
        *line(rule_task("Size", "size"), look, user_task("Check")),
        process_id="probe",
        rules=_calendar(PROBES[0], closed_for=ALL),
        forms={"all": diagrams.form("all", explained, *questions)},
        decisions={"size": table.replace(b'name="Decide"', _named(NAME))},
    )
    files[DIAGRAM] = _with(files[DIAGRAM], _TEXTS)
    manifest = "processes/probe/bundle.toml"
    files[manifest] = files[manifest].replace(b'"Small"', f"'''{PROBES[0]}'''".encode())
    return files


def drafted():
    """The diagram, unfinished: probes also where the checks would not let a version have them."""
    shown = [escape(probe) for probe in PROBES]
    files = bundle(
        *line(
            user_task(
                "Look", form=shown[0], due_in=shown[1], signature=shown[2], calendar=shown[4]
            ),
            caught("Hear", "message", "Mail", correlationKey=shown[3]),
            gateway("Way", default="Way_Done"),
        ),
        diagrams.flow("Way", "Look", escape(ALL)),
        process_id="probe",
        lane=escape(NAME),
        phase=shown[5],
    )
    texts = _TEXTS | {"Which way?": NAME, "Do Hear": NAME}
    return _with(files[DIAGRAM], texts).replace(b'name="Mail"', _named(PROBES[1]))


def _calendar(name, closed_for):
    """It is always open, but on the day on which its tasks open."""
    return f"""
[[calendar]]
name = {json.dumps(name)}
time_zone = "UTC"
hours = "24x7"
[[calendar.closed]]
date = {clock.now():%Y-%m-%d}
reason = {json.dumps(closed_for)}
"""


def _with(content, texts):
    for plain, probes in texts.items():
        content = content.replace(plain.encode(), escape(probes).encode())
    return content


def _named(probe):
    return f'name="{escape(probe)}"'.encode()

"""Scenarios in a few words, for a bundle of the tests."""

import json

START = "2026-03-02T09:00:00+01:00"


def scenario(*steps, **parts):
    """The content of a scenario file; ``parts`` stand beside or instead of the usual ones."""
    usual = {"title": "A story", "start_at": START, "report": {"title": "Mail is down"}}
    return json.dumps(usual | {"steps": steps} | parts).encode()


def complete(task="Look", note="seen", **parts):
    return {"complete": task, "answers": {"note": note}, **parts}


def with_scenarios(files, *contents, process_id="small"):
    """The bundle and its scenarios, called 1.json and so on."""
    numbered = enumerate(contents, start=1)
    return files | {f"processes/{process_id}/tests/{n}.json": c for n, c in numbered}

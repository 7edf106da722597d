"""What scenarios cover: the flows that tokens take, and the rules that match."""

import pytest

from engine.library.scenarios import coverage, trial
from tests.diagrams import (
    bundle,
    call,
    caught,
    end,
    flow,
    gateway,
    inside,
    line,
    one_task,
    rule_task,
    start,
    subprocess,
    table,
    user_task,
)
from tests.scenarios import complete, scenario, with_scenarios


def parted(kind, target=user_task):
    """Look, then a gateway with three ways to One, Two and Three."""
    ways = [
        element
        for name in ("One", "Two", "Three")
        for element in (target(name), end(f"{name}Done"), flow(name, f"{name}Done"))
    ]
    default = "Which_Three" if kind != "parallel" else None
    conditions = {name: f'contains(note, "{name}")' if default else None for name in ("One", "Two")}
    return bundle(
        *(start(), user_task("Look"), gateway("Which", kind, default=default), *ways),
        *(flow("Reported", "Look"), flow("Look", "Which"), flow("Which", "Three")),
        *(flow("Which", name, condition) for name, condition in conditions.items()),
    )


def awaited():
    """An event-based gateway before two timers and a message."""
    return bundle(
        *(start(), gateway("Which", "eventBased"), caught("Soon", "timer", "PT1H")),
        *(caught("Late", "timer", "PT2H"), caught("Come", "message", "come")),
        *(end(), flow("Reported", "Which"), flow("Which", "Soon"), flow("Which", "Late")),
        *(flow("Which", "Come"), flow("Soon", "Done"), flow("Late", "Done"), flow("Come", "Done")),
    )


def taken(files, *scenarios):
    """Flow id -> how often, of those that were taken."""
    return counts(trial.run(with_scenarios(files, *scenarios)), "diagram")


def counts(tried, kind):
    assert tried.failed == []
    parts = [part for part in tried.parts if part.kind == kind]
    return {item.id: item.times for part in parts for item in part.items if item.times}


def beyond_look(files, note):
    """Which ways a gateway has let go on."""
    flows = taken(files, scenario(complete(note=note)))
    return {flow.removeprefix("Which_") for flow in flows if flow.startswith("Which_")}


GATEWAYS = {
    "exclusive, first": ("exclusive", "One Two", {"One"}),
    "exclusive, default": ("exclusive", "nothing", {"Three"}),
    "inclusive, several": ("inclusive", "One Two", {"One", "Two"}),
    "inclusive, default": ("inclusive", "nothing", {"Three"}),
    "parallel": ("parallel", "nothing", {"One", "Two", "Three"}),
}


@pytest.mark.parametrize(("kind", "note", "ways"), GATEWAYS.values(), ids=GATEWAYS)
def test_a_flow_is_covered_when_its_gateway_takes_it(kind, note, ways):
    assert beyond_look(parted(kind), note) == ways


@pytest.mark.parametrize(
    ("step", "event"),
    [({"wait": "PT1H"}, "Soon"), ({"message": "come"}, "Come")],
)
def test_of_the_flows_to_events_that_is_covered_whose_event_wins(step, event):
    flows = taken(awaited(), scenario(step))

    assert flows == {"Reported_Which": 1, f"Which_{event}": 1, f"{event}_Done": 1}


def test_flows_are_counted_over_all_scenarios():
    flows = taken(one_task(), scenario(complete()), scenario())

    assert flows == {"Reported_Look": 2, "Look_Done": 1}


def test_what_a_scenario_took_before_it_failed_counts():
    tried = trial.run(with_scenarios(one_task(), scenario(complete(), complete())))

    assert (len(tried.failed), tried.covered, tried.total) == (1, 2, 2)


def test_flows_of_sub_processes_and_called_processes_count():
    files = bundle(
        *line(subprocess("Inner", *inside("Inner", user_task("Look"))), call("Call", "other")),
        calls={"other": line(user_task("Act"))},
    )

    tried = trial.run(with_scenarios(files, scenario(complete())))

    assert counts(tried, "diagram") == {
        "Reported_Inner": 1,
        "InnerBegin_Look": 1,
        "Look_InnerEnd": 1,
        "Inner_Call": 1,
        "Reported_Act": 1,
    }
    assert {part.id: part.percent for part in tried.parts} == {"small": 80, "other": 50}


def test_rules_that_match_are_covered_those_of_required_decisions_too():
    files = bundle(
        *line(user_task("Look"), rule_task("Decide", "size")),
        decisions={"size": REQUIRING},
    )

    tried = trial.run(with_scenarios(files, scenario(complete(note="a"))))

    rules = {part.id: [item.times for item in part.items] for part in tried.parts}
    assert rules == {"small": [1, 1, 1], "level": [1, 0], "size": [0, 1]}


def test_a_rule_is_named_by_its_row_and_cells():
    files = bundle(
        *line(user_task("Look"), rule_task("Decide", "size")),
        decisions={"size": table("size", "size", ('"a"', "1"), ('"b"', "2"))},
    )

    (part,) = [p for p in trial.run(with_scenarios(files, scenario())).parts if p.kind == "table"]

    assert [item.name for item in part.missing] == ['row 1: "a" gives 1', 'row 2: "b" gives 2']


@pytest.mark.parametrize(("covered", "total", "shown"), [(999, 1000, 99), (3, 3, 100), (0, 0, 100)])
def test_only_everything_is_shown_as_100_percent(covered, total, shown):
    assert coverage.percent(covered, total) == shown


def _decision(name, reads, rules, requires=""):
    rows = "".join(
        f'<rule id="{name}{n}"><inputEntry><text>{cell}</text></inputEntry>'
        f"<outputEntry><text>{value}</text></outputEntry></rule>"
        for n, (cell, value) in enumerate(rules, start=1)
    )
    return f"""<decision id="{name.lower()}" name="{name.lower()}">
      <variable name="{name.lower()}"/>{requires}
      <decisionTable id="{name}Table"><input><inputExpression><text>{reads}</text>
      </inputExpression></input><output name="{name.lower()}"/>{rows}</decisionTable></decision>"""


REQUIRING = f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="All">
  {_decision("Level", "note", [('"a"', "1"), ('"b"', "2")])}
  {
    _decision(
        "Size",
        "level",
        [("2", "20"), ("1", "10")],
        '<informationRequirement><requiredDecision href="#level"/></informationRequirement>',
    )
}
  </definitions>""".encode()

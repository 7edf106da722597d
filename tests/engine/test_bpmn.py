"""The kernel alone: what a compiled diagram does from one wait to the next."""

import statistics
import time
from datetime import timedelta
from itertools import pairwise

import pytest

from engine import clock
from engine.bpmn import reader, run
from engine.bpmn.instance import MAX_STEPS
from engine.errors import Conflict, InvalidAnswers, InvalidDocument
from tests.diagrams import (
    catch,
    end,
    flow,
    gateway,
    line,
    one_task,
    process,
    rule_task,
    service_task,
    start,
    table,
    timer,
    user_task,
)
from tests.stories import FACTS, OPERATIONS, Story, compiled

HOUR = timedelta(hours=1)


def two_ways(condition):
    """Look, then A if the condition holds, else B."""
    return compiled(
        *(start(), user_task("Look"), gateway("Way", default="Way_B")),
        *(user_task("A"), user_task("B"), end()),
        *(flow("Reported", "Look"), flow("Look", "Way"), flow("Way", "A", condition)),
        *(flow("Way", "B"), flow("A", "Done"), flow("B", "Done")),
    )


def side_by_side(*, end_of_a="Done", terminate=False):
    """A and B at the same time; A may have an end of its own."""
    own_end = () if end_of_a == "Done" else (end(end_of_a, terminate),)
    return compiled(
        *(start(), gateway("Fork", "parallel"), user_task("A"), user_task("B"), end()),
        *(flow("Reported", "Fork"), flow("Fork", "A"), flow("Fork", "B")),
        *(*own_end, flow("A", end_of_a), flow("B", "Done")),
    )


def joined():
    """A and B at the same time, then C."""
    return compiled(
        *(start(), gateway("Fork", "parallel"), user_task("A"), user_task("B")),
        *(gateway("Join", "parallel"), user_task("C"), end()),
        *(flow("Reported", "Fork"), flow("Fork", "A"), flow("Fork", "B")),
        *(flow("A", "Join"), flow("B", "Join"), flow("Join", "C"), flow("C", "Done")),
    )


def loop():
    """Look, again and again, until the note says so."""
    return compiled(
        *line(user_task("Look"), gateway("Again", default="Again_Done")),
        flow("Again", "Look", 'note = "again"'),
    )


def timed(*, interrupts):
    """Look, and Chase after an hour, beside it or instead of it."""
    return compiled(
        *line(user_task("Look")),
        *(timer("Late", "Look", "PT1H", interrupts), user_task("Chase"), end("Chased")),
        *(flow("Late", "Chase"), flow("Chase", "Chased")),
    )


@pytest.mark.parametrize(
    ("note", "taken"),
    [("yes", "A"), ("no", "B"), (7, "B"), (None, "B"), ([], "B")],
    ids=["true", "false", "of another type", "null", "empty"],
)
def test_an_exclusive_gateway_takes_a_condition_that_is_true_and_else_the_default(note, taken):
    story = Story(two_ways('note = "yes"')).complete("Look", note=note)

    assert story.waits == [taken]
    assert story.steps[-1].detail["flow_id"] == f"Way_{taken}"


@pytest.mark.parametrize(("value", "taken"), [(True, "A"), (1, "B"), ("true", "B"), ("yes", "B")])
def test_only_a_plain_true_takes_a_flow(value, taken):
    assert Story(two_ways("note")).complete("Look", note=value).waits == [taken]


def test_a_parallel_gateway_opens_every_way_and_waits_for_all_of_them():
    story = Story(joined())

    assert story.waits == ["A", "B"]
    assert story.complete("B").waits == ["A"]
    assert story.complete("A").waits == ["C"]
    assert story.complete("C").now.is_ended


def test_a_loop_is_gone_round_until_its_condition_no_longer_holds():
    story = Story(loop())

    for note in ("again", "again", "enough"):
        story.complete("Look", note=note)

    assert story.trace == ["Reported", *["Look", "Again"] * 3, "Done"]
    assert story.now.is_ended


def test_a_timer_that_does_not_interrupt_opens_its_path_beside_the_task(time_travel):
    story = Story(timed(interrupts=False))

    time_travel(HOUR)
    story.fire()

    assert story.waits == ["Chase", "Look"]
    assert story.complete("Look").waits == ["Chase"]
    assert story.complete("Chase").now.is_ended


def test_a_timer_that_interrupts_takes_the_task_away(time_travel):
    story = Story(timed(interrupts=True))

    time_travel(HOUR)
    story.fire()

    assert story.waits == ["Chase"]
    assert story.complete("Chase").now.is_ended
    assert "Look" not in story.trace


@pytest.mark.parametrize("interrupts", [True, False])
def test_a_timer_ends_with_its_task(interrupts, time_travel):
    story = Story(timed(interrupts=interrupts))

    story.complete("Look")
    time_travel(HOUR)
    story.fire()

    assert story.now.is_ended
    assert story.now.timers == ()
    assert "Late" not in story.trace


def test_a_timer_fires_not_before_its_time_and_only_once(time_travel):
    story = Story(timed(interrupts=False))

    time_travel(HOUR - timedelta(seconds=5))
    story.fire()
    assert story.waits == ["Look"]

    time_travel(timedelta(seconds=5))
    story.fire().fire()
    assert story.trace.count("Late") == 1
    assert story.waits == ["Chase", "Look"]


def test_a_catching_timer_holds_the_process_and_says_until_when(time_travel):
    story = Story(compiled(*line(catch("Wait", "P1D"), user_task("Look"))))

    (waiting,) = story.now.timers
    time_travel(timedelta(days=1))

    assert story.waits == []
    assert abs(waiting.due_at - clock.now()) < timedelta(seconds=5)
    assert story.fire().waits == ["Look"]


@pytest.mark.parametrize(
    ("terminate", "left"), [(True, []), (False, ["B"])], ids=["terminating", "plain"]
)
def test_only_a_terminating_end_takes_the_other_tasks_away(terminate, left):
    story = Story(side_by_side(end_of_a="Stopped", terminate=terminate))

    story.complete("A")

    assert story.waits == left
    assert story.now.is_ended is terminate


@pytest.mark.parametrize(
    ("definition", "moves"),
    [
        (two_ways('note = "yes"'), [("Look", {"note": "yes"}), ("A", {})]),
        (joined(), [("B", {"note": "b"}), ("A", {"note": "a"}), ("C", {})]),
        (loop(), [("Look", {"note": "again"}), ("Look", {"note": ""})]),
        (side_by_side(end_of_a="Stopped", terminate=True), [("A", {})]),
        (timed(interrupts=True), [HOUR, ("Chase", {})]),
        (timed(interrupts=False), [HOUR, ("Chase", {}), ("Look", {})]),
    ],
    ids=["exclusive", "parallel", "loop", "terminate", "interrupting", "not interrupting"],
)
def test_restoring_and_saving_between_the_steps_changes_nothing(definition, moves, time_travel):
    plain, restored = Story(definition), Story(definition, again=True)

    for move in moves:
        if isinstance(move, timedelta):
            time_travel(move)
        for story in (plain, restored):
            story.fire() if isinstance(move, timedelta) else story.complete_with(*move)
        assert restored.waits == plain.waits

    assert _without_tokens(restored.steps) == _without_tokens(plain.steps)
    assert restored.now.is_ended


def _without_tokens(steps):
    return [(step.node, step.process_id, step.changes, step.detail) for step in steps]


def test_a_snapshot_restored_and_saved_is_the_same_text():
    definition = timed(interrupts=False)
    saved = run.save(run.start(definition, FACTS, OPERATIONS))

    again = run.save(run.restore(definition, saved, FACTS, OPERATIONS))

    assert again == saved


def test_two_instances_of_one_definition_do_not_influence_each_other():
    definition = joined()
    one, other = Story(definition), Story(definition)

    one.complete("A", note="of one")
    other.complete("B", note="of the other")
    one.complete("B").complete("C", note="ended")

    assert one.now.is_ended
    assert other.waits == ["A"]
    assert other.complete("A", note="again").steps[-2].changes == {
        "note": ("of the other", "again")
    }
    assert other.waits == ["C"]


@pytest.mark.parametrize(
    "key",
    ["typename", "__class__", "self", "a.b", "a b", "", "x" * 5_000, "Ünïcode", "1"],
    ids=lambda key: key[:9],
)
def test_any_key_of_an_answer_is_data_and_nothing_else(key):
    story = Story(loop())

    story.complete_with("Look", {key: {"typename": "timedelta"}, "note": "again"})
    story.complete_with("Look", {key: ["other"], "note": "enough"})

    looked = [step.changes for step in story.steps if step.element_id == "Look"]
    assert looked[0][key] == (None, {"typename": "timedelta"})
    assert looked[1][key] == ({"typename": "timedelta"}, ["other"])
    assert story.now.is_ended


def test_an_answer_that_only_changes_its_type_is_kept_and_told():
    story = Story(loop())

    story.complete("Look", flag=1, note="again")
    story.complete("Look", flag=True, note="again")
    story.complete("Look", flag="seen", note="enough")

    looked = [step.changes["flag"] for step in story.steps if step.element_id == "Look"]
    assert repr(looked) == "[(None, 1), (1, True), (True, 'seen')]"


def test_an_answer_named_incident_is_refused_and_the_task_stays():
    story = Story(two_ways('incident.title = "forged"'))

    with pytest.raises(InvalidAnswers) as refusal:
        story.complete_with("Look", {"incident": {"title": "forged"}})

    assert list(refusal.value.errors) == ["incident"]
    assert story.complete("Look").waits == ["B"]


def test_an_operation_changes_what_later_conditions_read():
    way = gateway("Way", default="Way_B")
    story = Story(
        compiled(
            *(start(), service_task("Declare", "incident.declare_major", reason="1"), way),
            *(user_task("A"), user_task("B"), end(), flow("Reported", "Declare")),
            *(flow("Declare", "Way"), flow("Way", "A", "incident.is_major"), flow("Way", "B")),
            *(flow("A", "Done"), flow("B", "Done")),
        )
    )

    assert story.waits == ["A"]
    assert story.steps[1].changes == {"is_major": (False, True)}
    assert FACTS["is_major"] is False


def test_a_decision_puts_its_outputs_into_the_data_and_says_which_rule_matched():
    sized = table("size", "size", ('"big"', "3"), ('"small"', "1"))
    story = Story(
        compiled(
            *line(user_task("Look"), rule_task("Decide", "size"), user_task("A")),
            decisions={"size": sized},
        )
    )

    story.complete("Look", note="small")

    assert story.steps[-1].changes == {"size": (None, 1)}
    assert story.steps[-1].detail["matched_rules"] == ["Rule2"]


FAILING = {
    "an operation that refuses": (
        compiled(*line(service_task("Close", "incident.close"))),
        "Close",
        "An incident is resolved before it is closed.",
    ),
    "an operation without its value": (
        compiled(*line(service_task("Hold", "incident.hold", reason="note"))),
        "Hold",
        "An incident goes on hold with a reason.",
    ),
    "a gateway without a way": (
        compiled(
            *(start(), gateway("Way"), end(), flow("Reported", "Way")),
            *(flow("Way", "Done", "note = 1"), flow("Way", "Done", "null", flow_id="Other")),
        ),
        "Way",
        "No condition holds",
    ),
    "a decision that contradicts itself": (
        compiled(
            *line(rule_task("Decide", "size")),
            decisions={"size": table("size", "size", ("-", "1"), ("-", "2"))},
        ),
        "Decide",
        "only one may",
    ),
    "a join that one way never reaches": (
        compiled(
            *(start(), gateway("Way", default="Way_Join"), end(), flow("Reported", "Way")),
            *(gateway("Join", "parallel"), gateway("Other", "parallel")),
            *(flow("Way", "Join"), flow("Way", "Other", "false"), flow("Other", "Join")),
            flow("Join", "Done"),
        ),
        "Join",
        "waits for nothing that can come",
    ),
    "a loop that never waits": (
        compiled(
            *line(gateway("Again", default="Again_Done")),
            flow("Again", "Again", "true"),
        ),
        "Again",
        "More than 1000 elements ran without a wait",
    ),
}


@pytest.mark.parametrize(("definition", "element_id", "message"), FAILING.values(), ids=FAILING)
def test_what_cannot_go_on_is_a_failure_that_names_the_element(definition, element_id, message):
    story = Story(definition)

    assert story.failure.element_id == element_id
    assert message in story.failure.message
    assert not story.now.is_ended
    assert story.waits == []


def crowd(tokens, elements):
    """That many tokens on a line of that many elements, with nobody to wait for."""
    ways, chain = [f"W{i}" for i in range(tokens)], [f"E{i}" for i in range(elements)]
    flows = [flow("Fork", way) for way in ways] + [flow(way, chain[0]) for way in ways]
    flows += [flow(*pair) for pair in pairwise([*chain, "Done"])]
    nodes = map(gateway, ways + chain)
    fork = (start(), gateway("Fork", "parallel"), end(), flow("Reported", "Fork"))
    return compiled(*fork, *nodes, *flows)


def test_work_that_has_no_end_without_a_wait_hits_the_budget():
    story = Story(crowd(100, 10))

    assert "1000 elements ran without a wait" in story.now.failures[0].message
    assert MAX_STEPS - 2 < len(story.steps) <= MAX_STEPS


def test_a_loop_may_be_gone_round_any_number_of_times():
    story = Story(loop(), again=True)

    for _ in range(2_000):
        story.complete("Look", note="again")

    assert story.waits == ["Look"]
    assert len(run.save(story.instance)) < 500
    assert story.complete("Look", note="enough").now.is_ended


def test_a_round_costs_the_same_after_two_thousand_others():
    definition = loop()
    early, late = looped(definition, 2), looped(definition, 2_000)

    # Taken in turns, so that both feel the same machine.
    seconds = [(next_step(definition, early), next_step(definition, late)) for _ in range(500)]

    of_early, of_late = map(statistics.median, zip(*seconds, strict=True))
    assert of_late < 1.2 * of_early


def looped(definition, rounds):
    """What is saved of an instance that went round its loop so often."""
    story = Story(definition, again=True)
    for _ in range(rounds):
        story.complete("Look", note="again")
    return run.save(story.instance)


def next_step(definition, saved):
    """Seconds of CPU to take it up, complete its task, run on and save it."""
    before = time.thread_time()
    instance = run.restore(definition, saved, FACTS, OPERATIONS)
    (task,) = instance.progress().open_tasks
    instance.complete(task.id, {"note": "again"})
    run.save(instance)
    return time.thread_time() - before


def test_the_longest_line_that_may_be_deployed_runs_to_its_end():
    gateways = [gateway(f"G{i}", "parallel") for i in range(298)]

    story = Story(compiled(*line(*gateways)))

    assert story.now.is_ended
    assert len(story.steps) == 300


def test_a_task_cannot_be_completed_twice():
    story = Story(joined())
    task = story.now.open_tasks[0]
    story.complete(task.element_id)

    with pytest.raises(Conflict, match="gone on without this"):
        story.instance.complete(task.id, {})


GOOD = one_task()["processes/small/small.bpmn"].decode()
BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
HOSTILE = {
    "a DOCTYPE": GOOD.replace("<bpmn:def", "<!DOCTYPE bpmn:definitions><bpmn:def", 1),
    "an external entity": GOOD.replace(
        "<bpmn:def", '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><bpmn:def', 1
    ).replace("Do Look", "&e;"),
    "a billion laughs": GOOD.replace(
        "<bpmn:def", f'<!DOCTYPE d [<!ENTITY e0 "ha">{BOMB}]><bpmn:def', 1
    ).replace("Do it.", "&e9;"),
    "an unknown entity": GOOD.replace("Do it.", "&unknown;"),
    "a deep tree": "<a>" * 9_999 + "</a>" * 9_999,
    "2 MB": GOOD.replace("Do it.", "x" * 2_000_000),
    "2 MB of elements": f"<a>{'<b/>' * 500_000}</a>",
    "nothing": "",
    "no XML": '{"bpmn": true}',
    "other XML": "<html/>",
    "two processes": GOOD.replace(
        "</bpmn:definitions>", '<bpmn:process id="other"/></bpmn:definitions>'
    ),
    "no executable process": GOOD.replace('isExecutable="true"', ""),
    "one id twice": process(*line(user_task("Look"), user_task("Look"))).decode(),
    "an element without id": GOOD.replace(' id="Look"', ""),
    "bounds that are words": GOOD.replace('x="10"', 'x="ten"'),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_hostile_or_no_process_is_refused_at_once(content):
    began = time.perf_counter()

    with pytest.raises(InvalidDocument) as refusal:
        reader.read(content.encode())

    assert time.perf_counter() - began < 0.5
    assert "root:" not in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("no", ["false", "0"])
@pytest.mark.parametrize("yes", ["true", "1"])
def test_cancel_activity_is_read_as_xml_writes_yes_and_no(yes, no):
    drawn = GOOD.replace("</bpmn:process>", timer("Late", "Look", "PT1H") + "</bpmn:process>")

    interrupting = reader.read(
        drawn.replace('cancelActivity="false"', f'cancelActivity="{yes}"').encode()
    )
    beside = reader.read(drawn.replace('cancelActivity="false"', f'cancelActivity="{no}"').encode())

    assert interrupting.nodes["Late"].interrupts
    assert not beside.nodes["Late"].interrupts

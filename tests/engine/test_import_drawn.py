"""Import of drawings: what was drawn for people runs, and each guess is a question."""

import pytest
from lxml import etree

from engine.bpmn.diagram import Kind, Trigger
from engine.errors import InvalidDocument, Refused
from engine.library import importing
from engine.library.importing import layout
from tests.diagrams import extension
from tests.engine.importing import (
    MODEL,
    asked,
    chain,
    diagram,
    drawn,
    flow,
    form,
    imported,
    node,
    rules,
)

MESSAGE = "<bpmn:messageEventDefinition/>"
TIMER = "<bpmn:timerEventDefinition/>"
SIGNAL = "<bpmn:signalEventDefinition/>"
SPIFF = 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
BY_PRIORITY = "if incident.is_major then duration('PT1H') else duration('P1D')".replace("'", '"')


def test_a_plain_task_becomes_a_task_for_a_person():
    result = imported(drawn(*chain(node("task", "Look", "Look at it"))))

    assert diagram(result).nodes["Look"].kind is Kind.USER_TASK
    assert diagram(result).nodes["Look"].lane == "Service Desk"
    assert list(form(result, "Look")) == ["look_at_it_note"]
    assert asked(result, "task-plain") == ["Look"]
    assert {"group-guessed", "phase-guessed"} <= rules(result)


@pytest.mark.parametrize(
    ("element", "rule"),
    [
        (node("serviceTask", "It"), "operation-open"),
        (node("sendTask", "It"), "sending-open"),
        (node("businessRuleTask", "It"), "decision-open"),
        (node("scriptTask", "It", inner="<bpmn:script>a.b()</bpmn:script>"), "script-open"),
        (node("callActivity", "It"), "call-open"),
        (node("subProcess", "It"), "subprocess-empty"),
        (node("adHocSubProcess", "It"), "subprocess-empty"),
    ],
)
def test_what_does_not_run_is_done_by_a_person_until_the_owner_decides(element, rule):
    result = imported(drawn(*chain(element)))

    assert diagram(result).nodes["It"].kind is Kind.USER_TASK
    assert asked(result, rule) == ["It"]


def test_a_manual_task_is_no_guess():
    result = imported(drawn(*chain(node("manualTask", "Carry"))))

    assert "Carry" not in {question.element_id for question in result.questions}


def gateway_of(kind, *conditions):
    first, second = conditions or ("", "")
    return drawn(
        node("startEvent", "Begin"),
        node("userTask", "Look"),
        node(kind, "Bad", "Is it bad?"),
        node("userTask", "Mend"),
        node("endEvent", "Over"),
        flow("Begin", "Look"),
        flow("Look", "Bad"),
        flow("Bad", "Mend", "Yes", first),
        flow("Bad", "Over", "", second),
        flow("Mend", "Over"),
    )


def test_the_task_before_an_open_choice_asks_for_it():
    result = imported(gateway_of("exclusiveGateway"))

    field = form(result, "Look")["is_it_bad_choice"]
    flows = diagram(result).flows
    assert [option["value"] for option in field["values"]] == ["Yes", "Over"]
    assert flows["Bad_Mend"].condition == 'is_it_bad_choice = "Yes"'
    assert diagram(result).nodes["Bad"].default_flow == "Bad_Over"
    assert asked(result, "who-decides") == ["Bad"]


def test_several_paths_at_once_are_boxes_to_tick():
    result = imported(gateway_of("inclusiveGateway"))

    assert form(result, "Look")["yes_applies"]["type"] == "checkbox"
    assert diagram(result).flows["Bad_Mend"].condition == "yes_applies = true"


def test_words_for_people_are_no_condition():
    result = imported(gateway_of("exclusiveGateway", "approved", "rejected"))

    assert "is_it_bad_choice" in form(result, "Look")
    assert "approved; rejected" in next(
        q.message for q in result.questions if q.rule == "who-decides"
    )


def test_without_a_task_before_it_a_choice_gets_one():
    elements = chain(node("scriptTask", "Add", inner="<bpmn:script>n = 1</bpmn:script>"))
    split = node("exclusiveGateway", "Which")
    content = drawn(*elements[:-1], split, flow("Add", "Which"), flow("Which", "Over"))

    result = imported(content)

    assert diagram(result).nodes["Which"].kind is Kind.EXCLUSIVE


def test_a_join_that_would_wait_for_ever_waits_for_what_can_come():
    content = drawn(
        node("startEvent", "Begin"),
        node("exclusiveGateway", "Which"),
        node("task", "A"),
        node("task", "B"),
        node("parallelGateway", "Both"),
        node("endEvent", "Over"),
        *(flow("Begin", "Which"), flow("Which", "A"), flow("Which", "B")),
        *(flow("A", "Both"), flow("B", "Both"), flow("Both", "Over")),
    )

    result = imported(content)

    assert diagram(result).nodes["Both"].kind is Kind.INCLUSIVE
    assert asked(result, "join-waits") == ["Both"]


def test_a_join_that_always_fills_stays_as_drawn():
    content = drawn(
        node("startEvent", "Begin"),
        node("parallelGateway", "Fork"),
        node("task", "A"),
        node("task", "B"),
        node("parallelGateway", "Both"),
        node("endEvent", "Over"),
        *(flow("Begin", "Fork"), flow("Fork", "A"), flow("Fork", "B")),
        *(flow("A", "Both"), flow("B", "Both"), flow("Both", "Over")),
    )

    result = imported(content)

    assert diagram(result).nodes["Both"].kind is Kind.PARALLEL
    assert "join-waits" not in rules(result)


def test_without_a_start_or_an_end_both_are_drawn():
    result = imported(drawn(node("task", "A"), node("task", "B"), flow("A", "B")))

    kinds = [n.kind for n in diagram(result).nodes.values()]
    assert (kinds.count(Kind.START), kinds.count(Kind.END)) == (1, 1)
    assert "path-ends" in rules(result)


def test_what_nothing_leads_to_begins_at_once():
    result = imported(drawn(node("task", "A"), node("task", "B")))

    assert len(diagram(result).of_kind(Kind.PARALLEL)) == 1
    assert "start-parallel" in rules(result)


def test_of_several_starts_a_person_chooses_one():
    content = drawn(
        node("startEvent", "Call", inner=MESSAGE),
        node("startEvent", "Mail"),
        node("task", "A"),
        node("task", "B"),
        flow("Call", "A"),
        flow("Mail", "B"),
    )

    result = imported(content)

    assert [n.id for n in diagram(result).of_kind(Kind.START)] == ["Call"]
    assert {"start-several", "start-trigger", "who-decides"} <= rules(result)


def test_a_circle_without_a_way_out_gets_one():
    content = drawn(
        node("startEvent", "Begin"),
        node("task", "A"),
        node("task", "B"),
        *(flow("Begin", "A"), flow("A", "B"), flow("B", "A")),
    )

    result = imported(content)

    assert diagram(result).of_kind(Kind.END)
    assert asked(result, "end-unreachable") == ["B"]


def test_in_a_circle_of_automatic_elements_somebody_looks_at_it():
    content = drawn(
        node("startEvent", "Begin"),
        node("scriptTask", "Count", inner="<bpmn:script>n = 1</bpmn:script>"),
        node("exclusiveGateway", "More"),
        node("endEvent", "Over"),
        *(flow("Begin", "Count"), flow("Count", "More")),
        *(flow("More", "Count", "", "n &gt; 1"), flow("More", "Over")),
    )

    result = imported(content)

    assert asked(result, "loop-without-wait") == ["More"]


def test_each_group_gets_a_band_of_the_pool():
    lanes = """<bpmn:laneSet id="L"><bpmn:lane id="L1" name="Desk"><bpmn:flowNodeRef>A
      </bpmn:flowNodeRef></bpmn:lane><bpmn:lane id="L2"><bpmn:flowNodeRef>B</bpmn:flowNodeRef>
      </bpmn:lane></bpmn:laneSet>"""

    result = imported(drawn(lanes, *chain(node("userTask", "A"), node("userTask", "B"))))

    boxes = layout.read(etree.fromstring(result.files["processes/given/Handling.bpmn"])).boxes
    nodes = diagram(result).nodes
    assert [nodes[i].lane for i in "AB"] == ["Desk", "Service Desk"]
    for task, lane in (("A", "L1"), ("B", "L2")):
        assert boxes[lane].y < boxes[task].y < boxes[task].bottom < boxes[lane].bottom


def test_a_shape_with_the_id_of_what_it_shows_takes_no_reference_away():
    shape = """<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI">
      <bpmndi:BPMNPlane><bpmndi:BPMNShape id="A" bpmnElement="A"/></bpmndi:BPMNPlane>
      </bpmndi:BPMNDiagram>"""

    result = imported(drawn(*chain(node("task", "A")), also=shape))

    assert {"Begin_A", "A_Over"} == diagram(result).flows.keys()


def test_an_element_that_stands_in_another_one_is_moved_out():
    inside = '<bpmn:userTask id="B" name="B"/>'

    result = imported(drawn(*chain(node("task", "A", inner=inside))))

    assert {"A", "B"} <= diagram(result).nodes.keys()


@pytest.mark.parametrize(
    ("name", "duration"),
    [
        ("After 24 hours", "PT24H"),
        ("2 weeks", "P2W"),
        ("15 min", "PT15M"),
        ("3 Tage", "P3D"),
        ("Later", "P1D"),
    ],
)
def test_a_timer_without_a_time_takes_it_from_its_name(name, duration):
    wait = node("intermediateCatchEvent", "Wait", name, TIMER)

    result = imported(drawn(*chain(wait)))

    assert diagram(result).nodes["Wait"].event.timer.text == duration
    assert asked(result, "timer-open") == ["Wait"]


@pytest.mark.parametrize(
    ("inner", "kind", "rule"),
    [
        ("<bpmn:compensateEventDefinition/>", Kind.THROW, "event-replaced"),
        ("<bpmn:timerEventDefinition/>", Kind.THROW, "event-replaced"),
        (SIGNAL + MESSAGE, Kind.THROW, "event-multiple"),
        ("<bpmn:linkEventDefinition name='L'/>", Kind.THROW, "link-alone"),
    ],
)
def test_an_event_that_cannot_be_thrown_does_nothing(inner, kind, rule):
    result = imported(drawn(*chain(node("intermediateThrowEvent", "Go", inner=inner))))

    assert diagram(result).nodes["Go"].kind is kind
    assert asked(result, rule) == ["Go"]


@pytest.mark.parametrize(
    ("kind", "properties", "kept", "questions"),
    [
        ("userTask", {"dueIn": "PT4H"}, "PT4H", []),
        ("userTask", {"dueIn": BY_PRIORITY}, BY_PRIORITY, []),
        ("userTask", {"dueIn": "respond_within"}, None, ["due-open"]),
        ("userTask", {"dueIn": "four hours"}, None, ["due-open"]),
        ("userTask", {"dueIn": "PT10S"}, None, ["due-open"]),
        ("userTask", {"dueIn": "P1X"}, None, ["due-open"]),
        ("userTask", {"dueIn": "PT4H", "calendar": "office"}, "PT4H", ["calendar-missing"]),
        ("scriptTask", {"dueIn": "PT4H"}, None, ["due-misplaced"]),
        ("scriptTask", {"calendar": "office"}, None, ["due-misplaced"]),
    ],
)
def test_a_due_time_is_kept_as_far_as_the_file_says_what_it_is(kind, properties, kept, questions):
    inner = extension(**properties) + "<bpmn:script>a = 1</bpmn:script>" * (kind == "scriptTask")

    result = imported(drawn(*chain(node(kind, "A", inner=inner)), more=SPIFF))

    task = diagram(result).nodes["A"]
    assert (task.due_in, task.calendar) == (kept, None)
    assert [r for r in rules(result) if r.startswith(("due-", "calendar-"))] == questions


def test_an_error_that_nothing_throws_becomes_a_message():
    event = node("boundaryEvent", "Bad", "Goes wrong", "<bpmn:errorEventDefinition/>",
                 attachedToRef="Look")  # fmt: skip
    content = drawn(*chain(node("userTask", "Look")), event, node("endEvent", "No"),
                    flow("Bad", "No"))  # fmt: skip

    result = imported(content)

    assert diagram(result).nodes["Bad"].trigger is Trigger.MESSAGE
    assert diagram(result).nodes["Bad"].event.name == "Goes wrong"


def test_two_pools_become_two_processes_with_one_message():
    pools = """<bpmn:process id="Other" name="Other">
      <bpmn:startEvent id="O1"/><bpmn:intermediateCatchEvent id="O2" name="Get it">
      <bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent><bpmn:endEvent id="O3"/>
      <bpmn:sequenceFlow id="OF1" sourceRef="O1" targetRef="O2"/>
      <bpmn:sequenceFlow id="OF2" sourceRef="O2" targetRef="O3"/></bpmn:process>
      <bpmn:collaboration id="C"><bpmn:participant id="P1" name="Desk" processRef="Handling"/>
      <bpmn:participant id="P2" name="Vendor" processRef="Other"/>
      <bpmn:participant id="P3" name="Customer"/>
      <bpmn:messageFlow id="M1" name="Order" sourceRef="Tell" targetRef="O2"/>
      <bpmn:messageFlow id="M2" sourceRef="Look" targetRef="P3"/></bpmn:collaboration>"""
    content = drawn(*chain(node("task", "Look"), node("sendTask", "Tell")), also=pools)

    result = imported(content)

    sender, receiver = diagram(result).nodes["Tell"], diagram(result, "Other").nodes["O2"]
    assert (sender.kind, sender.event.name) == (Kind.SEND_TASK, "Order")
    assert receiver.event.name == "Order"
    assert diagram(result).nodes["Look"].lane == "Desk"
    assert "pools-several" in rules(result)
    assert b'name="Customer"' in result.files["processes/given/Handling.bpmn"]


def test_odd_ids_are_made_safe_and_references_follow():
    content = f"""<definitions xmlns="{MODEL.split('"')[1]}" targetNamespace="http://signavio">
      <process id="sid {{1}}"><startEvent id="1 start"/><task id="sid:a/b" name="Do&#10;it"/>
      <endEvent id="End"/><sequenceFlow id="" sourceRef="1 start" targetRef="sid:a/b"/>
      <sequenceFlow sourceRef="sid:a/b" targetRef="tns:End"/></process></definitions>"""

    result = imported(content.encode(), "Ünsere Störung.bpmn")

    (drawing,) = (p for p in result.files if p.endswith(".bpmn"))
    assert drawing == "processes/unsere-storung/sid_1.bpmn"
    assert diagram(result, "sid_1").nodes["sid_a_b"].name == "Do it"
    assert len(diagram(result, "sid_1").flows) == 2


def test_a_drawing_without_places_gets_them():
    result = imported(drawn(*chain(node("task", "A"), node("task", "B"))))

    text = result.files["processes/given/Handling.bpmn"].decode()
    assert text.count("<bpmndi:BPMNShape") == 4 + 2 + 1  # nodes, pool and lane, phase
    assert text.count("<bpmndi:BPMNEdge") == 3


def test_the_owners_drawing_stays_where_it_is():
    shape = """<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
      xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><bpmndi:BPMNPlane bpmnElement="Handling">
      <bpmndi:BPMNShape id="S" bpmnElement="A"><dc:Bounds x="777" y="333" width="111" height="88"/>
      </bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"""

    result = imported(drawn(*chain(node("task", "A")), also=shape))

    text = result.files["processes/given/Handling.bpmn"].decode()
    assert '<dc:Bounds x="777" y="333" width="111" height="88"/>' in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_a_file_in_any_encoding_is_read(encoding):
    declared = "iso-8859-1" if encoding == "latin-1" else encoding.partition("-sig")[0]
    text = drawn(*chain(node("task", "A", "Prüfen"))).decode()
    content = f'<?xml version="1.0" encoding="{declared}"?>\n{text}'.encode(encoding)

    result = imported(content)

    assert diagram(result).nodes["A"].name == "Prüfen"


def test_a_file_that_declares_the_wrong_encoding_is_read():
    text = drawn(*chain(node("task", "A", "Prüfen"))).decode()
    content = f'<?xml version="1.0" encoding="utf-16"?>{text}'.encode()

    result = imported(content)

    assert diagram(result).nodes["A"].name == "Prüfen"


BOMB = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    "content",
    [b"", b"no", b"\xff\xfe", b"<a", BOMB.encode() + drawn(), b"<?xml version='1.0'?>"],
)
def test_what_is_not_xml_is_said_to_be_none(content):
    with pytest.raises(InvalidDocument):
        importing.import_diagram(content, "given.bpmn")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<html/>", "not-bpmn"),
        (b'<definitions xmlns="http://www.omg.org/spec/DMN/20180521/MODEL/"/>', "not-bpmn"),
        (drawn(), "process-missing"),
        (drawn(*(node("task", f"T{i}") for i in range(400))), "diagram-too-large"),
    ],
)
def test_of_what_nothing_can_be_made_the_rule_is_named(content, rule):
    with pytest.raises(Refused) as refusal:
        importing.import_diagram(content, "given.bpmn")

    assert rule in {finding.rule for finding in refusal.value.findings}


def test_sub_processes_that_stand_too_deep_in_each_other_become_one_task():
    opened = "".join(f'<bpmn:subProcess id="S{depth}">' for depth in range(20))

    result = imported(drawn(opened + node("task", "T") + "</bpmn:subProcess>" * 20))

    assert asked(result, "element-replaced") == ["S10"]

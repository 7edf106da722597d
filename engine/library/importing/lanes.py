"""Who does a task: every user task stands in a lane with a name."""

from collections.abc import Iterable

from lxml import etree

from engine.bpmn.lint.shape import MAX_ID
from engine.library.importing import pools, tree
from engine.library.importing.draft import Draft, listed
from engine.library.importing.words import one_line, unique

DEFAULT_GROUP = "Service Desk"


def settle(draft: Draft) -> None:
    for process in draft.processes:
        _name_lanes(draft, process)
        members = _members(draft, process)
        outer = [node for node in tree.nodes(process) if tree.is_a(node, "userTask")]
        _name_groups(draft, process, outer, members)
        _place_rest(draft, process, members)
        # Tasks in a sub-process stand where it stands; it may have been given a lane just now.
        _name_groups(draft, process, list(process.iter(tree.bpmn("userTask"))), members)
        _place_rest(draft, process, members)


def lane_of(node: etree._Element, members: dict[str, etree._Element]) -> etree._Element | None:
    """The lane of a node, or of the sub-process around it."""
    around: etree._Element | None = node
    while around is not None and not tree.is_a(around, "process"):
        found = members.get(around.get("id", ""))
        if found is not None:
            return found
        around = around.getparent()
    return None


def _name_lanes(draft: Draft, process: etree._Element) -> None:
    names: set[str] = set()
    for lane in process.iter(tree.bpmn("lane")):
        around = next(lane.iterancestors(tree.bpmn("lane")), None)
        if not tree.name(lane):
            pool = pools.pool_name(draft, process) or DEFAULT_GROUP
            guess = pool if around is None else tree.name(around)
            lane.set("name", unique(one_line(guess, MAX_ID - 5), names))
            draft.ask(
                "group-guessed",
                lane,
                f"A lane has no name. It was called “{tree.name(lane)}”.",
                "Name the group that works in it.",
            )
        names.add(tree.name(lane))


def _members(draft: Draft, process: etree._Element) -> dict[str, etree._Element]:
    """Node id -> its innermost lane; references to what is not there are taken away."""
    found: dict[str, etree._Element] = {}
    for lane in list(process.iter(tree.bpmn("lane"))):
        for reference in lane.findall(tree.bpmn("flowNodeRef")):
            node = draft.nodes.get((reference.text or "").strip())
            if node is None or tree.process_of(node).get("id") != process.get("id"):
                lane.remove(reference)
            else:
                found[node.get("id", "")] = lane
    return found


def _name_groups(
    draft: Draft,
    process: etree._Element,
    tasks: list[etree._Element],
    members: dict[str, etree._Element],
) -> None:
    """Tasks without a lane go to the group that the file names, else to a guess."""
    guessed = []
    guess = one_line(pools.pool_name(draft, process) or DEFAULT_GROUP, MAX_ID)
    for task in tasks:
        group = draft.groups.get(task.get("id", ""))
        lane = lane_of(task, members)
        if lane is not None and group in (None, tree.name(lane)):
            continue
        if lane is not None:
            _ask_which(draft, task, tree.name(lane), str(draft.groups.pop(task.get("id", ""))))
            continue
        if group is None:
            guessed.append(task)
        _put(draft, process, task, group or guess, members)
    if guessed:
        draft.ask(
            "group-guessed",
            process,
            f"The file does not say who does {listed(guessed)}. “{guess}” does.",
            "Draw lanes, each named like the group that does what stands in it.",
        )


def _ask_which(draft: Draft, task: etree._Element, lane: str, group: str) -> None:
    draft.ask(
        "group-differs",
        task,
        f"The task stands in the lane “{lane}”, and the file gives it to “{group}”. The lane "
        "counts.",
        "Move the task into the lane of the group that does it.",
    )


def _put(
    draft: Draft,
    process: etree._Element,
    node: etree._Element,
    group: str,
    members: dict[str, etree._Element],
) -> None:
    lanes = process.iter(tree.bpmn("lane"))
    lane = next((found for found in lanes if tree.name(found) == group), None)
    if lane is None:
        lane = etree.SubElement(_lane_set(draft, process), tree.bpmn("lane"))
        lane.set("id", draft.new_id(f"Lane_{group}"))
        lane.set("name", group)
    _refer(lane, node)
    members[node.get("id", "")] = lane


def _lane_set(draft: Draft, process: etree._Element) -> etree._Element:
    found = process.find(tree.bpmn("laneSet"))
    if found is None:
        found = etree.Element(tree.bpmn("laneSet"), id=draft.new_id("Lanes"))
        before = ("documentation", "extensionElements", "ioSpecification")
        process.insert(sum(tree.is_a(child, *before) for child in process), found)
    return found


def _place_rest(draft: Draft, process: etree._Element, members: dict[str, etree._Element]) -> None:
    """Events, gateways and automatic tasks stand where their neighbours do."""
    first = next(process.iter(tree.bpmn("lane")), None)
    if first is None:
        return
    waiting = [n for n in tree.nodes(process) if n.get("id") not in members]
    while waiting:
        placed = []
        for node in waiting:
            lane = _near(draft, node, members)
            if lane is not None:
                _refer(lane, node)
                members[node.get("id", "")] = lane
                placed.append(node)
        if not placed:
            _refer(first, waiting[0])
            members[waiting[0].get("id", "")] = first
        waiting = [n for n in waiting if n.get("id") not in members]


def _near(
    draft: Draft, node: etree._Element, members: dict[str, etree._Element]
) -> etree._Element | None:
    host = draft.nodes.get(node.get("attachedToRef", ""))
    beside: Iterable[etree._Element] = [*draft.targets(node), *draft.sources(node)]
    if host is not None:
        beside = [host]
    return next((m for n in beside if (m := members.get(n.get("id", ""))) is not None), None)


def _refer(lane: etree._Element, node: etree._Element) -> None:
    reference = etree.Element(tree.bpmn("flowNodeRef"))
    reference.text = node.get("id", "")
    # Before an inner lane set, as BPMN 2.0 has it.
    lane.insert(len(lane.findall(tree.bpmn("flowNodeRef"))), reference)

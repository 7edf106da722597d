"""Several pools: which process is the main one, and what passes between them."""

from lxml import etree

from engine.library.importing import tree
from engine.library.importing.draft import Draft, Origin

_SENDERS = ("intermediateThrowEvent", "endEvent")
_RECEIVERS = ("intermediateCatchEvent", "boundaryEvent")


def link_messages(draft: Draft) -> None:
    """A message flow between two processes becomes one message that both ends name."""
    if draft.origin is not Origin.STEADYHAND:
        for task in draft.root.iter(tree.bpmn("sendTask")):
            task.attrib.pop("messageRef", None)  # nobody here receives it, until found below
    for flow in draft.root.iter(tree.bpmn("messageFlow")):
        source = draft.nodes.get(flow.get("sourceRef", ""))
        target = draft.nodes.get(flow.get("targetRef", ""))
        if source is None or target is None:
            continue  # one end is a black box: drawn for people
        sender, receiver = _holder(source, "sendTask", _SENDERS), _receiver(target)
        if sender is None or receiver is None:
            _ask(draft, flow, source, target)
            continue
        name = flow.get("name") or tree.title(target)
        reference = receiver.get("messageRef") or _message(draft, name)
        sender.set("messageRef", reference)
        receiver.set("messageRef", reference)


def choose_main(draft: Draft) -> None:
    """Processes that nobody calls start on their own; the largest comes first."""
    free = starting(draft)
    if len(free) > 1:
        listed = ", ".join(f"“{tree.title(process)}”" for process in free)
        draft.ask(
            "pools-several",
            free[0],
            f"The file holds several processes: {listed}. Each became one of its own; "
            f"“{tree.title(free[0])}” comes first.",
            "Say which of them starts with an incident, and drop those that others run.",
        )


def starting(draft: Draft) -> list[etree._Element]:
    """The processes that no other one calls, those with more elements first."""
    called = {call.get("calledElement") for call in draft.root.iter(tree.bpmn("callActivity"))}
    free = [process for process in draft.processes if process.get("id") not in called]
    return sorted(free or draft.processes[:1], key=lambda p: -len(tree.all_nodes(p)))


def name_processes(draft: Draft) -> None:
    """A process without a name has that of its pool, or of the file."""
    pools = {p.get("processRef"): tree.name(p) for p in draft.root.iter(tree.bpmn("participant"))}
    for process in draft.processes:
        if not tree.name(process):
            process.set("name", pools.get(process.get("id")) or draft.title)


def pool_name(draft: Draft, process: etree._Element) -> str:
    """How the pool of a process is called, when there is more than one."""
    if len(draft.processes) == 1:
        return ""
    pools = draft.root.iter(tree.bpmn("participant"))
    return next((tree.name(p) for p in pools if p.get("processRef") == process.get("id")), "")


def _receiver(target: etree._Element) -> etree._Element | None:
    around = target.getparent()
    if around is not None and tree.is_event_subprocess(around):
        return _holder(target, "receiveTask", (*_RECEIVERS, "startEvent"))
    return _holder(target, "receiveTask", _RECEIVERS)


def _holder(node: etree._Element, task: str, events: tuple[str, ...]) -> etree._Element | None:
    """What of a node names the message; ``None`` when it has none to name."""
    if tree.is_a(node, task):
        return node
    if tree.is_a(node, *events) and tree.trigger(node) == "message":
        return tree.event_definitions(node)[0]
    return None


def _message(draft: Draft, name: str) -> str:
    return draft.add_root("message", f"Message_{name}", name=name).get("id", "")


def _ask(
    draft: Draft, flow: etree._Element, source: etree._Element, target: etree._Element
) -> None:
    name = f" “{tree.name(flow)}”" if tree.name(flow) else ""
    draft.ask(
        "message-flow-drawn",
        source,
        f"The message{name} from here to “{tree.title(target)}” in another pool is not passed on "
        "by itself.",
        "Draw a message event or a send task here, and one that receives it there.",
    )

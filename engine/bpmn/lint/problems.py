"""What a rule says about an element, and which rules only warn."""

from dataclasses import dataclass

from engine.bpmn.diagram import Diagram, Flow, Node
from engine.errors import Severity

# These run as drawn, but likely not as meant; every other rule keeps a bundle from deployment.
WARNINGS = frozenset(
    {
        "error-uncaught",
        "flow-name-missing",
        "gateway-question",
        "implicit-split",
        "message-key-missing",
        "message-uncaught",
        "name-missing",
        "process-undocumented",
        "task-name-style",
    }
)


@dataclass(frozen=True)
class Problem:
    """A rule that an element breaks, and what to do about it."""

    rule: str
    element_id: str
    element_name: str
    message: str

    @property
    def severity(self) -> Severity:
        return "warning" if self.rule in WARNINGS else "error"


def at(node: Node, rule: str, message: str) -> Problem:
    return Problem(rule, node.id, node.title, message)


def on(flow: Flow, rule: str, message: str) -> Problem:
    return Problem(rule, flow.id, flow.name or flow.id, message)


def of(diagram: Diagram, rule: str, message: str) -> Problem:
    """About the process as a whole."""
    return Problem(rule, diagram.process_id, diagram.name, message)

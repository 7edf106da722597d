"""The way into the kernel: begin an instance, or take up a saved one."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn import snapshot
from engine.bpmn.definition import Definition
from engine.bpmn.instance import Instance, Operation
from engine.errors import OperationFailed

__all__ = ["Instance", "Operation", "OperationFailed", "restore", "save", "start"]


def start(
    definition: Definition, facts: Mapping[str, Any], operations: Mapping[str, Operation]
) -> Instance:
    """Begin a new instance and run it to its first wait."""
    instance = Instance(definition, facts, operations)
    instance.begin()
    return instance


def restore(
    definition: Definition,
    state: str,
    facts: Mapping[str, Any],
    operations: Mapping[str, Operation],
) -> Instance:
    """Take up an instance where ``save`` left it."""
    instance = Instance(definition, facts, operations)
    snapshot.restore(instance, state)
    instance.progress()  # what it waits for is not news
    return instance


def save(instance: Instance) -> str:
    """What is between two steps, as text; about 150 bytes a token, besides the variables."""
    return snapshot.write(instance)

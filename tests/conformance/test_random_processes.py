"""Random processes do in the kernel what they do in the reference, kept or saved at every step."""

from typing import Any

import pytest

from engine.bpmn.diagram import Trigger
from tests.conformance.blocks import (
    Activity,
    Block,
    End,
    Event,
    Throw,
    describe,
    walk,
)
from tests.conformance.comparison import CHUNK, MODELS, find_difference, outcome
from tests.conformance.generator import generate
from tests.conformance.reference import Machine


@pytest.mark.parametrize("first", range(0, MODELS, CHUNK))
def test_a_random_process_does_what_its_blocks_say(first):
    for seed in range(first, first + CHUNK):
        process = generate(seed)

        found = outcome(process, seed)

        assert found is None, f"Seed {seed}\n{describe(process)}\n{found!r}\n{found}"


class Forgetful(Machine):
    """A reference that is wrong: its scripts do nothing."""

    def _assign(self, *_: Any) -> None:
        pass


def test_every_kind_of_block_and_event_is_drawn():
    parts = [part for seed in range(MODELS) for part in walk(generate(seed))]

    wanted = {*Block.__subclasses__(), *Activity.__subclasses__()} - {Activity}
    triggers = {part.trigger for part in parts if isinstance(part, Event | Throw | End)}

    assert {type(part) for part in parts} >= wanted
    assert triggers >= {trigger.value for trigger in Trigger} - {Trigger.LINK}


def test_a_difference_is_noticed():
    assert find_difference(generate(0), 0, Forgetful).part == "variables"

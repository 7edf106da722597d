"""What messages and signals carry: as it was thrown, and not without limit."""

import pytest

from tests.diagrams import ended, flow, line, send_task, start, thrown
from tests.stories import Story, compiled

LARGE = 'for i in 1..7000 return "12345678"'
DEEP = "[" * 33 + "]" * 33


@pytest.mark.parametrize(
    "throw",
    [
        lambda payload: line(thrown("Tell", "message", "paid", payload=payload)),
        lambda payload: line(thrown("Tell", "signal", "paid", payload=payload)),
        lambda payload: line(send_task("Tell", "paid", payload=payload)),
        lambda payload: (
            *(start(), ended("Tell", "message", "paid", payload=payload)),
            flow("Reported", "Tell"),
        ),
    ],
    ids=["message", "signal", "send task", "end event"],
)
@pytest.mark.parametrize(
    ("payload", "sentence"),
    [(LARGE, "at most 65,536 bytes of JSON"), (DEEP, "at most 32 lists")],
    ids=["large", "deep"],
)
def test_too_much_is_not_thrown_but_a_failure_of_the_element(throw, payload, sentence):
    story = Story(compiled(*throw(payload)))

    assert story.failure.element_id == "Tell"
    assert "“paid” cannot carry this." in story.failure.message
    assert sentence in story.failure.message
    assert story.now.thrown == ()

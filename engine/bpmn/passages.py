"""Which sequence flows tokens take, for whoever asks: what a test has covered.

History has elements and not flows; a step that nobody watches costs no more than a look.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# (process id, flow id) -> how often
Passages = Counter[tuple[str, str]]
_counted: ContextVar[Passages | None] = ContextVar("counted", default=None)


@contextmanager
def counted() -> Iterator[Passages]:
    """Count the flows that are taken in this context, and not those of other threads."""
    passages: Passages = Counter()
    before = _counted.set(passages)
    try:
        yield passages
    finally:
        _counted.reset(before)


def note(process_id: str, flow_id: str) -> None:
    """A token has taken a flow."""
    passages = _counted.get()
    if passages is not None:
        passages[process_id, flow_id] += 1

"""How much one evaluation may take, and who counts it.

Every loop, call and walk through a value spends steps of the evaluation that it is part of, also
when that evaluation began in another expression: a decision's functions share one allowance.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from engine.feel.errors import FeelLimitExceeded

MAX_TEXT = 20_000  # characters of one expression
MAX_NESTING = 50  # brackets, ifs, functions and the like inside each other in one text
MAX_CALLS = 40  # calls of functions inside each other, so that recursion ends
MAX_STEPS = 100_000  # of one evaluation; about 50 ms
_CHARACTERS = 100  # of a string that is made cost a step, so that strings do not fill the memory
MAX_ITEMS = 20_000  # of one list or context
MAX_STRING = 10_000  # characters of one string that is put together
MAX_DIGITS = 34  # of a number, as in IEEE 754 decimal128
MAX_DEPTH = 60  # lists and contexts inside each other


class Meter:
    """What is left of one evaluation's allowance."""

    __slots__ = ("calls", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.calls = MAX_CALLS


_running: ContextVar[Meter | None] = ContextVar("feel_meter", default=None)


@contextmanager
def metered() -> Iterator[None]:
    """Count what happens inside, as part of the evaluation around it if there is one."""
    if _running.get() is not None:
        yield
        return
    token = _running.set(Meter())
    try:
        yield
    except RecursionError:
        # The stack was in use already; MAX_CALLS alone could not know.
        raise FeelLimitExceeded("The expression calls itself too often.") from None
    finally:
        _running.reset(token)


def spend(steps: int) -> None:
    """Take steps from the running evaluation; ``FeelLimitExceeded`` when none are left."""
    meter = _running.get()
    if meter is None:
        return
    meter.steps -= steps
    if meter.steps < 0:
        raise FeelLimitExceeded(f"The expression takes more than {MAX_STEPS:,} steps.")


def fits(length: int) -> bool:
    """Tell whether a string of a length may be made, and take the steps that it costs."""
    spend(length // _CHARACTERS)
    return length <= MAX_STRING


def enter_call() -> None:
    """Count a call of a function, which runs until ``leave_call``."""
    meter = _running.get()
    if meter is None:
        return
    if meter.calls == 0:
        raise FeelLimitExceeded(f"More than {MAX_CALLS} function calls are inside each other.")
    meter.calls -= 1


def leave_call() -> None:
    meter = _running.get()
    if meter is not None:
        meter.calls += 1

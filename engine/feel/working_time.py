"""`business due` and `business duration`: working time, by the calendars of a bundle.

The texts of a bundle are compiled ``with_calendars`` of that bundle, and keep them: a process that
runs on an older version counts by the calendars of that version.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from engine import clocks
from engine.clocks import Calendar
from engine.feel import calendar as dates
from engine.feel import durations
from engine.feel.calendar import Date, DateTime
from engine.feel.durations import DAY, DaysDuration
from engine.feel.errors import FeelError
from engine.feel.lexer import Kind, Lexer, Names, Token
from engine.feel.limits import spend
from engine.feel.signatures import function
from engine.feel.types import Function
from engine.feel.values import Value

_DUE = "business due(start: date and time, duration: days and time duration, calendar: string)"
_DURATION = "business duration(start: date and time, end: date and time, calendar: string)"
_NAMES = frozenset({"business due", "business duration"})
_CALENDAR = "calendar"  # the parameter of both, and its place
_CALENDAR_INDEX = 2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_INSTANT = Date(1970, 1, 1).ordinal * DAY
_DAY_STEPS = 20  # what a day that is looked at costs of an evaluation's allowance

Calendars = Mapping[str, Calendar]


def _functions(calendars: Calendars) -> Mapping[str, Function]:
    def due(start: DateTime, duration: DaysDuration, name: str) -> Value:
        calendar = calendars[name]
        begin = _moment(start, calendar)
        end = clocks.due(begin, _timedelta(duration), calendar)
        _spend(end - begin)
        return dates.parse_date_time(end.astimezone(calendar.zone).isoformat())

    def duration(start: DateTime, end: DateTime, name: str) -> Value:
        calendar = calendars[name]
        first, last = _moment(start, calendar), _moment(end, calendar)
        length = clocks.elapsed(first, last, calendar) // timedelta(microseconds=1)
        _spend(last - first)
        return durations.days_duration(length * 1000)

    return {
        "business due": function(_DUE, _or_null(due)),
        "business duration": function(_DURATION, _or_null(duration)),
    }


def _or_null(body: Callable[..., Value]) -> Callable[..., Value]:
    """Null for an unknown calendar and for what cannot be counted, as FEEL has no errors."""

    def run(*arguments: Value) -> Value:
        try:
            return body(*arguments)
        except (KeyError, OverflowError):
            return None
        except ValueError:
            _spend(clocks.LONGEST)  # it may have looked at every day that it is allowed
            return None

    return run


def _moment(moment: DateTime, calendar: Calendar) -> datetime:
    """A date and time without a zone is what the clock of the calendar shows."""
    if not dates.is_zoned(moment):
        moment = replace(moment, time=replace(moment.time, zone=calendar.zone.key))
    passed = (dates.instant(moment) - _EPOCH_INSTANT) // 1000
    return _EPOCH + timedelta(microseconds=passed)


def _timedelta(duration: DaysDuration) -> timedelta:
    return timedelta(microseconds=duration.nanoseconds // 1000)


def _spend(span: timedelta) -> None:
    spend(_DAY_STEPS * (1 + abs(span.days)))


# Where there is no bundle, no calendar is known.
_WITHOUT = _functions({})
_in_scope: ContextVar[Mapping[str, Function]] = ContextVar("feel_working_time", default=_WITHOUT)


@contextmanager
def with_calendars(calendars: Calendars) -> Iterator[None]:
    """Bind what is compiled inside to these calendars, by their names."""
    token = _in_scope.set(_functions(calendars))
    try:
        yield
    finally:
        _in_scope.reset(token)


def functions_in_scope() -> Mapping[str, Function]:
    return _in_scope.get()


# Which calendars a text names


@dataclass
class _Bracket:
    """What stands directly in a pair of brackets, up to where the text has been read."""

    is_call: bool = False  # of one of the functions above
    index: int = 0  # of the argument that is being read
    argument: list[Token] = field(default_factory=list)

    @property
    def literal(self) -> str | None:
        """The calendar, if this is it and it is a plain string."""
        if not self.is_call or not self.argument or self.argument[-1].kind is not Kind.STRING:
            return None
        before = [token.text for token in self.argument[:-1]]
        is_placed = not before and self.index == _CALENDAR_INDEX
        return self.argument[-1].text[1:-1] if is_placed or before == [_CALENDAR, ":"] else None


def calendars_named(text: str) -> set[str]:
    """The calendars that a text names in quotes; none of a text that is not FEEL."""
    try:
        return set(_named(text))
    except FeelError:
        return set()


def _named(text: str) -> Iterator[str]:
    lexer, brackets, before = Lexer(text, Names(_NAMES), ()), [_Bracket()], ""
    while lexer.next.kind is not Kind.END:
        token = lexer.advance()
        inside = brackets[-1]
        if token.text in (",", ")") and inside.literal is not None:
            yield inside.literal
        if token.text == ",":
            inside.index, inside.argument = inside.index + 1, []
        elif token.text in (")", "]", "}"):
            brackets = brackets[:-1] or [_Bracket()]
        else:
            inside.argument.append(token)
        if token.text in ("(", "[", "{"):
            brackets.append(_Bracket(is_call=before in _NAMES and token.text == "("))
        before = token.text

"""Read the ``[[stage]]`` tables of a regime."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.duties import entries
from engine.duties.regimes import Anchor, Cap, DayOff, Period, Stage, Start, Unit
from engine.errors import InvalidDocument
from engine.manifests import Table, require_known

_PERIOD = re.compile(r"([1-9]\d{0,3}) (hour|day|working day|month)s?", re.ASCII)
_DAYS = (Unit.DAYS, Unit.MONTHS)  # those that may end on a day off by themselves
_KEYS = {
    *("id", "title", "source", "from", "after", "period", "promptness", "cap", "day_off"),
    *("day_off_only_for", "day_ends", "only_for", "replaces", "applies_to", "contents"),
}


@dataclass(frozen=True)
class Reader:
    """Reads stages of a regime with these facts and these kinds of reporter."""

    facts: Mapping[str, str]
    reporters: Collection[str]

    def read(self, where: str, table: Table, above: Collection[str]) -> Stage:
        """``above`` are the ids of the stages that this one may refer to."""
        where = f"{where}, stage “{entries.text(where, table, 'id')}”"
        require_known(where, table, _KEYS)
        period, promptness = _period_or_promptness(where, table)
        day_off = _day_off(where, table, period)
        _require_use(where, table, period, day_off)
        replaces = entries.optional(where, table, "replaces")
        if replaces and replaces not in above:
            raise InvalidDocument(f"{where}: no stage above is called “{replaces}”.")
        return Stage(
            id=entries.text(where, table, "id"),
            title=entries.text(where, table, "title"),
            source=entries.text(where, table, "source"),
            anchors=self._anchors(where, table, above),
            after=self._anchor(where, table["after"], above) if "after" in table else None,
            period=period,
            promptness=promptness,
            cap=self._cap(where, table["cap"], above) if "cap" in table else None,
            day_off=day_off,
            day_off_only_for=self._kinds(where, table, "day_off_only_for"),
            day_ends=entries.optional_time(where, table, "day_ends"),
            only_for=self._kinds(where, table, "only_for"),
            replaces=replaces,
            applies_to=entries.optional(where, table, "applies_to"),
            contents=entries.optional(where, table, "contents"),
        )

    def _anchors(self, where: str, table: Table, above: Collection[str]) -> tuple[Anchor, ...]:
        written = table.get("from")
        listed = written if isinstance(written, list) else [written]
        if not listed:
            raise InvalidDocument(f"{where}: say from what it runs.")
        return tuple(self._anchor(where, each, above) for each in listed)

    def _anchor(self, where: str, written: object, above: Collection[str]) -> Anchor:
        # A fact last: what begins with no word begins with the empty one as well.
        for start in (Start.LATEST_SUBMISSION, Start.FIRST_SUBMISSION, Start.FACT):
            if isinstance(written, str) and written.startswith(start.value):
                name = written.removeprefix(start.value)
                if name in (self.facts if start is Start.FACT else above):
                    return Anchor(start, name)
                break
        raise InvalidDocument(
            f"{where}: it cannot run from {written!r}. Name a fact ({', '.join(self.facts)}), or "
            f"write “submission of” or “latest submission of” and a stage above it."
        )

    def _cap(self, where: str, table: object, above: Collection[str]) -> Cap:
        where = f"{where}, cap"
        if not isinstance(table, dict):
            raise InvalidDocument(f"{where}: write it as [stage.cap] with from, period and source.")
        require_known(where, table, {"from", "period", "source", "only_for"})
        return Cap(
            self._anchor(where, table.get("from"), above),
            _period(where, table.get("period")),
            entries.text(where, table, "source"),
            self._kinds(where, table, "only_for"),
        )

    def _kinds(self, where: str, table: Table, key: str) -> frozenset[str]:
        return entries.words_of(where, table, key, self.reporters)


def _period_or_promptness(where: str, table: Table) -> tuple[Period | None, str]:
    if ("period" in table) == ("promptness" in table):
        raise InvalidDocument(
            f"{where}: give either a period, as in '72 hours', or promptness, the words of the law "
            "where it names none, as in 'without undue delay'."
        )
    if "period" in table:
        return _period(where, table["period"]), ""
    return None, entries.text(where, table, "promptness")


def _period(where: str, written: object) -> Period:
    match = _PERIOD.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise InvalidDocument(
            f"{where}: {written!r} is no period. Write a number of hours, days, working days or "
            "months, as in '72 hours' or '1 month'."
        )
    return Period(int(match[1]), Unit(f"{match[2]}s"))


def _day_off(where: str, table: Table, period: Period | None) -> DayOff:
    """To be said of days and months; hours stay where they end unless something else is said."""
    if "day_off" in table:
        if period is None or period.unit is Unit.WORKING_DAYS:
            raise InvalidDocument(f"{where}: it never ends on a day off. Leave day_off out.")
        return entries.one_of(where, table, "day_off", DayOff)
    if period and period.unit in _DAYS:
        choices = ", ".join(f"“{each.value}”" for each in DayOff)
        raise InvalidDocument(
            f"{where}: say where it goes when it ends on a day off: day_off is one of {choices}."
        )
    return DayOff.STAYS


def _require_use(where: str, table: Table, period: Period | None, day_off: DayOff) -> None:
    """Nothing is said in vain: whoever wrote it believes that it counts."""
    if "day_off_only_for" in table and day_off is DayOff.STAYS:
        raise InvalidDocument(f"{where}: it moves for nobody. Leave day_off_only_for out.")
    if "day_ends" in table and (period is None or period.unit is Unit.HOURS):
        raise InvalidDocument(f"{where}: no day of it counts to its end. Leave day_ends out.")

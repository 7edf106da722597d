"""What is known of an incident under a regime: start facts, submissions, and who reports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.duties.moments import require_known
from engine.duties.regimes import Anchor, Regime, Start


@dataclass(frozen=True)
class Known:
    """Every moment has a time zone.

    Of a reporter of unknown kind the stricter rule is assumed: a stage and a cap for one kind
    count, a weekend rule for one kind does not help.
    """

    facts: Mapping[str, datetime] = field(default_factory=dict)
    submissions: Mapping[str, Sequence[datetime]] = field(default_factory=dict)  # by stage
    reporter: str | None = None  # a kind of reporter that the regime knows

    def find(self, anchor: Anchor) -> datetime | None:
        if anchor.start is Start.FACT:
            return self.facts.get(anchor.name)
        choose = min if anchor.start is Start.FIRST_SUBMISSION else max
        return choose(self.submissions.get(anchor.name, ()), default=None)

    def is_for(self, kinds: frozenset[str]) -> bool:
        """Whether what is meant for these kinds is meant for this reporter, or may be."""
        return not kinds or self.reporter is None or self.reporter in kinds

    def helps(self, kinds: frozenset[str]) -> bool:
        """Whether a relief for these kinds is one for this reporter for sure."""
        return not kinds or self.reporter in kinds


def checked(known: Known, regime: Regime) -> Known:
    """The same in UTC; ``ValueError`` with a sentence for what the regime does not know."""
    _require("start fact", known.facts, regime.facts)
    _require("stage", known.submissions, [stage.id for stage in regime.stages])
    if known.reporter is not None:
        _require("kind of reporter", [known.reporter], regime.reporters)
    return Known(
        {name: require_known(name, moment) for name, moment in known.facts.items()},
        {
            stage: sorted(require_known(stage, moment) for moment in moments)
            for stage, moments in known.submissions.items()
        },
        known.reporter,
    )


def _require(what: str, given: Iterable[str], possible: Iterable[str]) -> None:
    if unknown := [each for each in given if each not in possible]:
        listed = ", ".join(possible) or "none"
        raise ValueError(f"The regime has no {what} “{unknown[0]}”. It has: {listed}.")

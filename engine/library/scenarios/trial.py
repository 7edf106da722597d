"""Tries a bundle: plays each of its scenarios, and tells what they cover."""

from dataclasses import dataclass

from engine import bundles, footprints
from engine.bundles import Bundle, Files
from engine.errors import InvalidDocument, NotFound
from engine.library.scenarios import coverage, reading
from engine.library.scenarios.coverage import Part
from engine.library.scenarios.playing import Problem, play
from engine.library.scenarios.scenario import Scenario
from engine.library.scenarios.stage import House, built


@dataclass(frozen=True)
class Verdict:
    """What became of one scenario."""

    scenario: Scenario
    problem: Problem | None  # ``None`` when all came as it says


@dataclass(frozen=True)
class Trial:
    verdicts: tuple[Verdict, ...]
    parts: tuple[Part, ...]

    @property
    def failed(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.problem]

    @property
    def covered(self) -> int:
        return sum(part.covered for part in self.parts)

    @property
    def total(self) -> int:
        return sum(len(part.items) for part in self.parts)

    @property
    def percent(self) -> int:
        return coverage.percent(self.covered, self.total)


def run(files: Files) -> Trial:
    """Play every scenario of a bundle on a database of its own, so outside of any transaction.

    ``Refused`` names what the checks find in the bundle, and ``NotFound`` says that it has none.
    """
    paths = sorted(path for path in files if bundles.is_scenario(path))
    if not paths:
        raise NotFound(
            "The bundle has no scenarios. Write one as tests/….json beside its diagrams."
        )
    bundle = bundles.read(files)
    with built(files) as house, footprints.counted() as taken:
        scenarios = [reading.read(files[path], path) for path in paths]
        verdicts = tuple(_try(scenario, bundle, house) for scenario in scenarios)
    return Trial(verdicts, tuple(coverage.parts(bundle, taken)))


def _try(scenario: Scenario, bundle: Bundle, house: House) -> Verdict:
    with house.stage(scenario) as stage:
        return Verdict(scenario, play(scenario, _started(scenario, bundle), stage))


def _started(scenario: Scenario, bundle: Bundle) -> str:
    """The process that the report starts; one that cannot be started is refused there."""
    starts = list(bundle.start_forms)
    if scenario.process_id is None and len(starts) != 1:
        known = ", ".join(starts) or "none can"
        raise InvalidDocument(f"{scenario.path}: Say as “process” which one starts: {known}.")
    return scenario.process_id or starts[0]

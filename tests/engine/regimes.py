"""Regimes of tests: those that are shipped, and one to make mistakes in."""

from datetime import datetime
from functools import cache

from engine import bundles, duties, library
from engine.duties import Known
from tests.factories import ROOT

DUTIES = ROOT / "processes" / "duties"


@cache
def shipped():
    return bundles.read(library.read_directory(DUTIES))


def regime(regime_id):
    return shipped().regimes[f"processes/duties/{regime_id}.toml"]


def moments(by, written):
    """Moments by name, from ``aware=2026-03-02T08:00 …`` on the clock of the calendar."""
    for each in written.split():
        name, text = each.split("=")
        moment = datetime.fromisoformat(text)
        yield name, moment if moment.tzinfo else moment.replace(tzinfo=by.zone)


def known(by, facts="", submitted="", reporter=None):
    submissions = {}
    for stage, moment in moments(by, submitted):
        submissions.setdefault(stage, []).append(moment)
    return Known(dict(moments(by, facts)), submissions, reporter)


def deadline(regime_id, stage_id, *said):
    """The deadline of one stage of a shipped regime."""
    rules = regime(regime_id)
    by = shipped().calendars[rules.calendar]
    found = duties.deadlines(rules, by, known(by, *said))
    return next(each for each in found if each.stage.id == stage_id)

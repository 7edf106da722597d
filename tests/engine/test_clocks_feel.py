"""Working time in expressions: what they give, how they are checked, and a process that waits."""

from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from engine import bundles, clock, library, worker
from engine.cli import main
from engine.feel import FeelLimitExceeded, compile_expression, to_data, with_calendars
from engine.history import Event
from tests.diagrams import bundle, catch, line, one_task, rule_task, script_task, table, user_task
from tests.engine.calendars import ALWAYS, calendar, written
from tests.factories import complete, deploy, entries, open_tasks, report

CALENDARS = {"office": calendar(), "always": calendar(hours=ALWAYS, name="always")}
FRIDAY = datetime.fromisoformat("2026-11-27T16:00+01:00")
MONDAY = datetime.fromisoformat("2026-11-30T09:00+01:00")
SOON = timedelta(minutes=1)  # for the time that a test itself takes


def given(text):
    with with_calendars(CALENDARS):
        expression = compile_expression(text)
    return to_data(expression.evaluate({"named": "office", "business due": 1}))


START, LATER = '@"2026-11-27T16:00:00+01:00"', '@"2026-11-30T09:00:00+01:00"'
VALUES = {
    "by position": (f'business due({START}, @"PT2H", "office")', "2026-11-30T09:00:00+01:00"),
    "by name": (
        f'business due(duration: @"PT2H", calendar: "office", start: {START})',
        "2026-11-30T09:00:00+01:00",
    ),
    "by a variable": (f'business due({START}, @"PT2H", named)', "2026-11-30T09:00:00+01:00"),
    "by another calendar": (
        f'business due({START}, @"PT2H", "always")',
        "2026-11-27T18:00:00+01:00",
    ),
    "from another zone": (
        'business due(@"2026-11-27T10:00:00@America/New_York", @"PT2H", "office")',
        "2026-11-30T09:00:00+01:00",
    ),
    "from a clock without a zone": (
        'business due(@"2026-11-27T16:00:00", @"PT2H", "office")',
        "2026-11-30T09:00:00+01:00",
    ),
    "the first of two equal times": (
        'business due(@"2026-10-25T00:30:00+02:00", @"PT2H", "always")',
        "2026-10-25T02:30:00+02:00",
    ),
    "the second of two equal times": (
        'business due(@"2026-10-25T00:30:00+02:00", @"PT3H", "always")',
        "2026-10-25T02:30:00+01:00",
    ),
    "between": (f'business duration({START}, {LATER}, "office")', "PT2H"),
    "between, backwards": (f'business duration({LATER}, {START}, "office")', "-PT2H"),
    "one in the other": (
        f'business duration({START}, business due({START}, @"PT5H30M", "office"), "office")',
        "PT5H30M",
    ),
    "in a loop": (
        f'for h in [1, 2] return string(business due({START}, @"PT1H" * h, "office"))',
        ["2026-11-27T17:00:00+01:00", "2026-11-30T09:00:00+01:00"],
    ),
    "an unknown calendar": (f'business due({START}, @"PT2H", "offices")', None),
    "no start": ('business due(null, @"PT2H", "office")', None),
    "a text as start": ('business due("2026-11-27T16:00:00Z", @"PT2H", "office")', None),
    "months": (f'business due({START}, @"P1M", "office")', None),
    "backwards": (f'business due({START}, -@"PT2H", "office")', None),
    "too long": (f'business due({START}, @"P9999D", "office")', None),
    "past all dates": (f'business due({START}, @"P99999999999D", "office")', None),
    "far too early": ('business due(@"-99999-01-01T00:00:00Z", @"PT2H", "office")', None),
    "over a century": (
        'business duration(@"1990-01-01T00:00:00Z", @"2090-01-01T00:00:00Z", "office")',
        None,
    ),
}


@pytest.mark.parametrize(("text", "value"), VALUES.values(), ids=VALUES)
def test_an_expression_counts_working_time(text, value):
    assert given(text) == value


def test_without_a_bundle_no_calendar_is_known():
    assert compile_expression(VALUES["by position"][0]).evaluate({}) is None


def test_an_expression_keeps_the_calendars_that_it_was_compiled_with():
    with with_calendars(CALENDARS):
        expression = compile_expression(VALUES["by position"][0])
    with with_calendars({"office": CALENDARS["always"]}):
        value = expression.evaluate({})

    assert str(value) == "2026-11-30T09:00:00+01:00"


def test_counting_over_years_spends_the_allowance_of_an_evaluation():
    years = f'for i in 1..100 return business due({START}, @"PT17000H", "office")'

    with pytest.raises(FeelLimitExceeded):
        given(years)


def test_looking_for_years_in_vain_spends_the_allowance_of_an_evaluation():
    vain = f'for i in 1..100 return business due({START}, @"P9999D", "office")'

    with pytest.raises(FeelLimitExceeded):
        given(vain)


def test_a_decision_counts_by_the_calendars_of_its_bundle():
    due = f'string(business due({START}, @"PT2H", "office"))'
    # Its file comes before the manifest, in the order of their names.
    files = bundle(
        *line(user_task("Look"), rule_task("Decide", "a")),
        decisions={"a": table("a", "size", ("-", due))},
        rules=written(),
    )

    decided = bundles.read(files).decisions["a"].evaluate({"note": "x"})

    assert decided.outputs == {"size": "2026-11-30T09:00:00+01:00"}


# The check


def counting(name, more=""):
    text = f'business due(now(), @"PT2H", "{name}")'
    return bundle(*line(catch("Wait", text, "timeDate")), rules=written() + more)


def test_a_bundle_that_counts_by_its_own_calendar_has_no_findings():
    assert library.check(counting("office")) == []


UNKNOWN = {
    "in a timer": ("Wait", counting("offices")),
    "in a script": (
        "Script",
        bundle(
            *line(script_task("Script", 'a = business due(now(), @"PT2H", "offices")')),
            rules=written(),
        ),
    ),
    "by its name": (
        "Script",
        bundle(
            *line(
                script_task(
                    "Script", 'a = business duration(calendar: "x", start: now(), end: now())'
                )
            ),
            rules=written(),
        ),
    ),
    "in a decision": (
        "Rule1",
        bundle(
            *line(user_task("Look"), rule_task("Decide", "size")),
            decisions={
                "size": table(
                    *("size", "size"),
                    *(("-", 'string(business due(now(), @"PT2H", "offices"))'),),
                )
            },
            rules=written(),
        ),
    ),
}


@pytest.mark.parametrize(("element_id", "files"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_calendar_that_the_bundle_does_not_have_is_found(element_id, files):
    found = [f for f in library.check(files) if f.rule == "calendar-unknown"]

    assert [(f.element_id, f.is_error) for f in found] == [(element_id, True)]
    assert "in bundle.toml. Add it, or name another one." in found[0].message


def test_a_mistake_in_a_calendar_is_a_finding_about_the_manifest():
    files = one_task(rules=written("Europe/Bonn"))

    (finding,) = library.check(files)

    assert (finding.rule, finding.path) == ("file-invalid", "processes/small/bundle.toml")
    assert "'Europe/Bonn' is none" in finding.message


# A process


def test_a_timer_fires_after_working_time_only(database, cast, time_travel):
    files = bundle(
        *line(
            catch("Wait", 'business due(now(), @"PT2H", "office")', "timeDate"), user_task("Look")
        ),
        rules=written(),
    )
    deploy(database, files)
    time_travel(FRIDAY - clock.now())
    incident = report(database, cast.dora)

    waited = []
    for moment in (FRIDAY.replace(hour=23), MONDAY.replace(hour=8, minute=58), MONDAY + SOON):
        time_travel(moment - clock.now())
        worker.run_once(database)
        waited.append(bool(entries(database, incident.id, Event.TIMER_FIRED)))

    assert waited == [False, False, True]
    assert list(open_tasks(database, incident, cast.max)) == ["Look"]


def test_a_timer_waits_for_a_duration_that_is_reckoned_from_working_time(
    database, cast, time_travel
):
    span = 'business due(@"2026-11-27T16:00:00+01:00", @"PT2H", "office")'
    files = bundle(
        *line(
            catch("Wait", f'{span} - @"2026-11-27T16:00:00+01:00"', "timeDuration"),
            user_task("Look"),
        ),
        rules=written(),
    )
    deploy(database, files)
    time_travel(FRIDAY - clock.now())
    incident = report(database, cast.dora)

    time_travel(MONDAY + SOON - clock.now())
    worker.run_once(database)

    assert list(open_tasks(database, incident, cast.max)) == ["Look"]


def test_a_running_process_counts_by_the_calendars_of_its_version(database, cast, time_travel):
    due = 'business due(now(), @"PT2H", "office")'
    steps = line(user_task("Look"), catch("Wait", due, "timeDate"), user_task("More"))
    deploy(database, bundle(*steps, rules=written()))
    older = report(database, cast.dora)
    deploy(database, bundle(*steps, rules=written(hours=ALWAYS)))
    newer = report(database, cast.dora)
    time_travel(FRIDAY - clock.now())
    for incident in (older, newer):
        complete(database, incident, "Look", cast.dora, note="Fine.")

    time_travel(FRIDAY.replace(hour=19) - clock.now())
    worker.run_once(database)

    assert list(open_tasks(database, older, cast.max)) == []
    assert list(open_tasks(database, newer, cast.max)) == ["More"]


# The command


@pytest.fixture
def explain(tmp_path):
    """Writes a bundle with a calendar and asks it to explain."""

    def run(*words, more=""):
        for path, content in one_task(rules=written(more=more)).items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        folder = str(tmp_path / "processes/small")
        return CliRunner().invoke(main, ["calendar", "explain", folder, *words])

    return run


def test_the_command_prints_what_was_counted(explain):
    words = ("office", "--start", "2026-11-27T16:00:00", "--duration", "PT2H")

    result = explain(*words)

    assert (result.exit_code, result.output.splitlines()) == (0, TOLD)


TOLD = """\
from                           to                             counted          why
Fri 2026-11-27 16:00:00+01:00  Fri 2026-11-27 17:00:00+01:00  1 h      open    working hours
Fri 2026-11-27 17:00:00+01:00  Sat 2026-11-28 00:00:00+01:00  -        closed  outside working hours
Sat 2026-11-28 00:00:00+01:00  Sun 2026-11-29 00:00:00+01:00  -        closed  no working hours on \
Saturdays
Sun 2026-11-29 00:00:00+01:00  Mon 2026-11-30 00:00:00+01:00  -        closed  no working hours on \
Sundays
Mon 2026-11-30 00:00:00+01:00  Mon 2026-11-30 08:00:00+01:00  -        closed  outside working hours
Mon 2026-11-30 08:00:00+01:00  Mon 2026-11-30 09:00:00+01:00  1 h      open    working hours
2 h of working time in “office” (Europe/Berlin) run from Fri 2026-11-27 16:00:00+01:00 to \
Mon 2026-11-30 09:00:00+01:00; not counted: outside working hours, no working hours on Saturdays, \
no working hours on Sundays.""".splitlines()

NOW = ("--start", "2026-11-27T16:00:00Z")
REFUSED = {
    "an unknown calendar": (
        ("night", *NOW, "--duration", "PT2H"),
        "no calendar “night”. It has: o",
    ),
    "no duration": (("office", *NOW, "--duration", "8h"), "“8h” is not an ISO 8601 duration"),
    "months": (("office", *NOW, "--duration", "P1M"), "Years and months are of no one length"),
    "no moment": (("office", "--start", "soon", "--duration", "PT2H"), "soon"),
    "too long": (("office", *NOW, "--duration", "P9999D"), "has not that much working time"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_the_command_refuses_with_a_sentence(explain, words, said):
    result = explain(*words)

    assert result.exit_code != 0
    assert said in result.output


def test_the_command_refuses_a_calendar_with_a_mistake(explain):
    result = explain("office", *NOW, "--duration", "PT2H", more="colour = 1")

    assert result.exit_code == 1
    assert "“colour” means nothing here" in result.output

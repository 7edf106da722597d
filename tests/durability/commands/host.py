"""Commands that are given on the host, by an administrator or by the worker itself."""

from contextlib import suppress

from engine import intake, library, service_clocks, upkeep, worker
from engine.actors import SYSTEM, Role
from engine.instances import delivery, messages
from engine.jobs import Job
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from tests.durability import stage as given
from tests.durability.commands import Command
from tests.durability.stage import NEXT, WHY, incident_of


def typed(words, given, act):
    return Command(f"steadyhand {words}", given, act, words=words)


def _add_person(stage, _it):
    def add(session):
        person = accounts.add(session, "rita", "Rita", [(Role.REPORTER, "")], SYSTEM)
        return credentials.issue(session, person.id, CredentialKind.LINK, SYSTEM)

    return stage.does(add)


def _issue(kind):
    return lambda stage, _it: stage.does(credentials.issue, stage.cast.dora.id, kind, SYSTEM)


def _sweep(stage, _it):
    return given.later(lambda: worker.run_once(stage.database))


def _promise(stage, _it):
    answers = {"title": "Mail is down"}
    return stage.does(intake.report, "promised", answers, "web", stage.cast.dora)


def _halfway(stage, _it):
    for title in ("Mail is down", "Mail is slow"):
        answers = {"title": title}
        stage.does(intake.report, "small", answers, "web", stage.cast.dora)


def _silent(stage, it):
    with suppress(Exception):
        _halfway(stage, it)


WORDS = [
    typed(
        "deploy",
        given.nothing,
        lambda stage, _it: stage.does(library.deploy_from_host, NEXT, "", SYSTEM),
    ),
    typed("migrate", given.nothing, lambda stage, _it: stage.does(library.load_shipped)),
    typed("user add", given.nothing, _add_person),
    typed("user link", given.nothing, _issue(CredentialKind.LINK)),
    typed("user token", given.nothing, _issue(CredentialKind.TOKEN)),
    typed(
        "door add",
        given.nothing,
        lambda stage, _it: stage.does(intake.add_door, "alertmanager", "prod", "small", SYSTEM),
    ),
    typed(
        "message discard",
        given.sent,
        lambda stage, it: stage.does(messages.discard, it.message.id, WHY.text, stage.cast.ada),
    ),
    typed(
        "jobs retry",
        given.dead_effect,
        lambda stage, it: stage.does(upkeep.try_again, it.job_id, WHY, stage.cast.ada),
    ),
]

# What changes nothing in an installation, or is not one change.
ALONE = {
    "backup": "reads",
    "calendar explain": "reads a folder",
    "check": "reads a folder",
    "duty explain": "reads a folder",
    "duty fields": "reads a folder",
    "duty list": "reads a folder",
    "import": "writes into a folder",
    "jobs list": "reads",
    "message list": "reads",
    "restore": "fills an empty database",
    "signature check": "reads a file",
    "test": "reads a folder, and has a database of its own",
    "db copy": "fills an empty database",
    "serve": "runs what is listed here",
    "worker": "runs what is listed here",
}

WORKER = [
    Command(
        "a timer fires",
        incident_of("urgent"),
        lambda stage, it: given.later(
            lambda: worker.doing(stage.database)[Job.FIRE_TIMERS](it.instance.id)
        ),
    ),
    Command(
        "timers are given up",
        incident_of("urgent"),
        lambda stage, it: worker.give_up(stage.database, Job.FIRE_TIMERS, it.instance.id, "No."),
    ),
    Command(
        "a message is delivered",
        given.due_message,
        lambda stage, it: stage.does(delivery.deliver, it.message.id),
    ),
    Command(
        "a signal is delivered",
        given.due_signal,
        lambda stage, it: stage.does(delivery.deliver, it.message.id),
    ),
    Command(
        "a message is postponed",
        given.damaged,
        lambda stage, it: stage.does(delivery.postpone, it.message.id, "It is damaged."),
    ),
    Command("something is promised", given.nothing, _promise),
    Command(
        "a service target runs out",
        given.promised,
        lambda stage, it: given.later(lambda: stage.does(service_clocks.tell, it.clock.id)),
    ),
    Command(
        "a service clock is silenced",
        given.promised,
        lambda stage, it: stage.does(service_clocks.silence, it.clock.id),
    ),
    Command(
        "an effect is sent",
        given.alerted,
        lambda stage, it: worker.doing(stage.database)[Job.SEND_EFFECT](it.effect.key),
    ),
    Command(
        "an effect is given up",
        given.alerted,
        lambda stage, it: worker.give_up(stage.database, Job.SEND_EFFECT, it.effect.key, "No."),
    ),
    Command("a forgotten effect is picked up", given.forgotten, _sweep),
]

# Jobs come at least once, and may come late.
JOBS = [
    Command(
        "timers that stay",
        incident_of("small"),
        lambda stage, it: given.later(
            lambda: worker.doing(stage.database)[Job.FIRE_TIMERS](it.instance.id)
        ),
    ),
    *(command for command in WORKER if command.name in ("a timer fires", "an effect is sent")),
]

# The worker tells nobody that it is done: it goes on with the next, and tries again.
SWEEPS = [
    Command("timers are due", given.due_timers, _sweep),
    Command("a message is due", given.due_message, _sweep),
    Command("a signal is due", given.due_signal, _sweep),
    Command("a service target is due", given.promised, _sweep),
]

# What must be found out: a change in two parts, and one that hides what went wrong.
HALFWAY = Command("in two transactions", given.nothing, _halfway)
SILENT = Command("without an error", given.nothing, _silent)

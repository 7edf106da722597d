"""`steadyhand`: what an administrator types; a module for each subject."""

from engine.cli import (
    calendars,
    database,
    doors,
    duties,
    library,
    messages,
    operations,
    people,
    scenarios,
    sign_in,
    signatures,
)
from engine.cli.group import main, prepared

__all__ = ["main", "prepared"]

for command in (
    database.migrate_,
    database.backup,
    database.restore,
    database.db,
    library.check,
    scenarios.test,
    library.deploy,
    library.import_,
    calendars.calendar,
    duties.duty,
    people.user,
    doors.door,
    messages.message,
    signatures.signature,
    operations.worker_,
    operations.jobs_,
):
    main.add_command(command)

for command in (sign_in.unlock, sign_in.reset_factors):
    people.user.add_command(command)

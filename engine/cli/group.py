"""The command above all others, and the database that they work on."""

from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from engine import library, settings
from engine.actors import EVERYWHERE, Actor, Role
from engine.cli.findings import line
from engine.errors import (
    Conflict,
    InvalidAnswers,
    InvalidDocument,
    NotFound,
    Refused,
    UnfitDatabase,
)
from engine.settings import Settings
from engine.store import migrate
from engine.store.database import Database

# Who may type on the host may do what an administrator may.
OPERATOR = Actor(None, "Command line", frozenset({(Role.ADMINISTRATOR, EVERYWHERE)}))


class Problems(click.Group):
    """A group of commands that reports what the engine says as a sentence, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Refused as error:
            lines = [str(error), *map(line, error.findings)]
            raise click.ClickException("\n".join(lines)) from error
        except InvalidAnswers as error:
            raise click.ClickException(" ".join(error.errors.values())) from error
        except (Conflict, InvalidDocument, NotFound, UnfitDatabase) as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            raise click.ClickException(f"The database cannot be used: {error.orig}") from error


@click.group(cls=Problems)
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the SQLite database.")
@click.version_option(package_name="steadyhand")
@click.pass_context
def main(ctx: click.Context, data: Path | None) -> None:
    """Incident management in which every incident runs as a BPMN process."""
    ctx.obj = settings.from_environment(data)


def opened(url: str) -> Database:
    """A database as it is, closed with the command."""
    database = Database(url)
    click.get_current_context().call_on_close(database.close)
    return database


def prepared(config: Settings) -> Database:
    """The installation's database, migrated, with every shipped bundle deployed."""
    database = opened(config.database_url)
    migrate.upgrade(database)
    with database.transaction() as session:
        migrate.take_turn(session.connection())
        library.load_shipped(session)
    return database

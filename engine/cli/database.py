"""`steadyhand migrate`, `backup`, `restore` and `db copy`: what is done to a whole database."""

import time
from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy.exc import ArgumentError

from engine.cli.group import opened, prepared
from engine.settings import Settings
from engine.store import backups, migrate, transfer
from engine.store.database import Database
from engine.store.transfer import Copied, Progress

_SILENT_SECONDS = 2.0
_REPLACE = "replace"  # what a person types who means it

_Copy = Callable[[Database, Database, Progress], Copied]


@click.command("migrate")
@click.pass_obj
def migrate_(config: Settings) -> None:
    """Bring the database up to this release, and deploy shipped bundles that it lacks."""
    database = prepared(config)
    click.echo(f"The database is up to date: {database.engine.url!r}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(config: Settings, file: Path) -> None:
    """Back up the installation, which may be at work, into the new FILE.

    FILE is a SQLite database, whichever database the installation works on. Jobs are not in it;
    they are made again from what is.
    """
    began = time.monotonic()
    made = backups.write(opened(config.database_url), file, _progress())
    click.echo(_summary(made.copied, began))
    click.echo(f"{made.size:,} bytes\nSHA-256 {made.sha256}  {file}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", "may_replace", is_flag=True, help="Delete what the database holds.")
@click.option("--yes", is_flag=True, help="Do not ask before that.")
@click.pass_obj
def restore(config: Settings, file: Path, *, may_replace: bool, yes: bool) -> None:
    """Restore the backup FILE into the installation's database, which must be empty.

    Stop the installation first. A backup of an older release is brought up to this one.
    """
    began = time.monotonic()
    target = opened(config.database_url)
    migrate.upgrade(target)
    with backups.opened(file) as source:
        if may_replace and not yes:
            _require_consent(target)
        put: _Copy = transfer.replace if may_replace else transfer.copy
        copied = put(source, target, _progress())
    click.echo(_summary(copied, began))


@click.group()
def db() -> None:
    """The database as a whole."""


@db.command("copy")
@click.option("--to", "url", required=True, help="Such as postgresql://user@host/steadyhand.")
@click.pass_obj
def db_copy(config: Settings, url: str) -> None:
    """Copy the installation into another database, which must be empty, and compare the two.

    Stop the installation first, and start it again with the other database as DATABASE_URL.
    """
    began = time.monotonic()
    source = opened(config.database_url)
    migrate.require_current(source)
    target = _opened(url)
    migrate.upgrade(target)
    copied = transfer.copy(source, target, _progress())
    for name, content in copied.tables.items():
        click.echo(f"{name:<24}{content.rows:>12,}")
    click.echo(_summary(copied, began))


def _opened(url: str) -> Database:
    try:
        return opened(url)
    except ArgumentError as error:
        raise click.BadParameter(str(error), param_hint="--to") from error


def _require_consent(target: Database) -> None:
    rows = transfer.count(target)
    click.echo(f"This deletes all {rows:,} rows of {target.engine.url!r}.", err=True)
    if click.prompt(f"Type “{_REPLACE}” to go on", err=True) != _REPLACE:
        raise click.Abort


def _progress() -> Progress:
    """Says where a copy is, every two seconds."""
    said = time.monotonic()

    def tell(done: str, table: str, rows: int) -> None:
        nonlocal said
        if time.monotonic() - said >= _SILENT_SECONDS:
            said = time.monotonic()
            click.echo(f"{done} {rows:,} rows of {table} …", err=True)

    return tell


def _summary(copied: Copied, began: float) -> str:
    return (
        f"{copied.rows:,} rows of {len(copied.tables)} tables in {time.monotonic() - began:.1f} s,"
        " compared row by row; the audit log is complete."
    )

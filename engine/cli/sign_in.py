"""`steadyhand user unlock`, `reset-factors`: let somebody in again who cannot come in."""

import click

from engine.cli.group import OPERATOR, prepared
from engine.people import factors, throttle
from engine.settings import Settings


@click.command("unlock")
@click.argument("username")
@click.pass_obj
def unlock(config: Settings, username: str) -> None:
    """Let a person try again at once after too many wrong passwords or codes."""
    with prepared(config).transaction() as session:
        throttle.unlock(session, username, OPERATOR)
    click.echo(f"{username} may sign in again.")


@click.command("reset-factors")
@click.argument("username")
@click.pass_obj
def reset_factors(config: Settings, username: str) -> None:
    """Forget the apps and recovery codes of a person who has lost them.

    Their password alone lets them in from then on: make sure who is asking.
    """
    with prepared(config).transaction() as session:
        removed = factors.reset(session, username, OPERATOR)
    apps = "1 app" if removed == 1 else f"{removed} apps"
    click.echo(f"{username} signs in without a code: {apps} removed.")

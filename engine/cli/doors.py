"""`steadyhand door`: where other tools report."""

import click

from engine import intake
from engine.cli.group import OPERATOR, prepared
from engine.settings import Settings


@click.group()
def door() -> None:
    """Addresses at which other tools report."""


@door.command("add")
@click.argument("sender", type=click.Choice(["alertmanager"]))
@click.option("--label", required=True, help="Which installation this is, such as prod-eu.")
@click.option("--process", default="incident", help="The process that its reports start.")
@click.option("--url", default="http://127.0.0.1:8000", help="Where Steadyhand is served.")
@click.pass_obj
def door_add(config: Settings, sender: str, label: str, process: str, url: str) -> None:
    """Open a door for a sender and print its address, which is shown only now."""
    with prepared(config).transaction() as session:
        token = intake.add_door(session, sender, label, process, OPERATOR)
    click.echo(f"{url}/doors/{sender}/{token}")

"""`steadyhand message`: what waits for a process to take it."""

import click

from engine.cli.group import OPERATOR, prepared
from engine.instances import messages
from engine.settings import Settings


@click.group()
def message() -> None:
    """Messages that wait for a process to take them."""


@message.command("list")
@click.option("--limit", default=100, help="How many at most, the oldest first.")
@click.pass_obj
def message_list(config: Settings, limit: int) -> None:
    """List messages and signals that nobody has taken yet, and why."""
    with prepared(config).reading() as session:
        for tracked in messages.find(session, OPERATOR, limit=limit):
            sent = tracked.message
            click.echo(f"{sent.id} {sent.created_at:%Y-%m-%dT%H:%M:%SZ} {sent.awaits} {sent.name}")
            click.echo(f"  from {sent.sent_by}: {tracked.waits_because}")


@message.command("discard")
@click.argument("message_id")
@click.option("--reason", required=True, help="Why nobody shall receive it.")
@click.pass_obj
def message_discard(config: Settings, message_id: str, reason: str) -> None:
    """Give up a message that waits."""
    with prepared(config).transaction() as session:
        discarded = messages.discard(session, message_id, reason, OPERATOR).message
    click.echo(f"Discarded “{discarded.name}” from {discarded.sent_by}.")

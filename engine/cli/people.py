"""`steadyhand user`: people and their ways in."""

import click

from engine.actors import EVERYWHERE, Role
from engine.cli.group import OPERATOR, prepared
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.settings import Settings


@click.group()
def user() -> None:
    """People: add them, let them in."""


@user.command("add")
@click.argument("username")
@click.option("--name", help="The name that others see.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    help="A role, or role:group, such as responder:'Service Desk'. May be given several times.",
)
@click.option("--url", default="http://127.0.0.1:8000", help="Where Steadyhand is served.")
@click.pass_obj
def user_add(
    config: Settings, username: str, name: str | None, roles: tuple[str, ...], url: str
) -> None:
    """Add a person and print a link with which they sign in once and set a password."""
    grants = [_grant(role) for role in roles]
    with prepared(config).transaction() as session:
        person = accounts.add(session, username, name or username, grants, OPERATOR)
        secret = credentials.issue(session, person.id, CredentialKind.LINK, OPERATOR)
    click.echo(f"{person.name} signs in once, within 24 hours, at {url}/sign-in/{secret}")


@user.command("link")
@click.argument("username")
@click.option("--url", default="http://127.0.0.1:8000", help="Where Steadyhand is served.")
@click.pass_obj
def user_link(config: Settings, username: str, url: str) -> None:
    """Print a new one-time sign-in link for a person."""
    click.echo(f"{url}/sign-in/{_credential(config, username, CredentialKind.LINK)}")


@user.command("token")
@click.argument("username")
@click.pass_obj
def user_token(config: Settings, username: str) -> None:
    """Print a new API token for a person; it is good for a year and shown only now."""
    click.echo(_credential(config, username, CredentialKind.TOKEN))


def _credential(config: Settings, username: str, kind: CredentialKind) -> str:
    with prepared(config).transaction() as session:
        person = accounts.get(session, username)
        return credentials.issue(session, person.id, kind, OPERATOR)


def _grant(text: str) -> tuple[Role, str]:
    role, _, group = text.partition(":")
    if role not in list(Role):
        raise click.BadParameter(f"“{role}” is no role; choose one of: {', '.join(Role)}.")
    return Role(role), group or EVERYWHERE

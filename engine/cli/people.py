"""`steadyhand user`: people and their ways in."""

import click

from engine.actors import CUSTOMERS, of_organisation
from engine.cli.group import OPERATOR, prepared
from engine.people import accounts, credentials, grants, organisations, tokens
from engine.people.credentials import CredentialKind, Scope
from engine.people.grants import Granted
from engine.people.tokens import LIFETIMES, Terms
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
@click.option("--organisation", help="Whose customer they are, by its name.")
@click.option("--url", default="http://127.0.0.1:8000", help="Where Steadyhand is served.")
@click.pass_obj
def user_add(
    config: Settings,
    username: str,
    name: str | None,
    roles: tuple[str, ...],
    organisation: str | None,
    url: str,
) -> None:
    """Add a person and print a link with which they sign in once and set a password."""
    granted = [_grant(role) for role in roles]
    with prepared(config).transaction() as session:
        if organisation:
            belongs_to = organisations.named(session, organisation, OPERATOR)
            bound = of_organisation(belongs_to.id)
            granted = [(r, bound if r in CUSTOMERS else group) for r, group in granted]
        person = accounts.add(session, username, name or username, granted, OPERATOR)
        secret = credentials.issue(session, person.id, CredentialKind.LINK, OPERATOR)
    click.echo(f"{person.name} signs in once, within 24 hours, at {url}/sign-in/{secret}")


@user.command("link")
@click.argument("username")
@click.option("--url", default="http://127.0.0.1:8000", help="Where Steadyhand is served.")
@click.pass_obj
def user_link(config: Settings, username: str, url: str) -> None:
    """Print a new one-time sign-in link for a person."""
    with prepared(config).transaction() as session:
        person = accounts.get(session, username)
        secret = credentials.issue(session, person.id, CredentialKind.LINK, OPERATOR)
    click.echo(f"{url}/sign-in/{secret}")


@user.command("token")
@click.argument("username")
@click.option("--label", default="Command line", show_default=True, help="What it is for.")
@click.option(
    "--scope",
    type=click.Choice([str(scope) for scope in Scope]),
    default=str(Scope.WRITE),
    show_default=True,
    help="A token that reads changes nothing.",
)
@click.option(
    "--days",
    type=click.Choice([str(days) for days in LIFETIMES]),
    default=str(LIFETIMES[-1]),
    show_default=True,
    help="For how long it is good.",
)
@click.pass_obj
def user_token(config: Settings, username: str, label: str, scope: str, days: str) -> None:
    """Print a new API token for a person; it is shown only now."""
    terms = Terms(label, Scope(scope), int(days))
    with prepared(config).transaction() as session:
        person = accounts.get(session, username)
        click.echo(tokens.issue(session, person.id, terms, OPERATOR))


def _grant(text: str) -> Granted:
    try:
        return grants.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error

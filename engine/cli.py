"""`steadyhand`: what an administrator types."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from engine import intake, library, settings
from engine.actors import EVERYWHERE, Actor, Role
from engine.errors import Conflict, Finding, InvalidAnswers, InvalidDocument, NotFound, Refused
from engine.instances import messages
from engine.library import importing
from engine.library.importing import Question
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
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
            lines = [str(error), *map(_line, error.findings)]
            raise click.ClickException("\n".join(lines)) from error
        except InvalidAnswers as error:
            raise click.ClickException(" ".join(error.errors.values())) from error
        except (Conflict, InvalidDocument, NotFound) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Problems)
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the SQLite database.")
@click.version_option(package_name="steadyhand")
@click.pass_context
def main(ctx: click.Context, data: Path | None) -> None:
    """Incident management in which every incident runs as a BPMN process."""
    ctx.obj = settings.from_environment(data)


@main.command("migrate")
@click.pass_obj
def migrate_(config: Settings) -> None:
    """Bring the database up to this release, and deploy shipped bundles that it lacks."""
    database = prepared(config)
    click.echo(f"The database is up to date: {database.engine.url!r}")


@main.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option("--strict", is_flag=True, help="Let warnings fail the check too.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    help="A group that exists; may be given several times. Lanes of other names are refused.",
)
def check(directory: Path, style: str, *, strict: bool, groups: tuple[str, ...]) -> None:
    """Check the bundle in DIRECTORY (processes/<domain>) and its forms.

    Prints one line a finding, as a compiler does. Exits with 1 when one of them is an error.
    """
    try:
        files = library.read_directory(directory)
    except NotFound as error:
        raise click.UsageError(str(error)) from error
    findings = sorted(library.check(files, set(groups) or None), key=lambda f: f.path)
    click.echo(_as_json(findings) if style == "json" else _as_text(findings))
    if any(strict or finding.is_error for finding in findings):
        raise SystemExit(1)


@main.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--note", default="", help="What changed, for the list of versions.")
@click.pass_obj
def deploy(config: Settings, directory: Path, note: str) -> None:
    """Deploy the bundle in DIRECTORY as its next version."""
    with prepared(config).transaction() as session:
        deployment = library.deploy_from_host(
            session, library.read_directory(directory), note, OPERATOR
        )
    click.echo(f"{deployment.bundle_id} version {deployment.version}, {deployment.sha256}")


@main.group()
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


@main.group()
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


@main.group()
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


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to",
    "directory",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder below which processes/ and forms/ are written.",
)
def import_(file: Path, directory: Path) -> None:
    """Make a bundle of a diagram of another tool, or of a drawing, and print what is still open."""
    imported = importing.import_diagram(file.read_bytes(), file.name)
    for path in importing.save(imported.files, directory):
        click.echo(path)
    for question in imported.questions:
        click.echo(_question(file.name, question))
    click.echo(f"{_count(len(imported.questions), 'question')}, from {imported.origin}.")


def prepared(config: Settings) -> Database:
    """The database, migrated, with every shipped bundle deployed; closed with the command."""
    database = Database(config.database_url)
    click.get_current_context().call_on_close(database.close)
    migrate.upgrade(database)
    with database.transaction() as session:
        library.load_shipped(session)
    return database


def _credential(config: Settings, username: str, kind: CredentialKind) -> str:
    with prepared(config).transaction() as session:
        person = accounts.get(session, username)
        return credentials.issue(session, person.id, kind, OPERATOR)


def _grant(text: str) -> tuple[Role, str]:
    role, _, group = text.partition(":")
    if role not in list(Role):
        raise click.BadParameter(f"“{role}” is no role; choose one of: {', '.join(Role)}.")
    return Role(role), group or EVERYWHERE


def _as_text(findings: Sequence[Finding]) -> str:
    """One line each, and the counts on the last."""
    errors = sum(finding.is_error for finding in findings)
    counts = [_count(errors, "error"), _count(len(findings) - errors, "warning")]
    return "\n".join([*map(_line, findings), f"{', '.join(counts)}."])


def _as_json(findings: Sequence[Finding]) -> str:
    return json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2)


def _line(finding: Finding) -> str:
    where = ":".join(part for part in (finding.path, finding.element_id) if part)
    name = f" “{finding.element_name}”" if finding.element_name else ""
    return f"{where}: {finding.severity} {finding.rule}:{name} {finding.message}"


def _question(file: str, question: Question) -> str:
    where = f"{file}:{question.element_id}" if question.element_id else file
    name = f" “{question.element_name}”" if question.element_name else ""
    return f"{where}: question {question.rule}:{name} {question.message} {question.suggestion}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

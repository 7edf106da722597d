"""`steadyhand check`, `deploy` and `import`: bundles and the files that they are made of."""

from pathlib import Path

import click

from engine import library
from engine.cli.findings import as_json, as_text, count, question_line
from engine.cli.group import OPERATOR, prepared
from engine.errors import NotFound
from engine.library import importing
from engine.settings import Settings


@click.command()
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
    click.echo(as_json(findings) if style == "json" else as_text(findings))
    if any(strict or finding.is_error for finding in findings):
        raise SystemExit(1)


@click.command()
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


@click.command("import")
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
        click.echo(question_line(file.name, question))
    click.echo(f"{count(len(imported.questions), 'question')}, from {imported.origin}.")

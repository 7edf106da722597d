"""`steadyhand backup`, `restore` and `db copy`: what they keep, over releases, and when refused."""

import hashlib
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from engine.cli import main
from engine.store import backups, transfer
from engine.store.tables import (
    AuditEntry,
    Incident,
)
from tests.engine import releases
from tests.engine.conftest import KINDS
from tests.engine.releases import AT_LOOK, CLAIMED, RELEASES
from tests.engine.sample import fill
from tests.factories import complete, dump, open_tasks


def silent(done, table, rows):
    """Nobody watches."""


def command(database, *words, **typed):
    """What is typed after ``steadyhand``, over a database."""
    return CliRunner(env={"DATABASE_URL": database.url}).invoke(main, map(str, words), **typed)


@pytest.fixture
def filled(database):
    fill(database)
    return database


@pytest.fixture
def file(tmp_path):
    return tmp_path / "backup.db"


# What is in a backup


def test_a_backup_is_one_file_for_its_owner_alone_and_the_installation_is_left_as_it_was(
    filled, file
):
    before = dump(filled)

    result = command(filled, "backup", file)

    assert result.exit_code == 0, result.output
    assert [found.name for found in file.parent.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600
    assert dump(filled) == before


def test_a_backup_says_what_it_holds(filled, file):
    rows = transfer.count(filled)

    said = command(filled, "backup", file).stdout.splitlines()

    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert said[0].startswith(f"{rows:,} rows of ")
    assert said[0].endswith("compared row by row; the audit log is complete.")
    assert said[1:] == [f"{file.stat().st_size:,} bytes", f"SHA-256 {sha256}  {file}"]


def test_a_backup_is_restored_into_an_empty_database_of_either_kind(filled, file, make):
    command(filled, "backup", file)
    content = file.read_bytes()

    for target in map(make, KINDS):
        result = command(target, "restore", file)

        assert result.exit_code == 0, result.output
        assert dump(target) == dump(filled)
    assert file.read_bytes() == content


def test_a_backup_replaces_nothing(filled, file):
    file.write_text("Dear diary")

    result = command(filled, "backup", file)

    assert result.output == f"Error: {file} exists already. Choose another name.\n"
    assert file.read_text() == "Dear diary"


def test_a_backup_needs_a_folder_that_is_there(filled, tmp_path):
    result = command(filled, "backup", tmp_path / "none" / "backup.db")

    assert result.output == f"Error: There is no folder {tmp_path / 'none'}.\n"


def test_a_backup_that_fails_leaves_no_file(filled, file):
    with filled.transaction() as session:
        entry = session.scalars(select(AuditEntry).limit(1)).one()
        session.delete(entry)

    result = command(filled, "backup", file)

    assert result.output.endswith(f"Error: The audit log lacks entries about {entry.subject_id}.\n")
    assert list(file.parent.iterdir()) == []


def test_a_backup_of_a_database_that_is_not_there_makes_none(tmp_path, file):
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"}

    result = CliRunner(env=environment).invoke(main, ["backup", str(file)])

    assert result.exit_code == 1
    assert "is older than this release. Run `steadyhand migrate` first" in result.output
    assert list(tmp_path.iterdir()) == []


# Into what it is restored


def test_a_database_with_rows_is_restored_into_only_by_who_says_so(filled, file):
    command(filled, "backup", file)
    with filled.transaction() as session:
        session.execute(text("DELETE FROM effect"))
    before = dump(filled)

    plain = command(filled, "restore", file)
    mistyped = command(filled, "restore", file, "--replace", input="yes\n")
    kept = dump(filled)
    meant = command(filled, "restore", file, "--replace", input="replace\n")

    assert "is not empty: it has rows in " in plain.output
    assert (plain.exit_code, mistyped.exit_code, meant.exit_code) == (1, 1, 0)
    assert kept == before != dump(filled)


def test_who_says_so_beforehand_is_not_asked(filled, file):
    command(filled, "backup", file)

    result = command(filled, "restore", file, "--replace", "--yes")

    assert result.exit_code == 0
    assert "Type" not in result.output


@pytest.mark.parametrize("content", [b"Dear diary, this is no database. " * 50, b""])
def test_a_file_that_is_no_backup_is_refused(database, file, content):
    file.write_bytes(content)

    result = command(database, "restore", file)

    assert f"Error: {file} is no sound backup of Steadyhand: " in result.output
    assert transfer.count(database) == 0


def test_a_damaged_backup_is_refused(make, file):
    source, target = map(make, ("sqlite", "sqlite"))
    fill(source)
    backups.write(source, file, silent)
    with file.open("r+b") as pages:
        pages.seek(4096 * 20)
        pages.write(b"\xff" * 4096 * 4)

    result = command(target, "restore", file)

    assert result.exit_code == 1
    assert f"{file} is no sound backup of Steadyhand: " in result.output
    assert transfer.count(target) == 0


def test_a_backup_of_a_newer_release_is_refused(filled, file, make):
    command(filled, "backup", file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    target = make("sqlite")

    result = command(target, "restore", file)

    assert result.output == f"Error: {file} comes from a newer release. Restore it with that.\n"
    assert transfer.count(target) == 0


@pytest.mark.parametrize("release", RELEASES)
def test_the_backup_of_an_older_release_is_restored_and_its_incidents_go_on(
    database, release, tmp_path
):
    file = releases.backup_of(release, tmp_path)
    content = file.read_bytes()

    result = command(database, "restore", file)

    assert result.exit_code == 0, result.output
    assert file.read_bytes() == content
    people = releases.Cast(database)
    with database.reading() as session:
        incidents = {incident.title: incident for incident in session.query(Incident)}
    complete(database, incidents[AT_LOOK], "Look", people.dora, note="Fine.")
    complete(database, incidents[CLAIMED], "Look", people.dora, note="Fine.")
    waits = {
        title: list(open_tasks(database, incidents[title], people.dora)) for title in incidents
    }
    assert [title for title, elements in waits.items() if elements] == []


# To another database


def test_an_installation_is_copied_to_another_database_with_a_count_of_each_table(filled, make):
    for target in map(make, KINDS):
        result = command(filled, "db", "copy", "--to", target.url)

        assert result.exit_code == 0, result.output
        counted = dict(line.split() for line in result.stdout.splitlines()[:-1])
        assert counted["process_instance"] == "4"
        assert dump(target) == dump(filled)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "Invalid value for --to: "),
        ("postgresql://127.0.0.1:1/none", "The database cannot be used: "),
    ],
)
def test_a_database_that_cannot_be_opened_is_a_sentence(filled, url, said):
    result = command(filled, "db", "copy", "--to", url)

    assert result.exit_code != 0
    assert f"Error: {said}" in result.output

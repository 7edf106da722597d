"""`steadyhand serve`: pages, REST, doors and the worker in one process, on any machine."""

import logging
import signal
import threading
from types import FrameType

import click
from cheroot.wsgi import Server

from api import create_app, logs
from engine import cli, demo, intake, settings, worker
from engine.actors import SYSTEM
from engine.outbox import Outside
from engine.people import accounts
from engine.settings import Settings
from engine.store.database import Database

THREADS = 8
_BACKLOG = 512  # connections that wait to be taken, when everybody comes at once


class WebServer(Server):
    """Cheroot, with its own troubles in the log."""

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 -- cheroot's
        logging.getLogger("cheroot").log(level, msg, exc_info=traceback)


@cli.main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--demo", "is_demo", is_flag=True, help="With demo people and incidents.")
@click.pass_obj
def serve(config: Settings, host: str, port: int, is_demo: bool) -> None:  # noqa: FBT001 -- click's
    """Serve Steadyhand, with one worker thread."""
    database = cli.prepared(config)
    try:
        app = create_app(database, config)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    server = WebServer((host, port), app, numthreads=THREADS, request_queue_size=_BACKLOG)
    try:
        server.prepare()
    except OSError as error:
        raise click.ClickException(f"Port {port} cannot be used: {error}. Try --port.") from error
    url = f"http://{host}:{port}"
    if is_demo:
        _introduce(database, url)
    with database.reading() as session:
        if accounts.is_nobody_there(session):
            click.echo("Nobody can sign in yet: steadyhand user add NAME --role administrator")
    click.echo(f"Steadyhand is at {url} (Ctrl+C ends it)")
    _run(server, database, Outside(alert_url=config.alert_url))


def main() -> None:
    """The console script: every command of the engine, and ``serve``."""
    try:
        logs.configure(settings.from_environment().log_level)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    cli.main(prog_name="steadyhand")


def _introduce(database: Database, url: str) -> None:
    """Print the way in for each demo person; on the first start also the door."""
    with database.transaction() as session:
        door = None
        if accounts.is_nobody_there(session):
            demo.seed(session)
            door = intake.add_door(session, "alertmanager", "demo", "incident", SYSTEM)
        links = demo.links(session)
    click.echo(
        "\nA demonstration. Each link signs one person in, once; a restart prints new ones.\n"
    )
    for person, secret in links:
        click.echo(f"  {person.name:<13}{person.does:<28}{url}/sign-in/{secret}")
    if door:
        click.echo(f"\n  Alertmanager's webhook, shown only now: {url}/doors/alertmanager/{door}")
    click.echo("")


def _run(server: WebServer, database: Database, outside: Outside) -> None:
    stopping = threading.Event()
    sweeper = threading.Thread(target=worker.run, args=(database, stopping, outside), name="worker")

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()
        # stop() waits for requests in flight; a handler may not block the serving thread.
        threading.Thread(target=server.stop).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    sweeper.start()
    try:
        server.serve()
    finally:
        stopping.set()
        sweeper.join()
        database.close()


if __name__ == "__main__":
    main()

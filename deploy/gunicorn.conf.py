"""Gunicorn for Steadyhand: processes with threads, restarted without a failed request.

    gunicorn -c deploy/gunicorn.conf.py api.wsgi:app

HUP rolls the processes; USR2, then TERM to the old master, rolls gunicorn itself (of the script
``gunicorn``: started again as a module it finds its own ``http`` instead of Python's). A process
that ends answers what still comes over connections it kept, with ``Connection: close``.

The environment sets what differs: WEB_CONCURRENCY (processes), STEADYHAND_THREADS, STEADYHAND_BIND.
Nothing of Steadyhand is imported here: the master would hand old code to new processes.
"""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import structlog
from gunicorn import glogging
from prometheus_client import values
from structlog.processors import TimeStamper, add_log_level

bind = os.environ.get("STEADYHAND_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("STEADYHAND_THREADS", "8"))
preload_app = False  # HUP shall load the code that is there now

timeout = 60  # more than the longest statement, which the database ends after 30 s
graceful_timeout = 40  # for requests in flight
keepalive = 75  # longer than proxies keep a connection (60 s), so that they close it, not we
max_requests = 50_000  # against what leaks; spread, so that processes do not go together
max_requests_jitter = 5_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 -- memory, for a heartbeat
control_socket_disable = True

accesslog = None  # the application logs requests itself; gunicorn would write paths with secrets
_LINES = structlog.stdlib.ProcessorFormatter(
    foreign_pre_chain=[add_log_level, structlog.stdlib.add_logger_name, TimeStamper(fmt="iso")],
    processors=[
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
)


class logger_class(glogging.Logger):  # noqa: N801 -- the setting's name
    """The master's lines look like the application's."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_LINES)


# Where processes keep their durations for each other. A folder for each master, which is kept when
# HUP reads this file again, and not handed to the master that USR2 starts.
_FOLDER = f"STEADYHAND_METRICS_OF_{os.getpid()}"
if _FOLDER not in os.environ:
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="steadyhand-metrics-", dir=worker_tmp_dir)
_metrics = os.environ[_FOLDER]


def pre_fork(server, worker):
    """Give each process a number; one that replaces another goes on in its file of durations."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in itertools.count() if number not in taken)


def post_fork(server, worker):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics
    values.ValueClass = values.MultiProcessValue(lambda: worker.number)
    if worker.age > server.cfg.workers:
        os.environ["STEADYHAND_REPLACES"] = "1"


def on_exit(_server):
    shutil.rmtree(_metrics, ignore_errors=True)

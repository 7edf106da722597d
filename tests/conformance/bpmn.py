"""Import every diagram of a folder and run it: ``python -m tests.conformance.bpmn DIR``.

For each file: runs as it is, becomes a draft with so many questions, or is refused by rule ids.
Each one gets a process of its own, 2 seconds and 256 MB. The command fails when a file breaks that
limit, leaves a traceback, or becomes a draft that does not run.
"""

import os
import resource
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from engine import bundles, clock, library
from engine.bpmn import reader, run
from engine.bpmn.definition import compile_definition
from engine.bpmn.progress import Progress
from engine.bundles import Bundle
from engine.clock import Stopped
from engine.errors import InvalidDocument, Refused
from engine.forms import Field, Form
from engine.library import importing
from engine.operations import CATALOGUE, READABLE

SECONDS = 2
MEMORY = 256 * 1024 * 1024
STEPS = 50
ENDINGS = (".bpmn", ".bpmn20.xml", ".bpmn2")


def main(directory: Path) -> int:
    """Print a line a file and the counts; 1 when a file broke a promise."""
    counts: Counter[str] = Counter()
    for path in diagrams(directory):
        outcome = guarded(path)
        counts[outcome.partition(" ")[0].rstrip(":")] += 1
        print(f"{path.relative_to(directory)}: {outcome}")
    print(", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
    return 1 if counts.keys() & {"broken", "stuck"} else 0


def diagrams(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.name.endswith(ENDINGS))


def guarded(path: Path) -> str:
    """The outcome of a file, found in a process of its own under the limits."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _limit()
        _send(writing, path)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        outcome = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) or not outcome:
        return f"broken: over {SECONDS} s or {MEMORY >> 20} MB (status {status})"
    return outcome


def outcome(path: Path) -> str:
    """What becomes of a diagram; ``stuck`` is a draft that passes the checks and does not run."""
    content = path.read_bytes()
    if runs_unchanged(content, path):
        return "runs"
    try:
        imported = importing.import_diagram(content, path.name)
    except InvalidDocument:
        return "refused: file-invalid"
    except Refused as error:
        return f"refused: {', '.join(sorted({finding.rule for finding in error.findings}))}"
    problem = first_failure(imported.files)
    if problem:
        return f"stuck: {problem}"
    return f"draft with {len(imported.questions)} questions"


def runs_unchanged(content: bytes, path: Path) -> bool:
    """Whether the checks find no error in it, with its bundle around it or by itself."""
    try:
        process_id = reader.read(content).process_id
    except InvalidDocument:
        return False
    if (path.parent / bundles.MANIFEST).exists():
        files = library.read_directory(path.parent)
    else:
        files = {f"processes/given/{process_id}.bpmn": content}
        files["processes/given/bundle.toml"] = b'id = "given"'
    return not any(finding.is_error for finding in library.check(files))


def first_failure(files: dict[str, bytes]) -> str:
    """Start every process that starts by itself; empty when none fails within so many steps."""
    bundle = bundles.read(files)
    for process_id in bundle.start_forms:
        with clock.stopped(clock.now()) as time:
            problem = _run(bundle, process_id, time)
        if problem:
            return problem
    return ""


def _run(bundle: Bundle, process_id: str, time: Stopped) -> str:
    processes = {diagram.process_id: diagram for diagram in bundle.diagrams.values()}
    definition = compile_definition(
        processes[process_id], bundle.decisions, processes, bundle.calendars
    )
    operations = {name: lambda _facts, _parameters: {} for name in CATALOGUE}
    facts = dict.fromkeys(READABLE) | {"priority": "P3", "title": "Try it"}
    instance = run.start(definition, facts, operations)
    for step in range(STEPS):
        progress = instance.progress()
        if progress.failures:
            failure = progress.failures[0]
            return f"{failure.element_id}: {failure.message}"
        if progress.is_ended or not progress.waits:
            return "" if progress.is_ended else f"{process_id} waits for nothing"
        _advance(instance, progress, bundle, step, time)
    return ""


def _advance(
    instance: run.Instance, progress: Progress, bundle: Bundle, step: int, time: Stopped
) -> None:
    """One thing that comes from outside: an answer, a message or signal, or time that passes."""
    if progress.open_tasks:
        task = progress.open_tasks[step % len(progress.open_tasks)]
        form = bundle.forms.get(task.node.form_key or "", Form("", ()))
        instance.complete(task.id, {f.key: _answer(f, step) for f in form.inputs})
    elif progress.subscriptions:
        awaited = progress.subscriptions[step % len(progress.subscriptions)]
        instance.deliver(awaited.id, {})
    else:
        due_at = min(timer.due_at for timer in progress.timers)
        time.moment = max(due_at, time.moment) + timedelta(seconds=1)
        instance.fire_timers()


def _answer(field: Field, step: int) -> object:
    """Something else each time, so that a loop comes to its end."""
    match field.type:
        case "checkbox":
            return step % 2 == 0
        case "number":
            return field.min or 1
        case "radio" | "select":
            return field.options[step % len(field.options)][0]
        case _:
            return "Done"


def _limit() -> None:
    """Memory counts from here: what the interpreter and the engine take is not the file's."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _send(pipe: int, path: Path) -> None:
    """Write the outcome and leave at once, without what the parent would do when it ends."""
    try:
        text = outcome(path)
    except BaseException:  # noqa: BLE001 -- whatever it is, it is what we look for
        text = "broken: " + " | ".join(traceback.format_exc().splitlines()[-3:])
    os.write(pipe, text.encode())
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""Every benchmark, or those named: python3 run.py bench [NAME ...] [--short] [--json FILE]

Each prints its figures beside a floor measured in the same run and the goal; none judges.
"""

import argparse
from pathlib import Path

from benchmarks import (
    figures,
    growth,
    kernel,
    lifecycle,
    lists,
    memory,
    places,
    start,
    storage,
    timers,
)
from benchmarks.figures import Found

BENCHMARKS = {
    "lifecycle": lifecycle,
    "growth": growth,
    "lists": lists,
    "timers": timers,
    "start": start,
    "memory": memory,
    "storage": storage,
    "kernel": kernel,
}


def main() -> None:
    options = _options()
    found: Found = {}
    with places.opened(tuple(options.on)) as opened:
        for name in options.names or BENCHMARKS:
            benchmark = BENCHMARKS[name]
            size = benchmark.SHORT if options.short else benchmark.FULL
            figures.say(f"{name}: {benchmark.__doc__.splitlines()[0]}")
            found[name] = list(benchmark.run(size, opened))
            figures.show(name, found[name])
    if options.json:
        figures.keep(found, options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME")
    parser.add_argument("--short", action="store_true", help="a few seconds, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also keep the figures there")
    parser.add_argument("--on", nargs="+", choices=places.NAMES, default=places.NAMES)
    return parser.parse_args()


if __name__ == "__main__":
    main()

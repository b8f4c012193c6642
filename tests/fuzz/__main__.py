"""Look for files that are read wrongly: ``python -m tests.fuzz [--minutes 10]``; code 1 if any was found."""

from __future__ import annotations

import argparse
import sys
import time
import traceback

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.properties import WORDS, damages, dialects, never_a_traceback, never_silently_wrong

A_ROUND = 60  # examples


def main() -> int:
    """Run rounds of both properties with ever new seeds until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    arguments = parser.parse_args()
    end, number, faults = time.monotonic() + 60 * arguments.minutes, arguments.seed, 0
    while time.monotonic() < end:
        for check in (_dialects, _damages):
            try:
                check(number)
            except Exception:  # noqa: BLE001 - a fault is shown, and the search goes on
                faults += 1
                print(f"round {number}:\n{traceback.format_exc(limit=-6)}", file=sys.stderr, flush=True)
        number += 1
    tried = (number - arguments.seed) * 2 * A_ROUND
    print(f"{tried:,} files, {faults} {'fault' if faults == 1 else 'faults'}.")
    return 1 if faults else 0


QUIET = settings(
    max_examples=A_ROUND, deadline=None, database=None, derandomize=False,
    phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
)  # fmt: skip


def _dialects(number: int) -> None:
    seed(number)(QUIET(given(dialects(), WORDS)(never_silently_wrong)))()


def _damages(number: int) -> None:
    seed(number)(QUIET(given(dialects(), st.lists(damages(), min_size=1, max_size=4), WORDS)(never_a_traceback)))()


if __name__ == "__main__":
    sys.exit(main())

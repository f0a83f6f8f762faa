"""How often each gate is wrong, on pictures drawn by us: `python -m scripts.slow.gates [--count 400] [GATE]...`.

Half of a gate's pictures are good, half are damaged in a known way (`tests/support/labelled.py`). A damaged one that passes is a
false pass; a good one that is blocked, or that a person would have to look at, is a false block. Prints a table for the docs page
"Gates"; the exit code is 1 when a gate that is no mere advice errs more often than 2 % and 5 %.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aibild_build import gates
from aibild_build.model import Outcome
from tests.support.labelled import Case, cases, gates_drawn_for

FALSE_PASS, FALSE_BLOCK = 0.02, 0.05


@dataclass
class Tally:
    good: int = 0
    bad: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    stopped: int = 0
    seconds: float = 0.0


def outcome_of(gate: gates.Gate, case: Case) -> Outcome:
    """What the gate says with its own limits."""
    if case.other is None:
        return gate.judge(gate.measure(case.seen), {}).outcome
    pair = {"a": gate.measure(case.seen), "b": gate.measure(case.other)}
    return next((found.judgement.outcome for found in gate.compare(pair, {})), Outcome.PASS)


def tally(name: str, count: int, folder: Path) -> Tally:
    gate, found = gates.load(name), Tally()
    for case in cases(name, count, folder):
        started = time.perf_counter()
        passes = outcome_of(gate, case) is Outcome.PASS
        found.seconds += time.perf_counter() - started
        if case.damage:
            found.bad += 1
            found.passed[case.damage] += passes
        else:
            found.good += 1
            found.stopped += not passes
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=gates_drawn_for())
    parser.add_argument("--count", type=int, default=400)
    arguments = parser.parse_args()
    worst = 0
    print("| gate | pictures | false pass | false block | ms | what passed |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names:
            found = tally(name, arguments.count, Path(folder))
            wrong, stopped = sum(found.passed.values()) / found.bad, found.stopped / found.good
            advice = gates.load(name).level != "error"
            worst |= not advice and (wrong > FALSE_PASS or stopped > FALSE_BLOCK)
            slipped = ", ".join(f"{kind} {number}" for kind, number in found.passed.items() if number)
            milliseconds = 1000 * found.seconds / arguments.count
            print(
                f"| `{name}`{' (advice)' if advice else ''} | {arguments.count} | {wrong:.1%} | {stopped:.1%} "
                f"| {milliseconds:.0f} | {slipped} |",
                flush=True,
            )
    return int(worst)


if __name__ == "__main__":
    raise SystemExit(main())

"""Work that is shared out comes back whole and in order, whatever becomes of a copy."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence

import pytest

from aibild_build.build.forks import shared_out


def _flat(results: Sequence[tuple[Sequence[int], list[int]]]) -> list[int]:
    return [one for _, part in results for one in part]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_item_once_and_in_order(count: int, workers: int) -> None:
    items = list(range(count))
    results = shared_out(items, lambda part: [one * 2 for one in part], workers=workers, fewest=2)
    assert _flat(results) == [one * 2 for one in items]
    assert [one for part, _ in results for one in part] == items


def test_more_than_one_process_works() -> None:
    pids = {pid for _, pid in shared_out(list(range(10)), lambda part: os.getpid(), workers=2, fewest=2)}
    assert len(pids) == 2 and os.getpid() in pids


def test_few_items_stay_here() -> None:
    assert [pid for _, pid in shared_out([1, 2, 3], lambda part: os.getpid(), workers=2, fewest=2)] == [os.getpid()]


def test_a_copy_that_is_killed_is_made_up_for() -> None:
    here = os.getpid()

    def work(part: Sequence[int]) -> list[int]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return list(part)

    assert _flat(shared_out(list(range(10)), work, workers=3, fewest=2)) == list(range(10))


def test_an_error_in_a_copy_is_raised_here() -> None:
    def work(part: Sequence[int]) -> list[int]:
        if 9 in part:
            raise LookupError("nine is not wanted")
        return list(part)

    with pytest.raises(LookupError, match="nine"):
        shared_out(list(range(10)), work, workers=2, fewest=2)


def test_the_first_error_counts() -> None:
    def work(part: Sequence[int]) -> list[int]:
        raise LookupError(str(part[0]))

    with pytest.raises(LookupError, match="0"):
        shared_out(list(range(10)), work, workers=2, fewest=2)


def test_a_process_with_threads_is_not_copied() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert [pid for _, pid in shared_out(list(range(10)), lambda part: os.getpid(), workers=2, fewest=2)] == [os.getpid()]
    finally:
        done.set()
        thread.join()

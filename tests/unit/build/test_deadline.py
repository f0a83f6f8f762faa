"""The time limit ends what never ends, leaves alone what is in time, and leaves nothing behind."""

from __future__ import annotations

import signal
import threading

import pytest

from aibild_build.build.deadline import deadlines


def _endless() -> None:
    while True:
        pass


def test_endless_work_is_ended() -> None:
    with pytest.raises(TimeoutError, match=r"expected a page within 0\.1 s, got none by then"), deadlines(0.1, "a page") as begin:
        begin()
        _endless()


def test_work_that_swallows_the_first_end_is_ended_again() -> None:
    def stubborn() -> None:
        try:
            _endless()
        except OSError:
            _endless()

    with pytest.raises(TimeoutError), deadlines(0.05, "a page") as begin:
        begin()
        stubborn()


def test_work_in_time_passes_and_the_signal_is_as_before() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadlines(60, "a page") as begin:
        begin()
        begin()
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_another_thread_has_no_limit() -> None:
    done: list[bool] = []

    def work() -> None:
        with deadlines(0.001, "a page") as begin:
            begin()
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]

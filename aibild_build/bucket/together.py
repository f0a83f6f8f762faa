"""Many requests at once, in threads: the one place of the room that starts any."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

LANES = 32  # beyond that neither SeaweedFS nor rclone answered faster on loopback
Item = TypeVar("Item")
Result = TypeVar("Result")


def begun(work: Callable[[], Result]) -> Callable[[], Result]:
    """`work` in a thread of its own from now on; what is returned waits for it, and yields or raises what came of it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="bucket")
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future.result


def together(work: Callable[[Item], Result], items: Iterable[Item], *, lanes: int = LANES) -> Iterator[Result]:
    """`work` on every item, `lanes` at a time, results in the order of the items.

    At most twice as many items are taken ahead as run. The first exception is raised; what had not begun by then is not begun.
    """
    with ThreadPoolExecutor(lanes, thread_name_prefix="bucket") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= 2 * lanes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

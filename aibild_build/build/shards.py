"""Deals a site's briefs out to runs that do not know of each other: `--shard i/n`.

Takes the text of an option and what is wanted, yields the briefs of one run. Decides nothing else, makes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import AibildError
from ..plan.pictures import WantedAsset

_SHARD = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})")


def read_shard(text: str) -> tuple[int, int] | None:
    """`2/4` → (2, 4); None for "". Raises AibildError."""
    if not text:
        return None
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise AibildError(
            f"expected a shard as `i/n` with i from 1 to n, got `{text}`", hint="`--shard 2/4` is the second of four runs"
        )
    return int(found[1]), int(found[2])


def dealt(wanted: Sequence[WantedAsset], index: int, count: int) -> tuple[str, ...]:
    """The briefs of one run of several: dealt out in turn, in the order of their first recipe's keys.

    All pictures of a brief go to one run, since some start from others. What is there already is dealt out too: else runs that
    begin one after another would deal differently, and leave gaps.
    """
    first = {want.brief: want.recipes[0].key for want in reversed(wanted)}
    ordered = sorted(first, key=lambda brief: (first[brief], brief))
    return tuple(sorted(ordered[index - 1 :: count]))

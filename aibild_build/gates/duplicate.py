"""Gate `duplicate`: two published pictures that a reader would take for the same one.

Measured are two 64-bit perceptual hashes (of the picture and of its mirror image) and the mean colour; hashes alone are blind
to colour, so a tint variant needs the colour to be told apart. Comparing all pairs of 10,000 pictures is one matrix of XORs, a
fifth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ..colour import difference, parse, to_lab
from ..model import Json, Outcome
from . import Judgement, Measured, Pair, Scored, Seen, number

SAME = 4.0  # bits of 64: quality 30 JPEG, resizing and brightness give 0, a stereo pair 4; other photographs 26 and more
NEAR = 10.0
COLOUR = 6.0  # CIEDE2000 between mean colours, from where on a tint is another picture


class Duplicate(Scored):
    name = "duplicate"
    scope = "assets"
    better = "higher"
    settings: Mapping[str, str] = {"review": "number", "block": "number", "colour": "number"}
    review, block = NEAR, SAME

    def measure(self, seen: Seen) -> Measured:
        """Score: 0, since one picture has no duplicate; facts: three hashes of 16 hexadecimal digits and `colour`."""
        from imagehash import dhash, phash
        from PIL import Image, ImageOps

        image = Image.frombytes(seen.mode, seen.size, seen.samples).convert("RGB")
        small = image.resize((256, 256), Image.Resampling.BOX)
        red, green, blue = small.resize((1, 1), Image.Resampling.BOX).tobytes()
        facts: dict[str, Json] = {
            "phash": str(phash(small)),
            "mirror": str(phash(ImageOps.mirror(small))),
            "dhash": str(dhash(small)),
            "colour": f"#{red:02x}{green:02x}{blue:02x}",
        }
        return Measured(score=0, facts=facts)

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """One picture alone is no duplicate."""
        return Judgement(outcome=Outcome.PASS, threshold=number(settings, "review", NEAR))

    def compare(self, measured: Mapping[str, Measured], settings: Mapping[str, Json]) -> Iterator[Pair]:
        """Every pair of subjects that are the same (`block`) or nearly so (`review`), in the order of their names."""
        same, near, colour = number(settings, "block", SAME), number(settings, "review", NEAR), number(settings, "colour", COLOUR)
        for first, second, distance in _close(measured, int(near)):
            if _colour_distance(measured[first], measured[second]) > colour:
                continue
            outcome = Outcome.BLOCK if distance <= same else Outcome.REVIEW
            message = f"is {'the same picture as' if outcome is Outcome.BLOCK else 'much like'} `{second}`"
            judgement = Judgement(outcome=outcome, threshold=same if distance <= same else near, message=message)
            yield Pair(first=first, second=second, distance=distance, judgement=judgement)


def _close(measured: Mapping[str, Measured], near: int) -> Iterator[tuple[str, str, int]]:
    """Pairs within `near` bits, by the nearer of picture and mirror image; both kinds of hash must agree that they are close."""
    names = sorted(measured)
    if len(names) > _FEW:
        yield from _close_many(names, measured, near)
        return
    for first, second in combinations(names, 2):
        distance = _distance(measured[first].facts, measured[second].facts)
        if distance <= near:
            yield first, second, distance


_FEW = 400  # below that plain integers are quicker than importing numpy


def _distance(one: Mapping[str, Json], two: Mapping[str, Json]) -> int:
    def bits(left: Json, right: Json) -> int:
        return (int(str(left), 16) ^ int(str(right), 16)).bit_count()

    plain = max(bits(one["phash"], two["phash"]), bits(one["dhash"], two["dhash"]))
    return min(plain, bits(one["mirror"], two["phash"]) + _MIRRORED)


_MIRRORED = 1  # a mirror image is told by one hash only, so it counts as a little farther


def _close_many(names: list[str], measured: Mapping[str, Measured], near: int) -> Iterator[tuple[str, str, int]]:
    import numpy

    def column(name: str) -> numpy.ndarray:
        return numpy.array([int(str(measured[one].facts[name]), 16) for one in names], numpy.uint64)

    straight, mirrored = column("phash"), column("mirror")
    count = getattr(numpy, "bitwise_count", None) or ones
    for index, first in enumerate(names[:-1]):
        rest = slice(index + 1, None)
        close = count(straight[rest] ^ straight[index]) <= near
        close |= count(straight[rest] ^ mirrored[index]) <= near - _MIRRORED
        for hit in numpy.flatnonzero(close):
            second = names[index + 1 + int(hit)]
            distance = _distance(measured[first].facts, measured[second].facts)
            if distance <= near:
                yield first, second, distance


def ones(words: Any) -> Any:
    """Set bits of each of `words` ((n,) uint64): what numpy counts by itself from 2.0 on, and 1.26 does not.

    Source: H. S. Warren, Hacker's Delight, figure 5-2: sums of neighbours of 1, 2 and 4 bits, then all bytes by one product.
    """
    words = words - ((words >> 1) & 0x5555555555555555)
    words = (words & 0x3333333333333333) + ((words >> 2) & 0x3333333333333333)
    words = (words + (words >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (words * 0x0101010101010101) >> 56


def _colour_distance(one: Measured, two: Measured) -> float:
    return difference(to_lab(parse(str(one.facts["colour"]))), to_lab(parse(str(two.facts["colour"]))))

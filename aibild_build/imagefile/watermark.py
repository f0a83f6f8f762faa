"""An imperceptible mark in the luma of a picture, and finding it again without the original.

Takes 8-bit samples and a key, yields marked samples, or what was found. Spread spectrum: a tile of signs in a band of middle
frequencies, half a picture high, is repeated over the whole picture; flat ground gets less of it than texture. Finding tries
every scale at which a part of a picture may have been shown, folds the picture to one tile, and looks for the shift that fits
best. Knows nothing of briefs and stores. Whoever has this file and the key can also take the mark out.
Source: Cox et al., "Secure Spread Spectrum Watermarking for Multimedia" (1997); Kalker et al., "A Video Watermarking System for
Broadcast Monitoring" (1999), for tiles and shifts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

FINGERPRINT = 1  # raise it when marks change: pictures with a mark are then made anew
PUBLIC_KEY = b"aibild watermark, public key 1"
ID_DIGITS = 8  # of the id in hexadecimal: 32 bits, a byte a symbol, and one more byte that checks them
SMALLEST_PX = 64  # of the shorter side: below that nothing is looked for
_TILE = 64  # samples a side of a tile, when a picture is folded
_ROWS = 2  # tiles from top to bottom of a picture
_BAND = (6.0, 22.0)  # cycles a tile: above what pictures are made of, below what 320 px can show
_SYMBOLS = ID_DIGITS // 2 + 1
_PILOT_SHARE = 1 / 3  # of the band; the symbols share the rest
_RMS = 2.05  # levels of 255, of the whole mark: 42 dB
_TEXTURE = 0.35  # how much more of the mark goes where there is texture
_HIDDEN = 3.0  # and at most how many times what plain ground gets
_ZOOM, _ZOOM_STEP = 3.2, 1.006  # how much higher a whole picture was than what is looked at: up to that, in such steps
_CLEAR = 8.0  # standard deviations of the pilot at which no better scale need be looked for, if the symbols are as clear
_TRIES = 8  # of the best places the symbols are read
_SURE = 9.5  # standard deviations; measured by scripts/slow/watermark.py


@dataclass(frozen=True, slots=True)
class Mark:
    """`score` is how well a mark fits, in standard deviations of chance; `id` is "" where its symbols could not be read."""

    score: float
    id: str = ""

    @property
    def found(self) -> bool:
        return self.score >= _SURE


def mark_id(name: str) -> str:
    """The 32 bits that a mark carries for a name, as hexadecimal."""
    return hashlib.sha256(name.encode()).hexdigest()[:ID_DIGITS]


def embed(samples: bytes, size: tuple[int, int], mode: str, *, id: str, key: bytes = PUBLIC_KEY, strength: float = 1.0) -> bytes:
    """The same picture with a mark. `samples` are width·height·len(mode) bytes of 8-bit sRGB, RGB or RGBA; alpha is kept.

    `strength` scales the mark, 1.0 is what was measured. Raises ValueError for an `id` that is not eight hexadecimal digits.
    """
    import numpy as np

    width, height = size
    pixels = np.frombuffer(samples, np.uint8).reshape(height, width, len(mode))
    colour = pixels[:, :, :3].astype(np.float32)
    tall = _TILE * _ROWS
    across = tall * width / height
    pattern = np.tile(_pattern(id, key), (_ROWS + 2, int(across // _TILE) + 3))
    added = _resized(pattern, size, (_TILE, _TILE, _TILE + across, _TILE + tall)) * _room(_luma(colour))
    # Rounded, since sums and transforms may differ in their last bits between machines, and a recipe's pixels must not.
    added *= np.float32(round(_RMS * strength / max(float(np.sqrt((added.astype(np.float64) ** 2).mean())), 1e-6), 4))
    marked = np.clip(np.rint(colour + added[:, :, None]), 0, 255).astype(np.uint8)
    return np.concatenate([marked, pixels[:, :, 3:]], axis=2).tobytes()


def detect(samples: bytes, size: tuple[int, int], mode: str, *, key: bytes = PUBLIC_KEY, known: Sequence[str] = ()) -> Mark:
    """The mark of a picture or of a cut of it. Samples as in `embed`; `known` are ids that are likely to be in it."""
    import numpy as np

    width, height = size
    if min(size) < SMALLEST_PX:
        return Mark(0.0)
    luma = _luma(np.frombuffer(samples, np.uint8).reshape(height, width, len(mode))[:, :, :3].astype(np.float32))
    highest = _TILE * _ROWS * 2  # so that each of the many scales costs little
    if height > highest:
        width, height = round(width * highest / height), highest
        luma = _resized(luma, (width, height), (0, 0, *size))
    band = _band(key)
    places = []
    for step in range(int(np.log(_ZOOM) / np.log(_ZOOM_STEP)) + 1):
        spectrum = _folded(luma, _TILE * _ROWS / (height * _ZOOM_STEP**step))
        if spectrum is None:
            break
        likely = np.fft.irfft2(np.where(band.owner == 0, spectrum * np.conj(band.phase), 0), s=(_TILE, _TILE))
        place = int(np.argmax(likely))
        pilot = float(likely.flat[place] / (likely.std() + 1e-9))
        places.append((pilot, place, spectrum))
        if pilot > _CLEAR:
            mark = _read(spectrum, divmod(place, _TILE), band, key, known)
            if mark.score > 2 * _SURE:
                return mark
    places.sort(key=lambda one: -one[0])
    read = [_read(spectrum, divmod(place, _TILE), band, key, known) for _, place, spectrum in places[:_TRIES]]
    return max(read, key=lambda one: one.score, default=Mark(0.0))


@dataclass(frozen=True, slots=True)
class _Band:
    """What a key makes of a tile's spectrum: whose each frequency is (-1 nobody's, 0 the pilot's, then the symbols'), its phase
    in the pilot, and for each symbol 256 words of phases.
    """

    owner: NDArray[np.int8]
    phase: NDArray[np.complex128]
    words: tuple[NDArray[np.complex128], ...]


@lru_cache(maxsize=4)
def _band(key: bytes) -> _Band:
    import numpy as np

    # PCG64 is promised to give the same stream for ever; so are its raw 64 bits, which is all that is drawn here.
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(key).digest(), "big"))

    def drawn(count: int) -> NDArray[np.float64]:
        return (bits.random_raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    rows, columns = np.fft.fftfreq(_TILE)[:, None] * _TILE, np.fft.rfftfreq(_TILE)[None, :] * _TILE
    radius = np.hypot(rows, columns)
    usable = (radius >= _BAND[0]) & (radius <= _BAND[1]) & (columns > 0)
    share = drawn(usable.size).reshape(usable.shape)
    symbol = 1 + np.floor((share - _PILOT_SHARE) / (1 - _PILOT_SHARE) * _SYMBOLS)
    owner = np.where(usable, np.where(share < _PILOT_SHARE, 0, symbol), -1).astype(np.int8)
    phase = np.exp(2j * np.pi * drawn(usable.size)).reshape(usable.shape)
    words = []
    for number in range(1, _SYMBOLS + 1):
        count = int((owner == number).sum())
        words.append(np.exp(2j * np.pi * drawn(256 * count)).reshape(256, count))
    return _Band(owner, phase, tuple(words))


def _pattern(id: str, key: bytes) -> Plane:
    """The tile of one id: (64, 64), of mean 0."""
    import numpy as np

    band, spectrum = _band(key), np.zeros((_TILE, _TILE // 2 + 1), np.complex128)
    spectrum[band.owner == 0] = band.phase[band.owner == 0]
    for number, symbol in enumerate(_symbols(id, key), 1):
        spectrum[band.owner == number] = band.words[number - 1][symbol]
    return np.round(np.fft.irfft2(spectrum, s=(_TILE, _TILE)) * _TILE, 4).astype(np.float32)


def _symbols(id: str, key: bytes) -> tuple[int, ...]:
    digits = bytes.fromhex(id)
    if len(digits) * 2 != ID_DIGITS:
        raise ValueError(f"expected an id of {ID_DIGITS} hexadecimal digits, got `{id}`")
    return *digits, hashlib.sha256(b"check" + key + digits).digest()[0]


def _read(spectrum: Any, shift: tuple[int, int], band: _Band, key: bytes, known: Sequence[str]) -> Mark:
    """The best id at one place, of the known ones and of the likeliest that can be made of what is read."""
    import numpy as np

    rows, columns = np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE)[None, :]
    seen = spectrum * np.exp(2j * np.pi * (rows * shift[0] + columns * shift[1]))
    inside = band.owner >= 0
    spread = float(np.sqrt((np.abs(seen[inside]) ** 2).sum() / 2)) + 1e-9
    pilot = float((seen * np.conj(band.phase))[band.owner == 0].real.sum())
    likely = [(np.conj(words) @ seen[band.owner == number]).real for number, words in enumerate(band.words, 1)]

    def fit(symbols: Sequence[int]) -> float:
        return (pilot + sum(float(one[symbol]) for one, symbol in zip(likely, symbols, strict=True))) / spread

    best = [np.argsort(-one)[:2].tolist() for one in likely[:-1]]
    ids = [*known, *(bytes(digits).hex() for digits in product(*best))]
    fits = {id: fit(_symbols(id, key)) for id in ids}
    id = max(fits, key=lambda one: fits[one])
    return Mark(fits[id], id)


def _folded(luma: Plane, scale: float) -> Any:
    """The spectrum of a picture at `scale`, laid tile upon tile; None where less than half a tile is left."""
    import numpy as np

    height, width = int(luma.shape[0] * scale), int(luma.shape[1] * scale)
    if min(height, width) < _TILE // 2:
        return None
    plane = _resized(luma, (width, height), (0, 0, width / scale, height / scale))
    plane = plane - _blurred(plane, 5)
    plane = np.clip(plane / (np.sqrt(np.maximum(_blurred(plane**2, 5), 0)) + 1.0), -2.0, 2.0)
    plane = np.pad(plane, ((0, -height % _TILE), (0, -width % _TILE)))
    folded = plane.reshape(plane.shape[0] // _TILE, _TILE, plane.shape[1] // _TILE, _TILE).sum(axis=(0, 2))
    spectrum = np.fft.rfft2(folded)
    size = np.abs(spectrum)
    return spectrum / (size + _ring_means(size) + 1e-6)


def _ring_means(size: Any) -> Any:
    """The mean of all frequencies of the same length, for each."""
    import numpy as np

    rows, columns = np.fft.fftfreq(_TILE)[:, None] * _TILE, np.fft.rfftfreq(_TILE)[None, :] * _TILE
    rings = np.hypot(rows, columns).astype(np.intp)
    return (np.bincount(rings.ravel(), size.ravel()) / np.bincount(rings.ravel()))[rings]


def _room(luma: Plane) -> Plane:
    """How much of the mark each place can hide, 1 on plain ground."""
    import numpy as np

    height, width = luma.shape
    scale = min(1.0, 512 / height)
    small = _resized(luma, (max(1, round(width * scale)), max(1, round(height * scale))), (0, 0, width, height))
    texture = _blurred(np.abs(small - _blurred(small, 6)), 8)
    return _resized(np.clip(1 + _TEXTURE * texture, 1, _HIDDEN), (width, height), (0, 0, small.shape[1], small.shape[0]))


def _luma(colour: Plane) -> Plane:
    import numpy as np

    red, green, blue = (colour[:, :, index] for index in range(3))
    luma: Plane = ((299 * red + 587 * green + 114 * blue) / np.float32(1000)).astype(np.float32)
    return luma


def _blurred(plane: Plane, radius: int) -> Plane:
    """The mean over (2·radius + 1)² neighbours, the edge repeated."""
    import numpy as np

    side = 2 * radius + 1
    sums = np.pad(plane.astype(np.float64), radius, mode="edge").cumsum(axis=0).cumsum(axis=1)
    sums = np.pad(sums, ((1, 0), (1, 0)))
    block = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    means: Plane = (block / side**2).astype(np.float32)
    return means


def _resized(plane: Plane, size: tuple[int, int], box: tuple[float, float, float, float]) -> Plane:
    """`box` (left, top, right, bottom) of a plane at `size` (width, height)."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, box), np.float32)

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from PIL import Image

from aibild_build.imagefile import ImageFault, decode_png, encode_png, pixels_digest


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_master_keeps_every_sample(mode: str) -> None:
    samples = bytes(index * 7 % 256 for index in range(5 * 3 * len(mode)))
    data = encode_png(samples, (5, 3), mode)
    assert decode_png(data) == (samples, (5, 3), mode)
    assert encode_png(samples, (5, 3), mode) == data


def test_a_digest_covers_shape_and_samples() -> None:
    samples = bytes(24)
    assert pixels_digest(samples, (4, 2), "RGB") == hashlib.sha256(b"4x2 RGB\n" + samples).hexdigest()
    names = {pixels_digest(samples, *shape) for shape in (((4, 2), "RGB"), ((2, 4), "RGB"), ((3, 2), "RGBA"))}
    assert len(names) == 3


def test_samples_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="11 samples are no 2×2 RGB picture"):
        encode_png(bytes(11), (2, 2), "RGB")
    with pytest.raises(ValueError, match="LA picture"):
        encode_png(bytes(8), (2, 2), "LA")


def test_only_our_own_masters_are_read_back() -> None:
    grey, jpeg = BytesIO(), BytesIO()
    Image.new("L", (2, 2)).save(grey, "PNG")
    Image.new("RGB", (2, 2)).save(jpeg, "JPEG")
    whole = encode_png(bytes(3000), (10, 100), "RGB")
    for data in (grey.getvalue(), jpeg.getvalue(), b"", whole[:60]):
        with pytest.raises(ImageFault):
            decode_png(data)

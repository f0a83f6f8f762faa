"""The invisible mark of diffusers: asked for by the recipe, put in or refused with a sentence, never forgotten in silence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from aibild_build.errors import EngineRefused
from aibild_build.model import Json
from tests.support.sdxl import Tiny

pytestmark = pytest.mark.filterwarnings("ignore")

SIZE = (256, 256)
LARGE: dict[str, Json] = {"bucket": list(SIZE), "steps": 1, "guidance": 1.0}


@pytest.fixture(scope="module")
def tiny(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    from tests.support.tiny_sdxl import tables

    found = Tiny(tables(tiny_models), tmp_path_factory.mktemp("root"))
    yield found
    found.engine.close()


@pytest.mark.skipif(find_spec("imwatermark") is None, reason="needs invisible-watermark, which no extra brings")
def test_a_mark_is_put_in_and_can_be_read_back(tiny: Tiny) -> None:
    import numpy
    from diffusers.pipelines.stable_diffusion_xl.watermark import WATERMARK_BITS
    from imwatermark import WatermarkDecoder

    def read(samples: bytes) -> float:
        """The share of the mark's bits that are there."""
        picture = numpy.frombuffer(samples, numpy.uint8).reshape(SIZE[1], SIZE[0], 3)[:, :, ::-1]
        found = WatermarkDecoder("bits", len(WATERMARK_BITS)).decode(picture, "dwtDct")
        right = [int(bit) == wanted for bit, wanted in zip(found, WATERMARK_BITS, strict=True)]
        return float(sum(right) / len(right))

    plain, marked = (tiny.make({**LARGE, "watermark": mark}, size=SIZE) for mark in (False, True))
    assert plain != marked and tiny.make(LARGE, size=SIZE) == plain, "off unless it is asked for"
    assert read(marked) > 0.85 > read(plain)


@pytest.mark.skipif(find_spec("imwatermark") is None, reason="needs invisible-watermark, which no extra brings")
def test_a_picture_too_small_for_a_mark_is_refused(tiny: Tiny) -> None:
    with pytest.raises(EngineRefused, match="at least 256 pixels a side"):
        tiny.make({"watermark": True})


def test_without_the_package_a_mark_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    """In a process that cannot import it, whether it is installed or not."""
    code = f"""
import sys
from pathlib import Path
sys.modules["imwatermark"] = None
from aibild_build.errors import EngineUnavailable
from tests.support.sdxl import Tiny
tiny = Tiny({dict(tiny.tables)!r}, Path({str(tmp_path)!r}))
try:
    tiny.make({{"watermark": True}})
except EngineUnavailable as error:
    print(error.message, "|", error.hint)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert "`watermark: true` needs the package invisible-watermark" in done.stdout, done.stderr
    assert "pip install invisible-watermark" in done.stdout

"""What CLIP's encoders read of a prompt. Needs no torch; where the real merges and tokenizer are at hand, they judge."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from aibild_build import engines
from aibild_build.engines.sdxl.words import WINDOW, Counter, has_merges, is_weighted, unweighted
from aibild_build.weights.single import clip_merges, write_tokenizer
from tests.support import sdxl

MERGES = ("r e", "re d</w>", "t o", "to w", "e r</w>", "tow er</w>")
AWKWARD = (
    "a red tower",
    "Über die Brücke, naïve café",
    "it's 1999, don't (shout)!!",
    "東京の夜景 🗼 neon",
    "a   lot\tof \n space -- and --- dashes…",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tokenizer(tmp_path / "tokenizer", MERGES, "!")
    return tmp_path / "tokenizer"


@pytest.mark.parametrize("text,tokens", [("", 0), ("red", 1), ("red tower", 2), ("Red,", 2), ("tow", 2), ("1999", 4)])
def test_counting_by_merges(folder: Path, text: str, tokens: int) -> None:
    assert Counter(folder).count("tokenizer", "prompt", text).tokens == tokens


def test_the_window_and_what_falls_off(folder: Path) -> None:
    just = Counter(folder).count("tokenizer", "prompt", "red " * WINDOW)
    assert (just.tokens, just.lost) == (WINDOW, "")
    over = Counter(folder).count("tokenizer", "prompt", "red " * WINDOW + "tower red")
    assert (over.tokens, over.lost) == (WINDOW + 2, "tower red")


def test_a_folder_without_merges(tmp_path: Path) -> None:
    assert not has_merges(tmp_path)
    with pytest.raises(OSError):
        Counter(tmp_path)


@pytest.mark.parametrize(
    "text,weighted",
    [
        ("a red tower", False),
        ("a (red) tower", False),
        ("a (red)1.3 tower", True),
        ("a (red)+ tower", True),
        ("red++ tower", True),
        ("red-- tower", True),
        ("a well-known tower -- in fog", False),
        ('("red", "blue").blend(1, 1)', True),
        ("C++ on a screen", True),
    ],
)
def test_what_reads_as_a_weight(text: str, weighted: bool) -> None:
    assert is_weighted(text) is weighted


def test_words_without_their_weights() -> None:
    assert unweighted("a (red)1.3 tower, fog++ and (sea)--") == "a red tower, fog and sea"


def test_a_long_prompt_is_told_with_what_falls_off(tmp_path: Path) -> None:
    write_tokenizer(tmp_path / "models" / "base" / "tokenizer", MERGES, "!")
    write_tokenizer(tmp_path / "models" / "base" / "tokenizer_2", MERGES, "!")
    engine = engines.load("sdxl", {**sdxl.settings(), "root": str(tmp_path)})
    long = sdxl.brief(parts=(("subject", "red " * 80 + "tower"),))
    (finding,) = sdxl.resolved(long, engine=engine).findings
    assert (finding.rule, finding.measured, finding.limit) == ("prompt-truncated", 81, WINDOW)
    assert "tower" in finding.message
    assert sdxl.resolved(sdxl.brief({"weighting": "compel"}, parts=long.parts), engine=engine).findings == ()
    assert isinstance(engine, engines.Counting)
    told = engine.tokens(long)
    assert isinstance(told, dict) and isinstance(told["counts"], list)
    assert [row["tokens"] for row in told["counts"] if isinstance(row, dict)] == [81, 0, 81, 0]
    assert told["weighting"] == "none"


@pytest.mark.skipif(find_spec("open_clip") is None, reason="needs CLIP's merges: pip install open_clip_torch")
def test_real_merges(tmp_path: Path) -> None:
    merges = clip_merges()
    assert len(merges) == 48894
    assert write_tokenizer(tmp_path, merges, "!") == 49408
    count = Counter(tmp_path).count
    assert [count("t", "p", text).tokens for text in ("a photo of a cat", "lighthouse", "a quick brown fox.")] == [5, 1, 5]


@pytest.mark.skipif(find_spec("transformers") is None or find_spec("open_clip") is None, reason="needs the extra `sdxl`")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", AWKWARD)
def test_transformers_counts_the_same(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    from aibild_build import tensors

    folder = tmp_path_factory.getbasetemp() / "clip-tokenizer"
    if not folder.exists():
        write_tokenizer(folder, clip_merges(), "<|endoftext|>")
    theirs = tensors.transformers().CLIPTokenizer.from_pretrained(str(folder))(text).input_ids
    assert Counter(folder).count("t", "p", text).tokens == len(theirs) - 2

"""Imperceptible marks: put in where a brief asks, found again in delivered files, and in no key where none is asked."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aibild_build.brief import read_briefs
from aibild_build.build.transparency import WATERMARK_PX, transparency
from aibild_build.build.verify import Known, Marks, verify
from aibild_build.build.watermarks import KEY_VARIABLE, marks_of, watermark_key
from aibild_build.config import read_config
from aibild_build.errors import AibildError
from aibild_build.imagefile import decode
from aibild_build.imagefile.watermark import PUBLIC_KEY, detect, embed, mark_id
from aibild_build.recipe import compose
from tests.support.project import FILES, run_build, write_project

SIZE = (1600, 900)
ID = mark_id("quay")


@pytest.fixture(scope="module")
def plain() -> bytes:
    """Hills in mist with some grain: smooth ground, soft edges, texture."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    grain = np.random.default_rng(3).normal(0, 3, (SIZE[1], SIZE[0]))
    level = 210 - 70 * y
    for number in range(4):
        ridge = 0.35 + 0.15 * number + 0.06 * np.sin(x * (9 + 5 * number) + number)
        level = np.where(y > ridge, 150 - 30 * number + grain * number / 2, level)
    return np.clip(np.stack([level, level * 0.95, level * 0.8 + 20], axis=2), 0, 255).astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def with_mark(plain: bytes) -> bytes:
    return embed(plain, SIZE, "RGB", id=ID)


def delivered(samples: bytes, format: str, quality: int, ratio: float, width: int) -> bytes:
    picture = Image.frombytes("RGB", SIZE, samples)
    side = min(SIZE[0], round(SIZE[1] * ratio)), min(SIZE[1], round(SIZE[0] / ratio))
    left, top = (SIZE[0] - side[0]) // 3, (SIZE[1] - side[1]) // 3
    cut = picture.crop((left, top, left + side[0], top + side[1])).resize((width, round(width / ratio)), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    cut.save(file, format, quality=quality)
    found = decode(file.getvalue())
    return found.samples


@pytest.mark.parametrize(("format", "quality"), [("AVIF", 53), ("WEBP", 78), ("JPEG", 80)])
@pytest.mark.parametrize(("ratio", "width"), [(16 / 9, 1280), (16 / 9, 320), (4 / 5, 480), (21 / 9, 640), (1.0, 320)])
def test_found_after_cut_size_and_format(with_mark: bytes, format: str, quality: int, ratio: float, width: int) -> None:
    mark = detect(delivered(with_mark, format, quality, ratio, width), (width, round(width / ratio)), "RGB")
    assert mark.found and mark.id == ID, mark


def test_nothing_is_found_where_nothing_is(plain: bytes, with_mark: bytes) -> None:
    assert not detect(plain, SIZE, "RGB", known=[ID]).found
    assert not detect(with_mark, SIZE, "RGB", key=b"another key of others").found
    assert not detect(bytes(3 * 640 * 360), (640, 360), "RGB").found
    assert not detect(with_mark[: 3 * 40 * 40], (40, 40), "RGB").found


def test_the_mark_is_small_and_spares_alpha(plain: bytes, with_mark: bytes) -> None:
    before, after = (np.frombuffer(one, np.uint8).astype(float) for one in (plain, with_mark))
    assert 10 * np.log10(255**2 / ((before - after) ** 2).mean()) > 41
    assert np.abs(before - after).max() < 20
    clear = np.dstack(
        [np.full((128, 128, 3), 90, np.uint8), np.arange(128 * 128, dtype=np.uint32).astype(np.uint8).reshape(128, 128)]
    )
    marked = np.frombuffer(embed(clear.tobytes(), (128, 128), "RGBA", id=ID), np.uint8).reshape(128, 128, 4)
    assert (marked[:, :, 3] == clear[:, :, 3]).all() and (marked[:, :, :3] != clear[:, :, :3]).any()


def test_the_same_mark_twice_and_a_wrong_id(plain: bytes, with_mark: bytes) -> None:
    assert embed(plain, SIZE, "RGB", id=ID, key=PUBLIC_KEY) == with_mark
    with pytest.raises(ValueError, match="8 hexadecimal digits"):
        embed(plain, SIZE, "RGB", id="beef")


def recipe_key(**more: object) -> str:
    asked = {"engine": "flat", "fingerprint": 1, "prompt": "a", "negative": "", "seed": 1, "size": (8, 8), "parameters": {}}
    return compose(**asked, **more).key  # type: ignore[arg-type]


def test_a_recipe_without_a_mark_keeps_its_key() -> None:
    # The key that this recipe had before marks were known.
    assert recipe_key() == recipe_key(watermark={}) == "78f5280ecdc564c39c53563e2ceaced5d7efe63d463290bbdbfd2ff52b599dbb"
    marks = [
        {"fingerprint": 1, "strength": strength, "id": ID, "key": key} for strength, key in ((1.0, "a"), (0.5, "a"), (1.0, "b"))
    ]
    assert len({recipe_key(), *(recipe_key(watermark=mark) for mark in marks)}) == 4


def site(root: Path, watermark: str, settings: str = "") -> Path:
    quay = FILES["briefs/quay.yaml"].replace("size: [640, 360]", "size: [1280, 720]")
    return write_project(root, {"aibild.toml": FILES["aibild.toml"] + settings, "briefs/quay.yaml": quay + watermark})


def pixels_of(root: Path) -> tuple[str, str]:
    (one,) = json.loads((root / "aibild.lock").read_text())["briefs"]["quay"]["assets"]["master"]["candidates"]
    return one["recipe"], one["pixels"]


def test_a_brief_decides_and_the_lock_tells(tmp_path: Path) -> None:
    said = {"none": "", "off": "watermark: false\n", "on": "watermark: true\n", "less": "watermark: {strength: 0.5}\n"}
    for name, words in said.items():
        run_build(site(tmp_path / name, words))
    found = {name: pixels_of(tmp_path / name) for name in said}
    assert found["none"] == found["off"]
    assert len({recipe for recipe, _ in found.values()}) == len({pixels for _, pixels in found.values()}) == 3
    assert run_build(tmp_path / "on").made.picture == 0


def test_a_profile_decides_and_a_brief_may_say_no(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"briefs/profiles/safe.yaml": "watermark: {strength: 1.5}\n"})
    for name, words in (("quay", "profile: safe\n"), ("boat", "profile: safe\nwatermark: false\n")):
        (root / f"briefs/{name}.yaml").write_text(FILES["briefs/quay.yaml"] + words)
    config, _ = read_config(root)
    assert config is not None
    briefs, findings = read_briefs(config)
    assert not findings
    assert (briefs["quay"].watermark, briefs["boat"].watermark) == (1.5, 0.0)


def test_delivered_files_say_whose_they_are(tmp_path: Path) -> None:
    root = site(tmp_path, "watermark: true\n")
    run_build(root)
    config = read_config(root)[0]
    seen = list(verify([str(root / "dist/pictures")], Known(), marks=marks_of(config, {})))
    large = [one for one in seen if min(one.width, one.height) >= WATERMARK_PX]
    ours = [one.watermark for one in large if "quay" in Path(one.file).name]
    assert len(ours) > 5 and set(ours) == {"quay"}
    assert {one.watermark for one in large if "quay" not in Path(one.file).name} == {"none"}
    other = Marks(b"the key of somebody else", {ID: "quay"})
    assert {one.watermark for one in verify([str(root / "dist/pictures")], Known(), marks=other)} == {"none"}
    assert all(not one.watermark for one in verify([str(root / "dist/pictures")], Known()))


def test_the_evidence_counts_what_is_found(tmp_path: Path) -> None:
    root = site(tmp_path, "watermark: true\n")
    settings = FILES["aibild.toml"].replace('["avif", "webp", "jpeg"]', '["jpeg"]')
    (root / "aibild.toml").write_text(settings)
    run_build(root)
    (quay,) = (one for one in transparency(root).pictures if one.picture == "quay")
    assert quay.watermark is not None and quay.watermark.large == quay.watermark.large_found > 0
    assert "watermark" in quay.layers
    unmarked = write_project(tmp_path / "unmarked")
    run_build(unmarked)
    assert all(one.watermark is None and "watermark" not in one.layers for one in transparency(unmarked).pictures)
    (root / "aibild.toml").write_text(settings + '[watermark]\nkey = "key.txt"\n')
    (root / "key.txt").write_text("not the key that it was marked with")
    (quay,) = (one for one in transparency(root).pictures if one.picture == "quay")
    assert "watermark" not in quay.layers
    assert any("its watermark is found in 0 of" in one for one in quay.lacking)


def test_a_secret_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.txt"
    assert watermark_key("", {KEY_VARIABLE: "a secret that nobody asked for"}) == PUBLIC_KEY
    file.write_text("sixteen bytes or more\n")
    assert watermark_key(str(file), {}) == b"sixteen bytes or more"
    assert watermark_key(str(file), {KEY_VARIABLE: "another one of enough bytes"}) == b"another one of enough bytes"
    for text in ("", "short"):
        file.write_text(text)
        with pytest.raises(AibildError, match="expected a key of watermarks of at least 16 bytes"):
            watermark_key(str(file), {})
    with pytest.raises(AibildError, match="cannot read the key of watermarks"):
        watermark_key(str(tmp_path / "none.txt"), {})


def test_a_build_without_its_key_says_so(tmp_path: Path) -> None:
    root = site(tmp_path, "watermark: true\n", '[watermark]\nkey = "key.txt"\n')
    with pytest.raises(AibildError, match=r"cannot read the key of watermarks, .*key\.txt"):
        run_build(root)

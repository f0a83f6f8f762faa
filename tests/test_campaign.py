"""The arithmetic of a campaign stands on what a build really stores, and its page on the script."""

from __future__ import annotations

from pathlib import Path

import pytest

from aibild_build.build import Options
from aibild_build.build.share import build_share
from aibild_build.store import new_key
from scripts.campaign import ASSUMED, MEASURED, Unit, document, reckon
from tests.support.project import CONFIG, TODAY, write_project

HERO = """\
[slots.hero]
priority = true
also = ["card"]
breakpoints = [{min = 0, ratio = "4:5", width = "100vw"}, {min = 640, ratio = "16:9", width = "100vw", max = "1200px"}]

[slots.card]
breakpoints = [{min = 0, ratio = "3:2", width = "320px"}]

"""


def test_the_page_is_what_the_script_says(checkout: Path) -> None:
    assert (checkout / "docs/campaign.md").read_text("utf-8") == document(), "python -m scripts.campaign > docs/campaign.md"


def test_a_picture_stores_what_the_arithmetic_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem, public = new_key()
    monkeypatch.setenv("AIBILD_STORE_KEY", pem.decode())
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    config = CONFIG[: CONFIG.index("[slots.hero]")] + HERO + CONFIG[CONFIG.index("[images]") :]
    for old, new in (("[images.quality]\navif = 40\n", ""), (', {page = "boats"}', ""), ('level = "off"', 'level = "note"')):
        assert old in config
        config = config.replace(old, new)
    page = "---\ntitle: Quay\ndescription: A quay.\nhero: quay\n---\n\nA quay.\n"
    others = ("site/boats.md", "site/tides.md", "site/de/boats.md", "site/de/tides.md", "briefs/boat.yaml")
    changes = dict.fromkeys(others) | {
        "aibild.toml": f'{config}\n[store]\nremote = "file://{bucket}"\ntrusted = ["{public}"]\n',
        "briefs/quay.yaml": "subject: quay\nsize: [1344, 768]\nparameters: {colour: '#2a6478'}\nalt: {en: Quay, de: Kai}\n",
        "site/index.md": page,
        "site/de/index.md": page,
    }
    root = write_project(tmp_path / "site", changes)
    done = build_share(Options(root=root, crew="inline"), "1/1", today=TODAY)
    stored = {shelf: len([path for path in (bucket / f"v1/{shelf}").rglob("*") if path.is_file()]) for shelf in ("cas", "rec")}
    assert done.made.rendition == MEASURED["files"].value
    assert stored == {"cas": MEASURED["blobs"].value, "rec": MEASURED["records"].value}
    assert sum(stored.values()) == MEASURED["share_writes"].value


def test_more_gpus_take_less_time_and_the_same_requests() -> None:
    once, twice = reckon(), reckon(assumed={**ASSUMED, "gpus": Unit(value=128, source="")})
    assert twice.share_s == pytest.approx(once.share_s / 2)
    assert (twice.writes, twice.stored_bytes) == (once.writes, once.stored_bytes)
    assert twice.gpu_dollars == pytest.approx(once.gpu_dollars)

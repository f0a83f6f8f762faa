"""The bell rings for folders that went and came, however fast that was."""

from __future__ import annotations

import shutil
from pathlib import Path

from aibild_build.web.serve.bell import Bell
from tests.support.serving import until


def test_a_folder_made_again_within_a_moment_is_watched(tmp_path: Path) -> None:
    """The new folder often gets the number of the old one, so that nothing but the event tells them apart."""
    heard: set[Path] = set()
    place = tmp_path / "site"
    place.mkdir()
    with Bell(lambda: (tmp_path, place), tmp_path, heard.update):
        for number in range(5):
            shutil.rmtree(place)
            place.mkdir()
            until(lambda: place in heard)
            heard.clear()
            text = place / f"tides{number}.md"

            def told(text: Path = text) -> bool:
                text.write_text("Twice a day.\n")
                return text in heard

            until(told)

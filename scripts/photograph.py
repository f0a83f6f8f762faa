"""Takes the picture of the built site that README.md shows: `dist/` in Chromium, light and dark side by side, as `docs/site.jpg`.

Needs Chromium and a finished `make site`. Knows the built files only.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.browser import photograph
from tests.support.server import serve

SIZE_PX = (1280, 860)
GAP_PX = 24
QUALITY = 82


def main() -> int:
    root = Path(__file__).parents[1]
    width, height = SIZE_PX
    sheet = Image.new("RGB", (2 * width + GAP_PX, height), "white")
    with serve(root / "dist") as served, tempfile.TemporaryDirectory() as folder:
        for column, (path, dark) in enumerate((("/", False), ("/de/", True))):
            shot = Path(folder) / f"{column}.png"
            photograph(served, path, width, shot, dark=dark, height=height)
            sheet.paste(Image.open(shot).convert("RGB"), (column * (width + GAP_PX), 0))
    sheet.resize((sheet.width * 5 // 8, sheet.height * 5 // 8), Image.Resampling.LANCZOS).save(
        root / "docs" / "site.jpg", quality=QUALITY, progressive=True, optimize=True
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from aibild_build.imagefile import EXTENSIONS, format_of_name, media_type_of


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b.JPG", "image/jpeg"),
        ("hero-480.1f2e3d4c.avif", "image/avif"),
        ("site.webmanifest", "application/manifest+json"),
        ("sitemap.xml", "application/xml"),
        ("app.js.map", "application/json"),
        ("font.woff2", "font/woff2"),
        ("favicon.ico", "image/vnd.microsoft.icon"),
        ("film.mp4", "video/mp4"),
        ("CNAME", "application/octet-stream"),
        (".nojekyll", "application/octet-stream"),
        ("strange.xyz", "application/octet-stream"),
    ],
)
def test_a_name_decides_the_media_type(name: str, media_type: str) -> None:
    assert media_type_of(name) == media_type
    assert media_type_of(PurePosixPath("deep") / name) == media_type


def test_a_name_promises_an_image_format() -> None:
    assert all(format_of_name(f"x.{extension}") == name for name, extension in EXTENSIONS.items())
    assert [format_of_name(name) for name in ("x.JPEG", "x.tiff", "x.html", "x", "x.bmp")] == ["jpeg", "tiff", "", "", ""]

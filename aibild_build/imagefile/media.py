"""File name → media type, from our own table: the system's differs from host to host, and a site's bytes must not.

Takes a path, yields the content type that the file is served with; opens nothing.
"""

from __future__ import annotations

from pathlib import PurePosixPath

_TEXT = "; charset=utf-8"
_FALLBACK = "application/octet-stream"

# IANA media types; text formats that carry no encoding mark of their own name theirs
_BY_SUFFIX = {
    "html": "text/html" + _TEXT,
    "htm": "text/html" + _TEXT,
    "xhtml": "application/xhtml+xml",
    "css": "text/css" + _TEXT,
    "js": "text/javascript" + _TEXT,
    "mjs": "text/javascript" + _TEXT,
    "json": "application/json",
    "map": "application/json",
    "geojson": "application/geo+json",
    "jsonld": "application/ld+json",
    "webmanifest": "application/manifest+json",
    "xml": "application/xml",
    "xsl": "application/xml",
    "xsd": "application/xml",
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "txt": "text/plain" + _TEXT,
    "md": "text/markdown" + _TEXT,
    "csv": "text/csv" + _TEXT,
    "vtt": "text/vtt" + _TEXT,
    "ics": "text/calendar" + _TEXT,
    "vcf": "text/vcard" + _TEXT,
    "svg": "image/svg+xml",
    "avif": "image/avif",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "bmp": "image/bmp",
    "ico": "image/vnd.microsoft.icon",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "gz": "application/gzip",
    "wasm": "application/wasm",
    "c2pa": "application/c2pa",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
}

EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif", "gif": "gif", "svg": "svg", "tiff": "tif"}
"""The file name suffix that we write for each image format."""


def media_type_of(path: str | PurePosixPath) -> str:
    """The content type for a file of that name; `application/octet-stream` for suffixes we do not know.

    Text types carry `; charset=utf-8`. Upper and lower case are equal.
    """
    suffix = PurePosixPath(path).suffix.lstrip(".").lower()
    return _BY_SUFFIX.get(suffix, _FALLBACK)


def format_of_name(path: str | PurePosixPath) -> str:
    """The image format that the suffix promises (`jpeg png webp avif gif svg tiff`), or "" when it promises none."""
    kind, _, name = media_type_of(path).partition("/")
    name = name.removesuffix("+xml")
    return name if kind == "image" and name in EXTENSIONS else ""

"""Answers from a folder or from bytes, as browsers like it: media type, ETag, ranges, 304.

Takes a folder and a path below it, or bytes with the name of their content; yields responses. A path that leads out of the
folder, by `..` or by a link, is not found.
"""

from __future__ import annotations

from pathlib import Path

from werkzeug.exceptions import NotFound
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from ..disk import safe_join
from ..imagefile import media_type_of

_YEAR_S = 31_536_000


def from_folder(request: Request, root: Path, path: str, *, max_age_s: int = 0) -> Response:
    """The file at `path` (POSIX, relative) below `root`. Raises NotFound."""
    file = safe_join(root, path)
    if file is None or not file.is_file():
        raise NotFound("there is no such file")
    kind = media_type_of(file.name).partition(";")[0]  # werkzeug names the encoding of texts itself
    return send_file(file, request.environ, mimetype=kind, conditional=True, etag=True, max_age=max_age_s)


def from_bytes(request: Request, data: bytes, media_type: str, etag: str = "") -> Response:
    """These bytes. With an `etag` they are what that name will always mean, and a browser keeps them; else it asks each time."""
    response = Response(data, mimetype=media_type)
    if etag:
        response.set_etag(etag)
        response.headers["Cache-Control"] = f"private, max-age={_YEAR_S}, immutable"
    return response.make_conditional(request, accept_ranges=True, complete_length=len(data))

"""A folder on this machine, or one that is mounted, as the root of a web server.

In place, each file is renamed into the folder. In mode `release` every release has a folder of its own below `releases/`, and
the link `current`, which the server's root must be, is turned at one blow. Headers are the server's business.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ..bucket import Bucket
from ..bucket.folder import FolderBucket
from ..config import TargetSettings
from ..errors import DeployError

_LINK = "current"


class Local:
    """The folder at `address`, relative to the project or absolute."""

    shares_assets = False

    def __init__(self, settings: TargetSettings, root: Path) -> None:
        self._folder = (root / settings.address).absolute()
        if self._folder.exists() and not self._folder.is_dir():
            raise DeployError(f"expected a folder for target `{settings.name}`, got something else at {self._folder}")
        self._bucket = FolderBucket(self._folder)

    @property
    def bucket(self) -> Bucket:
        return self._bucket

    def folder_of(self, release: str) -> str:
        return f"releases/{release}/"

    def point(self, release: str) -> None:
        link, fresh = self._folder / _LINK, self._folder / f".{_LINK}.{secrets.token_hex(8)}"
        try:
            os.symlink(f"releases/{release}", fresh)
            os.replace(fresh, link)
        except OSError as error:
            with suppress(OSError):
                os.unlink(fresh)
            raise DeployError(f"cannot turn the link {link}: {error.strerror or error}") from error

"""Targets say where a built site goes: an open set.

A member is one file in this folder and one row in `_MEMBERS`; outside packages join by the entry-point group `aibild.targets`
with a function of the same arguments. Members do not know each other. To add one: write a class with the attributes of `Target`
(an origin that we switch ourselves) or of `Handover` (a folder that a host's own tool uploads), its loader, its row, its page.

What is to be sent, why, and in which order, is planned by `deploy`; a target only says how files are kept and how one release is
shown instead of another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..bucket import Bucket
from ..config import TargetSettings
from ..errors import DeployError
from ..model import Finding
from ..source import nearest_hint


@runtime_checkable
class Target(Protocol):
    """An origin: files by key, and in mode `release` a way to show another release at once."""

    @property
    def bucket(self) -> Bucket: ...

    @property
    def shares_assets(self) -> bool:
        """Whether in mode `release` files that never change lie beside the releases, once for all of them."""
        ...

    def folder_of(self, release: str) -> str:
        """Where the files of a release lie in mode `release`, with a slash at the end."""
        ...

    def point(self, release: str) -> None:
        """Show this release from now on (mode `release`)."""
        ...


@runtime_checkable
class Handover(Protocol):
    """A folder laid out for a host whose own tool uploads it."""

    @property
    def folder(self) -> Path: ...

    def extra(self, paths: Mapping[str, bool], settings: TargetSettings, given: Callable[[str], str]) -> Mapping[str, bytes]:
        """Files that the host wants beside the site's: `paths` says of each file whether it never changes, `given` reads one."""
        ...

    def over_limits(self, sizes: Mapping[str, int], given: Callable[[str], str]) -> tuple[Finding, ...]:
        """What the host would refuse: counted before anything is written."""
        ...


Loader = Callable[[TargetSettings, Path, Mapping[str, str]], "Target | Handover"]


def _local(settings: TargetSettings, root: Path, environ: Mapping[str, str]) -> Target:
    from .local import Local

    return Local(settings, root)


def _bucket(settings: TargetSettings, root: Path, environ: Mapping[str, str]) -> Target:
    from .objects import Objects

    return Objects(settings, root, environ)


def _pages_host(settings: TargetSettings, root: Path, environ: Mapping[str, str]) -> Handover:
    from .hosts import PagesHost

    return PagesHost(settings, root)


_MEMBERS: dict[str, Loader] = {
    "bucket": _bucket,
    "cloudflare-pages": _pages_host,
    "local": _local,
    "netlify": _pages_host,
}


def names() -> tuple[str, ...]:
    """All kinds that can be named, outside ones included."""
    return tuple(sorted({*_MEMBERS, *(point.name for point in entry_points(group="aibild.targets"))}))


def load(settings: TargetSettings, root: Path, environ: Mapping[str, str]) -> Target | Handover:
    """The target that `settings` describe; nothing is asked of it yet. Credentials come from `environ`.

    Raises DeployError for an unknown kind, BucketError for a wrong address or a missing extra.
    """
    loader = _MEMBERS.get(settings.kind)
    if loader is None:
        for point in entry_points(group="aibild.targets", name=settings.kind):
            loader = point.load()
    if loader is None:
        hint = nearest_hint(settings.kind, names())
        raise DeployError(f"target `{settings.name}`: there is no kind `{settings.kind}`", hint=hint)
    return loader(settings, root, environ)

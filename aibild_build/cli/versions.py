"""`aibild -v`: the versions that matter for what comes out."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from .. import __version__

_LIBRARIES = (
    "pillow",
    "pillow-avif-plugin",
    "numpy",
    "jinja2",
    "lxml",
    "pyromark",
    "py-yaml12",
    "c2pa-python",
    "torch",
    "diffusers",
)


def version_lines() -> Iterator[str]:
    """One line a library; those that are not installed are left out."""
    yield f"aibild {__version__}"
    yield f"python {platform.python_version()} ({platform.machine()}, {platform.system()})"
    for name in _LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue

"""The tiny site that this room's tests work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.pages.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)

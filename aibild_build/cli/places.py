"""Targets as commands name them: settings of the one that is meant, and the folder that is built for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from ..config import Config, TargetSettings
from ..errors import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBuild:
    """What a build for a target differs in. `name` and `output` are empty where the site's own build serves."""

    name: str
    output: Path | None
    base_url: str
    noindex: bool


def read_project_config(root: Path) -> Config:
    """The settings. Raises SourceError with every fault of the file."""
    from ..config import read_config

    config, findings = read_config(root)
    if config is None or findings:
        raise SourceError(findings)
    return config


def named_target(root: Path, name: str) -> tuple[Config, TargetSettings]:
    """Settings, and the target that is meant. Raises AibildError and SourceError."""
    from ..config import find_target

    config = read_project_config(root)
    return config, find_target(config, name)


def target_build(root: Path, name: str, base_url: str | None) -> TargetBuild:
    """How to build for a target."""
    from ..config import is_own_build, output_of

    if base_url is not None:
        raise click.UsageError("--target and --base-url exclude each other: a target has its own address")
    config, target = named_target(root, name)
    own = is_own_build(config, target)
    output = root / output_of(config, target) if own else None
    return TargetBuild(name=target.name if own else "", output=output, base_url=target.base_url, noindex=target.noindex)

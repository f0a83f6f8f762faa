"""Looks after declared models: the entry points of `aibild models` and of `aibild report licenses`.

Reads model files' headers and digests, never weights. Only `update` writes the lock, only `pull` asks a network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import engines
from ..config import STATE_FOLDER
from ..errors import AibildError, EngineUnavailable
from ..model import Actor, Brief
from ..plan.chains import bases, chain, plain
from ..plan.models import declared_model, settings_of
from ..plan.reading import Project, open_project, uses
from ..source import nearest
from ..weights import MEMORY, Declared, Digests, files_of, pin
from .pinning import record_build

_PULLED = ("*.json", "*.txt", "*.md")
_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A declared model. `lock` is equal, differs, absent (from the lock) or unknown (its files are not here)."""

    name: str
    kind: str
    here: bool
    lock: str
    fingerprint: str
    license: str
    owner: str
    contract: str
    place: str
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file that is loaded. `named` means that its digest is the name of a hub's blob, not yet read back."""

    component: str
    file: str
    bytes: int
    digest: str
    named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    row: ModelRow
    card: str
    components: Mapping[str, str]
    scheduler: Mapping[str, Any]
    files: tuple[ModelFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A model that pages show pictures of."""

    model: str
    kind: str
    license: str
    owner: str
    contract: str
    card: str
    briefs: tuple[str, ...]
    pages: tuple[str, ...]


def list_models(root: Path) -> tuple[ModelRow, ...]:
    """Every declared model, by name."""
    project, digests = _open(root)
    rows = tuple(_row(project, name, digests) for name in sorted(project.config.models))
    digests.save()
    return rows


def inspect_model(root: Path, name: str) -> Inspected:
    """All that is known of one model. Raises AibildError when there is none of that name or its files are not here."""
    project, digests = _open(root)
    model, entry = _entry(project, name, digests)
    digests.save()
    assert model.path is not None
    card = model.card
    readme = model.path / "README.md"
    if not card and readme.is_file():
        card = str(readme)
    return Inspected(
        row=_row(project, name, digests),
        card=card,
        components=entry["components"],
        scheduler=entry.get("scheduler", {}),
        files=tuple(
            ModelFile(
                component=component,
                file=file,
                bytes=path.stat().st_size,
                digest=digests.digest(path),
                named=digests.is_named(path),
            )
            for component, file, path in files_of(model)
        ),
    )


def verify_models(root: Path, names: tuple[str, ...] = ()) -> tuple[ModelRow, ...]:
    """The same rows after every byte was read again."""
    project, digests = _open(root)
    unknown = [name for name in names if name not in project.config.models]
    if unknown:
        raise _unknown(project, unknown[0])
    rows = tuple(_row(project, name, digests, verify=True) for name in names or sorted(project.config.models))
    digests.save()
    return rows


def update_model(root: Path, name: str, actor: Callable[[], Actor] = Actor) -> tuple[str, str]:
    """Take a model's files as they are into aibild.lock; returns the fingerprints before ("" for none) and now."""
    project, digests = _open(root)
    _, entry = _entry(project, name, digests)
    digests.save()
    before = project.lock.models.get(name)
    lock = replace(project.lock, models={**project.lock.models, name: entry})
    record_build(project.config.root, project.lock, lock, actor)
    return str(before.get("fingerprint", "")) if isinstance(before, Mapping) else "", str(entry["fingerprint"])


def pull_model(root: Path, name: str) -> Path:
    """Fetch a hub model at its revision into the hub's cache; returns its folder. The only function here that uses a network."""
    project, _ = _open(root)
    model = declared_model(project.config, name)
    if model is None:
        raise _unknown(project, name)
    if not model.hub:
        raise AibildError(f"model `{name}` lies at a path of its own", hint="only models with `hub` and `revision` are pulled")
    try:
        import huggingface_hub
    except ImportError as error:
        raise EngineUnavailable(f"pulling needs huggingface_hub: {error}", hint="pip install 'aibild[sdxl]'") from error
    weights = [model.file] if model.file else [f"*.{model.variant}*.safetensors" if model.variant else "*.safetensors"]
    try:
        folder = huggingface_hub.snapshot_download(model.hub, revision=model.revision, allow_patterns=[*_PULLED, *weights])
    except Exception as error:  # the library has many exceptions of its own, and passes on those of its HTTP client
        raise EngineUnavailable(
            f"model `{name}` could not be pulled: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            hint="is the revision right, the network open, and HF_TOKEN set where the repository asks for one?",
        ) from error
    wrong = tuple(_not_as_named(Path(folder)))
    for path, _, _ in wrong:
        path.resolve().unlink(missing_ok=True)  # the next pull fetches it anew
        path.unlink(missing_ok=True)
    if wrong:
        path, named, got = wrong[0]
        file = path.relative_to(folder).as_posix()
        raise EngineUnavailable(
            f"model `{name}`: expected {file} with digest {named[:12]}, got {got[:12]}",
            hint="what came is not what the hub promised, and was removed; pull again",
        )
    return Path(folder)


def _not_as_named(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Files whose bytes are not those that the hub named them by, with both digests: the hub's library looks at lengths alone.

    Large files are named by their SHA-256, small ones by git's object id (SHA-1 of `blob`, length and bytes).
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        named = path.resolve().name
        kind = {64: "sha256", 40: "sha1"}.get(len(named), "")
        if not kind or not set(named) <= set("0123456789abcdef"):
            continue
        digest = hashlib.new(kind, usedforsecurity=False)
        if kind == "sha1":
            digest.update(b"blob %d\0" % path.stat().st_size)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        if digest.hexdigest() != named:
            yield path, named, digest.hexdigest()


def licences(root: Path) -> tuple[Licence, ...]:
    """Every model that a picture in use is made with, and the pages that show it."""
    project, _ = _open(root)
    shown = uses(project.config, project.site)
    briefs: dict[str, set[str]] = {}
    loaded: dict[str, engines.Engine] = {}
    for brief_id in shown:
        brief = project.site.briefs[brief_id]
        if brief.engine not in loaded:
            loaded[brief.engine] = engines.load(brief.engine, settings_of(project.config, brief.engine))
        for name in _models_of(loaded[brief.engine], brief):
            briefs.setdefault(name, set()).add(brief_id)
    return tuple(_licence(project, name, sorted(briefs[name])) for name in sorted(briefs))


def _models_of(engine: engines.Engine, brief: Brief) -> Iterator[str]:
    if isinstance(engine, engines.Modelled):
        for base in bases(brief):
            for node in chain(brief, base) if getattr(engine, "staged", False) else (plain(brief, base),):
                yield from engine.models_of(node.brief)


def _licence(project: Project, name: str, briefs: list[str]) -> Licence:
    shown = uses(project.config, project.site)
    urls = {(page.lang, page.id): "/" + page.url for page in project.site.pages}
    model = declared_model(project.config, name) or Declared(name=name, path=None)
    locked = project.lock.models.get(name)
    return Licence(
        model=name,
        kind=str(locked.get("kind", "")) if isinstance(locked, Mapping) else "",
        license=model.license,
        owner=model.owner,
        contract=model.contract,
        card=model.card,
        briefs=tuple(briefs),
        pages=tuple(sorted({urls[page] for brief in briefs for page in shown[brief].pages})),
    )


def _open(root: Path) -> tuple[Project, Digests]:
    project = open_project(root)
    return project, Digests(project.config.root / STATE_FOLDER / MEMORY)


def _row(project: Project, name: str, digests: Digests, *, verify: bool = False) -> ModelRow:
    model = declared_model(project.config, name)
    assert model is not None
    locked = project.lock.models.get(name)
    known: Mapping[str, Any] = locked if isinstance(locked, Mapping) else {}
    entry: Mapping[str, Any] = {}
    fault = ""
    if model.here:
        try:
            entry = pin(model, digests, verify=verify)
        except (OSError, ValueError) as error:
            fault = str(error)
    state = "unknown" if not entry else "absent" if not known else "equal"
    if entry and known and entry["fingerprint"] != known.get("fingerprint"):
        state = "differs"
    return ModelRow(
        name=name,
        kind=str(entry.get("kind") or known.get("kind") or ""),
        here=model.here,
        lock=state,
        fingerprint=str(entry.get("fingerprint") or known.get("fingerprint") or ""),
        license=model.license,
        owner=model.owner,
        contract=model.contract,
        place=str(model.path) if model.path is not None else f"{model.hub}@{model.revision}",
        fault=fault,
    )


def _entry(project: Project, name: str, digests: Digests) -> tuple[Declared, dict[str, Any]]:
    model = declared_model(project.config, name)
    if model is None:
        raise _unknown(project, name)
    if not model.here:
        hint = f"`aibild models pull {name}`" if model.hub else f"expected its files at {model.path}"
        raise EngineUnavailable(f"model `{name}` is not on this machine", hint=hint)
    try:
        return model, pin(model, digests)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"model `{name}` cannot be used: {error}") from error


def _unknown(project: Project, name: str) -> AibildError:
    near = nearest(name, project.config.models)
    hint = f"did you mean `{near}`?" if near else f"declare it in aibild.toml as [models.{name}]"
    return AibildError(f"there is no model `{name}`", hint=hint)

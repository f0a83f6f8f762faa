"""What every engine promises, asked of every row of the engines' table.

A new row needs one line in `CASES`: a brief that it can serve, the bytes behind its inputs, and recipe parameters it must refuse.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from aibild_build import engines
from aibild_build.engines import Drawn, Engine, Resolved
from aibild_build.errors import EngineError, EngineUnavailable
from aibild_build.imagefile import encode_png
from aibild_build.model import MASTER, Brief, Json, Origin, Recipe, Size
from aibild_build.weights import Digests, declared, pin
from tests.support.tiny_sdxl import tables
from tests.support.vendors import ENVIRON, Vendors, serve_vendors

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
SIZE: Size = (96, 54)
SOURCE_TYPES = {
    "algorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "digitalCapture",
    "digitalCreation",
    "trainedAlgorithmicMedia",
}


@dataclass(frozen=True)
class Case:
    """`size` is one that the engine makes; a `hosted` engine asks a local server, a `modelled` one has tiny models."""

    brief: Brief
    size: Size = SIZE
    hosted: bool = False
    modelled: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)
    bad_parameters: Mapping[str, Json] = field(default_factory=dict)
    bad_files: Mapping[str, bytes] = field(default_factory=dict)


def _brief(engine: str, **more: object) -> Brief:
    brief = Brief(id="sample", origin=Origin(path="briefs/sample.yaml"), engine=engine, seed=7, parts=(("subject", "hills"),))
    return replace(brief, **more)  # type: ignore[arg-type]


PNG = encode_png(bytes(range(256)) * 3, (16, 16), "RGB")
CASES = {
    "sketch": Case(_brief("sketch"), bad_parameters={"motif": "landscape"}),
    "flat": Case(_brief("flat", parameters={"colour": "#1e3a5f"}), bad_parameters={"colour": "blueish"}),
    "imported": Case(_brief("imported", inputs=("photo.png",)), files={"file": PNG}, bad_files={"file": PNG[:60]}),
    "sdxl": Case(_brief("sdxl", parameters={"model": "tiny", "steps": 2}), modelled=True, bad_parameters={"steps": 2}),
    "openai": Case(_brief("openai"), size=(1024, 640), hosted=True, bad_parameters={"quality": "lavish"}),
    "ideogram": Case(_brief("ideogram"), size=(1024, 832), hosted=True, bad_parameters={"rendering_speed": "WARP"}),
    "firefly": Case(
        _brief("firefly", parameters={"model": "image3"}), size=(1024, 1024), hosted=True, bad_parameters={"model": "image0"}
    ),
}
NAMES = sorted(set(engines._MEMBERS))


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with serve_vendors() as served:
        yield served


@pytest.fixture
def engine(
    name: str, vendors: Vendors, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Engine]:
    if CASES[name].modelled:
        models = tables(request.getfixturevalue("tiny_models"))
        engine = engines.load(name, {"models": models, "root": str(tmp_path)})
        yield engine
        engine.close()
        return
    if not CASES[name].hosted:
        yield engines.load(name)
        return
    pytest.importorskip("httpx", reason="hosted engines need httpx (extra hosted)")
    for variable, value in ENVIRON.items():
        monkeypatch.setenv(variable, value)
    vendors.looks_needed = 1  # looking at a job again would take a second
    engine = engines.load(name, vendors.settings(name, price=0.01))
    yield engine
    engine.close()


@pytest.fixture
def case(name: str) -> Case:
    return CASES[name]


def _resolved(engine: Engine, case: Case) -> Resolved:
    return engine.resolve(case.brief, MASTER, case.size, _entries(engine, case))


def _entries(engine: Engine, case: Case) -> Mapping[str, Json]:
    """What a lock would say of the models that the brief names."""
    if not case.modelled or not isinstance(engine, engines.Modelled):
        return {}
    declared_tables: Mapping[str, Mapping[str, Json]] = engine._settings["models"]  # type: ignore[attr-defined]
    names = engine.models_of(case.brief)
    return {name: pin(declared(name, declared_tables[name], Path("/")), Digests()) for name in names}


def _recipe(engine: Engine, resolved: Resolved) -> Recipe:
    return Recipe(
        engine=engine.name,
        fingerprint=engine.fingerprint,
        prompt=resolved.prompt,
        negative=resolved.negative,
        seed=resolved.seed,
        size=resolved.size,
        parameters=resolved.parameters,
        inputs=tuple((role, "0" * 64) for role, _ in resolved.inputs),
        noted=resolved.noted,
    )


def _made(engine: Engine, case: Case) -> tuple[Drawn, ...]:
    recipe = _recipe(engine, _resolved(engine, case))
    return tuple(engine.generate(recipe, case.files, lambda share: None))


def test_every_row_has_a_case() -> None:
    assert set(CASES) == set(NAMES)


def test_it_says_who_it_is(engine: Engine, name: str) -> None:
    assert engine.name == name
    assert engine.fingerprint >= 1
    assert engine.lane in ("cpu", "gpu")
    assert engine.exact in (True, False)


def test_resolve_is_deterministic_and_its_recipe_has_a_key(engine: Engine, case: Case) -> None:
    first, second = (_resolved(engine, case) for _ in range(2))
    assert first == second
    assert first.findings == ()
    assert first.size == case.size
    assert _recipe(engine, first).key == _recipe(engine, second).key
    assert len(first.inputs) == len(case.files)


def test_resolve_loads_nothing_heavy(name: str) -> None:
    code = f"""
import sys
from aibild_build import engines
from aibild_build.model import Brief, Origin
brief = Brief(id="x", origin=Origin(path="briefs/x.yaml"), engine={name!r}, inputs=("photo.png",))
engines.load({name!r}).resolve(brief, "master", (96, 54), {{}})
import json
print(json.dumps([heavy for heavy in ("numpy", "PIL", "torch", "lxml", "jinja2", "httpx") if heavy in sys.modules]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == []


def test_estimate_needs_the_recipe_alone(engine: Engine, case: Case) -> None:
    cost = engine.estimate(_recipe(engine, _resolved(engine, case)))
    assert cost.seconds is None or 0 < cost.seconds < 3600
    assert cost.credits >= 0


def test_a_picture_is_whole(engine: Engine, case: Case) -> None:
    pictures = _made(engine, case)
    assert pictures
    for picture in pictures:
        width, height = picture.size
        assert picture.mode in ("RGB", "RGBA")
        assert len(picture.samples) == width * height * len(picture.mode)
        assert picture.source_type in SOURCE_TYPES
        json.dumps(dict(picture.environment))
        if not case.files:
            assert picture.size == case.size


def test_an_exact_engine_makes_the_same_twice(engine: Engine, case: Case, name: str) -> None:
    if not engine.exact:
        pytest.skip(f"{name} does not promise equal pixels")
    assert [picture.samples for picture in _made(engine, case)] == [
        picture.samples for picture in _made(engines.load(name), case)
    ]


def test_progress_rises_to_one(engine: Engine, case: Case) -> None:
    shares: list[float] = []
    recipe = _recipe(engine, _resolved(engine, case))
    engine.generate(recipe, case.files, shares.append)
    assert shares and shares == sorted(shares)
    assert shares[0] >= 0 and shares[-1] == pytest.approx(1)


def test_progress_may_cancel(engine: Engine, case: Case) -> None:
    recipe = _recipe(engine, _resolved(engine, case))

    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.generate(recipe, case.files, cancel)


def test_bad_input_is_an_engine_error(engine: Engine, case: Case) -> None:
    recipe = _recipe(engine, _resolved(engine, case))
    bad = replace(recipe, parameters=case.bad_parameters) if case.bad_parameters else recipe
    with pytest.raises(EngineError) as caught:
        engine.generate(bad, case.bad_files or case.files, lambda share: None)
    assert caught.value.message


def test_close_may_be_called_at_any_time(engine: Engine, case: Case) -> None:
    engine.close()
    before = _made(engine, case)
    engine.close()
    engine.close()
    assert [drawn.size for drawn in _made(engine, case)] == [drawn.size for drawn in before]


def test_an_unknown_engine_is_named_with_the_known_ones() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        engines.load("sketsh")
    assert "`sketsh`" in caught.value.message and "sketch" in caught.value.hint

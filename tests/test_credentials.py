"""Signed builds of the small project: every policy, what a second build does, what damage is found, and who may not sign."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aibild_build.build.credentials import init_test
from aibild_build.build.verify import Said, known_files, verify
from aibild_build.errors import CredentialError
from aibild_build.imagefile import probe
from aibild_build.imagefile.manifest import verify_manifest
from aibild_build.imagefile.unsigned import without_manifest
from aibild_build.renditions.credentials import Signer, local_chain
from tests.support.project import FILES, TODAY, edit, run_build, tree, write_project

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
PICTURES = (".avif", ".webp", ".jpg")


def config(**settings: object) -> str:
    lines = [f"{name} = {json.dumps(value)}" for name, value in {"certificate": "test", **settings}.items()]
    return FILES["aibild.toml"] + "\n[credentials]\n" + "\n".join(lines) + "\n"


def pictures(root: Path) -> list[Path]:
    return [path for path in sorted((root / "dist").rglob("*")) if path.suffix in PICTURES]


def said(root: Path, signer: Signer) -> list[Said]:
    return list(verify([str(root / "dist")], known_files(root, root / "dist"), trust=signer.trust))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a test chain, for this module alone."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        init_test(os.environ, NOW)
        yield folder


@pytest.fixture(scope="module")
def signer(home: Path) -> Signer:
    found = local_chain(os.environ)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def signed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project, built and signed."""
    root = write_project(tmp_path_factory.mktemp("signed"), {"aibild.toml": config()})
    report = run_build(root)
    assert report.signed == report.made.rendition > 0
    return root


def test_every_file_is_signed_and_is_what_the_lock_pins(signed: Path, signer: Signer) -> None:
    found = said(signed, signer)
    assert {Path(one.file).suffix for one in found} == set(PICTURES)
    assert {(one.credential, one.lock, one.faults) for one in found} == {("trusted", "equal", ())}
    assert {one.actions[0] for one in found} == {"created"}
    assert {one.signed_by for one in found} == {"aibild test signer"}


def test_a_second_build_signs_nothing_and_loads_nothing(signed: Path) -> None:
    before = tree(signed / "dist")
    assert run_build(signed).signed == 0
    assert tree(signed / "dist") == before
    probe = "import sys; from tests.support.project import run_build; from pathlib import Path; run_build(Path(sys.argv[1])); "
    probe += "print(sorted({'c2pa', 'cryptography', 'PIL'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", probe, str(signed)], capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.strip() == "[]", run.stderr


def test_a_certificate_for_test_costs_few_bytes(signed: Path) -> None:
    rows = json.loads((signed / "dist/.aibild/build.json").read_bytes())["outputs"]
    for row in rows:
        if row.get("facts"):
            data = (signed / "dist" / row["path"]).read_bytes()
            assert row["facts"]["credential"] == "embedded"
            assert 2_500 < len(data) - len(without_manifest(data)) < 3_700


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_lost_byte_is_found(signed: Path, signer: Signer, tmp_path: Path, suffix: str) -> None:
    shutil.copytree(signed, tmp_path / "copy")
    root = tmp_path / "copy"
    victim = max((path for path in pictures(root) if path.suffix == suffix), key=lambda path: path.stat().st_size)
    data = victim.read_bytes()
    victim.write_bytes(data[: len(data) // 2] + data[len(data) // 2 + 1 :])
    bad = [one for one in said(root, signer) if not one.good]
    assert [Path(one.file).name for one in bad] == [victim.name]
    assert bad[0].lock == "altered"
    run = subprocess.run(
        [sys.executable, "-m", "aibild_build", "check", "dist", "--json"],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    rules = {one["rule"] for one in json.loads(run.stdout)["findings"]["list"] if victim.name in one["message"] + one["subject"]}
    assert run.returncode == 1 and rules & {"credential-invalid", "image-broken"}


@pytest.mark.parametrize("suffix", PICTURES)
def test_the_file_without_its_manifest_is_the_file_before(signed: Path, suffix: str) -> None:
    rows = {row["path"]: row for row in json.loads((signed / "dist/.aibild/build.json").read_bytes())["outputs"]}
    from aibild_build.canonical import digest_of

    for path in pictures(signed):
        data = path.read_bytes()
        assert probe(data).c2pa
        unsigned = rows[path.relative_to(signed / "dist").as_posix()]["facts"]["unsigned"]
        assert digest_of(without_manifest(data)) == unsigned
    assert without_manifest(without_manifest(data)) == without_manifest(data)


def test_two_chains_give_equal_names_and_equal_pages(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    init_test(os.environ, NOW)
    root = write_project(tmp_path / "site", {"aibild.toml": config()})
    assert run_build(root).signed > 0
    ours, theirs = tree(signed / "dist"), tree(root / "dist")
    same = {path for path in ours if not path.endswith(PICTURES) and path != ".aibild/build.json"}
    assert set(ours) == set(theirs) and {path: ours[path] for path in same} == {path: theirs[path] for path in same}
    assert any(ours[path] != theirs[path] for path in ours if path.endswith(PICTURES))


def test_another_chain_signs_again_and_encodes_nothing(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(signed, tmp_path / "copy")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    init_test(os.environ, NOW)
    report = run_build(tmp_path / "copy")
    assert (report.made.rendition, report.embedded, report.made.page) == (0, 0, 0)
    assert report.signed == report.reused.rendition > 0


def test_linked_manifests_leave_pictures_alone(home: Path, signer: Signer, tmp_path: Path) -> None:
    roots = [write_project(tmp_path / name, {"aibild.toml": config(policy="link")}) for name in ("one", "two")]
    for root in roots:
        assert run_build(root).signed > 0
        assert run_build(root).signed == 0
        assert {one.credential for one in said(root, signer)} == {"trusted"}
    one, two = (tree(root / "dist") for root in roots)
    assert set(one) == set(two)
    assert {path for path in one if one[path] != two[path]} <= {
        path for path in one if path.endswith((".avif", ".c2pa")) or path == ".aibild/build.json"
    }
    assert any(path.endswith(".c2pa") for path in one)
    victim = next(path for path in pictures(roots[0]) if path.suffix == ".jpg")
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    bad = [one for one in said(roots[0], signer) if not one.good]
    assert [(Path(one.file).name, one.credential, one.lock) for one in bad] == [(victim.name, "invalid", "altered")]


def test_other_words_get_another_linked_manifest(home: Path, tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": config(policy="link")})
    run_build(root)
    before = {path for path in tree(root / "dist") if path.endswith(".c2pa")}
    edit(root, "aibild.toml", 'credit = "Harbour Office"', 'credit = "The Office"')
    assert run_build(root).made.rendition == 0
    after = {path for path in tree(root / "dist") if path.endswith(".c2pa")}
    assert len(before) == len(after) and before != after


def test_auto_spares_small_files(home: Path, signer: Signer, tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": config(policy="auto")})
    run_build(root)
    for one in said(root, signer):
        assert one.lock == "equal"
        assert one.credential == ("none" if one.format != "avif" and one.bytes < 8_192 else "trusted")


def test_off_is_what_it_was(home: Path, tmp_path: Path) -> None:
    roots = [
        write_project(tmp_path / "off", {"aibild.toml": config(policy="off")}),
        write_project(tmp_path / "none"),
    ]
    trees = []
    for root in roots:
        assert run_build(root).signed == 0
        trees.append({path for path in tree(root / "dist") if path.startswith("pictures/")})
    assert trees[0] == trees[1]


def test_a_machine_without_a_chain_builds_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "empty"))
    root = write_project(tmp_path / "site", {"aibild.toml": config()})
    report = run_build(root)
    assert report.signed == 0
    assert [(one.rule, one.level) for one in report.findings if one.rule.startswith("credential")] == [
        ("credential-missing", "warning")
    ]


def test_a_draft_is_not_signed(home: Path, tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": config()})
    assert run_build(root, draft=True).signed == 0


def test_an_ending_certificate_is_warned_of(home: Path, signer: Signer, tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": config(warn_days=900)})
    found = [one for one in run_build(root).findings if one.rule == "credential-ends"]
    assert [one.level for one in found] == ["warning"] and signer.ends in found[0].message


def test_a_key_that_others_can_read_is_refused(home: Path, tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": config()})
    key = home / "aibild/credentials/key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    try:
        with pytest.raises(CredentialError, match="only its owner can read, got mode 0644"):
            run_build(root)
    finally:
        key.chmod(0o600)


def test_imported_pictures_are_opened_and_not_created(home: Path, signer: Signer, tmp_path: Path) -> None:
    from aibild_build.imagefile import encode_png

    root = write_project(tmp_path, {"aibild.toml": config(), "site/tides.md": "---\ntitle: Tides\n---\n\n![A wave](wave.png)\n"})
    (root / "site/wave.png").write_bytes(encode_png(b"\x20\x60\x90" * (640 * 360), (640, 360), "RGB"))
    run_build(root)
    wave = [one for one in said(root, signer) if Path(one.file).name.startswith("wave-")]
    assert wave and {(one.actions[0], one.credential) for one in wave} == {("opened", "trusted")}
    data = Path(wave[0].file).read_bytes()
    ingredients = verify_manifest(data, f"image/{wave[0].format}", trust=signer.trust).manifest["ingredients"]
    assert [one["relationship"] for one in ingredients] == ["parentOf"]


def test_a_manifest_that_came_with_a_file_is_kept(home: Path, signer: Signer, tmp_path: Path) -> None:
    from PIL import Image

    from aibild_build.config import Credentials
    from aibild_build.model import Variant
    from aibild_build.renditions.credentials import Story, seal_of
    from aibild_build.renditions.credentials.sign import sign

    size = (640, 360)
    Image.new("RGB", size, "#206090").save(tmp_path / "wave.jpg", quality=90)
    variant = Variant(pixels="0" * 64, crop=(0, 0, *size), size=size, format="jpeg", settings={}, codec=1)
    story = Story(title="wave", source_type="digitalCapture", agent="a camera", day="2026-11-22", size=size)
    came, _ = sign((tmp_path / "wave.jpg").read_bytes(), seal_of(story, variant, Credentials(), signer), signer, os.environ)
    page = "---\ntitle: Tides\n---\n\n![A wave](wave.jpg)\n"
    root = write_project(tmp_path / "site", {"aibild.toml": config(), "site/tides.md": page})
    (root / "site/wave.jpg").write_bytes(came)
    run_build(root)
    for one in said(root, signer):
        if Path(one.file).name.startswith("wave-"):
            found = verify_manifest(Path(one.file).read_bytes(), f"image/{one.format}", trust=signer.trust)
            assert (found.state, one.actions[0]) == ("trusted", "opened")
            assert [parent["active_manifest"] != "" for parent in found.manifest["ingredients"]] == [True]


def test_init_test_keeps_what_is_there(home: Path, signer: Signer) -> None:
    again, made = init_test(os.environ, NOW)
    assert not made and again == signer and signer.test and signer.name == "test"
    assert signer.ends > TODAY

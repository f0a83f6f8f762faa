"""A folder as a target, in place and by releases: what is sent, in which turn, and what comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aibild_build.config import TargetSettings
from aibild_build.deploy import Manner, Reason, plan_deploy, read_built, releases, rollback
from aibild_build.deploy.built import refuse_unfit, strangers
from aibild_build.errors import DeployError, RefusedError, TargetConflict
from aibild_build.lock import Lock, write_lock
from aibild_build.model import Retraction
from aibild_build.targets import Target, load
from tests.support.shipping import (
    BASE,
    Ticks,
    broken_references,
    built_site,
    settings_for,
    ship,
    shown_files,
    site_files,
)

MODES = ("inplace", "release")


def target_in(tmp_path: Path, mode: str = "inplace", **changes: object) -> tuple[TargetSettings, Target]:
    settings = settings_for("local", "www", mode=mode, **changes)
    target = load(settings, tmp_path, {})
    assert isinstance(target, Target)
    return settings, target


def shown(tmp_path: Path, mode: str) -> dict[str, bytes]:
    root = tmp_path / "www" / ("current" if mode == "release" else "")
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".aibild" not in path.parts and ".locks" not in path.parts
    }


@pytest.mark.parametrize("mode", MODES)
def test_deploys_edits_and_rolls_back(tmp_path: Path, mode: str) -> None:
    settings, target = target_in(tmp_path, mode)
    ticks, first, second = Ticks(), site_files(4), site_files(4, "second") | {"extra.txt": b"more"}
    one = ship(built_site(tmp_path / "dist", first), settings, target, ticks)
    assert shown(tmp_path, mode) == first
    assert {change.reason for change in one.changes} == {Reason.NEW}

    again = ship(built_site(tmp_path / "dist", first), settings, target, ticks)
    assert (again.changes, again.release, again.sent) == ((), one.release, 0)

    two = ship(built_site(tmp_path / "dist", second), settings, target, ticks)
    assert shown(tmp_path, mode).items() >= second.items()
    assert [each.id for each in releases(target)] == [two.release, one.release]

    del second["extra.txt"]
    third = ship(built_site(tmp_path / "dist", second), settings, target, ticks)
    assert [(each.path, each.reason) for each in third.changes] == [("extra.txt", Reason.GONE)]
    assert "extra.txt" not in shown(tmp_path, mode)

    back = rollback(settings, target, ticks.clock(), Manner(), lock=Lock(), release=one.release)
    assert (back.sent, back.release) == (0, one.release)
    assert shown(tmp_path, mode).items() >= first.items() and not broken_references(shown(tmp_path, mode))
    forth = rollback(settings, target, ticks.clock(), Manner(), lock=Lock())
    assert forth.release == third.release and shown(tmp_path, mode).items() >= second.items()


def test_files_come_in_a_turn_that_breaks_nothing(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    files = site_files(2) | {"sw.js": b"1", "page-1/deep/index.html": b"x", "index.html.br": b"y"}
    order = [change.path for change in ship(built_site(tmp_path / "dist", files), settings, target, Ticks()).changes]
    pictures = [path for path in files if path.startswith("images/")]
    assert set(order[: len(pictures)]) == set(pictures)
    rest = ["site.css", "page-1/deep/index.html", "page-1/index.html", "index.html", "index.html.br", "sitemap.xml", "sw.js"]
    assert order[len(pictures) :] == rest


def test_what_is_lost_at_the_origin_is_sent_again(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    files = site_files(3)
    site = built_site(tmp_path / "dist", files)
    ship(site, settings, target, Ticks())
    lost = [next(path for path in files if path.endswith(".avif")), "page-1/index.html"]
    for path in lost:
        (tmp_path / "www" / path).unlink()
    done = ship(site, settings, target, Ticks())
    assert {(change.path, change.reason) for change in done.changes} == {(path, Reason.MISSING_REMOTE) for path in lost}
    assert shown(tmp_path, "inplace") == files


def test_mass_deletions_are_refused(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    ship(built_site(tmp_path / "dist", site_files(40)), settings, target, Ticks())
    small = built_site(tmp_path / "dist", site_files(3))
    with pytest.raises(RefusedError, match="delete 37 of 40 pages"):
        ship(small, settings, target, Ticks())
    assert len(shown(tmp_path, "inplace")) > 100
    done = ship(small, settings, target, Ticks(), allow_deletions=True)
    assert sum(change.reason is Reason.GONE for change in done.changes) == 37
    assert not broken_references(shown(tmp_path, "inplace"))


def test_files_of_others_are_not_written_over(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    (tmp_path / "www").mkdir()
    (tmp_path / "www/index.html").write_text("somebody's own page")
    (tmp_path / "www/other.html").write_text("and another one")
    site = built_site(tmp_path / "dist", site_files(1))
    with pytest.raises(RefusedError, match="1 files under names of ours") as refused:
        ship(site, settings, target, Ticks())
    assert refused.value.missing == ("index.html",)
    ship(site, settings, target, Ticks(), adopt=True)
    assert (tmp_path / "www/other.html").exists()


@pytest.mark.parametrize("mode", MODES)
def test_retracted_pictures_go_at_once_from_kept_releases_too(tmp_path: Path, mode: str) -> None:
    settings, target = target_in(tmp_path, mode)
    ticks, first, second = Ticks(), site_files(2), site_files(2, "second")
    bad = next(path for path in first if path.endswith(".avif"))
    one = ship(built_site(tmp_path / "dist", first, pixels={bad: "a" * 64}), settings, target, ticks)
    ship(built_site(tmp_path / "dist", second), settings, target, ticks)
    said = Retraction(who="Ada", when="2026-11-23T00:00:00Z", pixels="a" * 64, reason="a logo")
    lock = Lock(retracted={"a" * 64: said})
    site = built_site(tmp_path / "dist", second, lock=lock)
    done = ship(site, settings, target, ticks, lock)
    assert {change.reason for change in done.changes} == {Reason.RETRACTED}
    assert not [path for path in (tmp_path / "www").rglob("*") if path.name == Path(bad).name]
    assert any(bad in address for address in done.purge)
    assert ship(site, settings, target, ticks, lock).changes == ()
    with pytest.raises(RefusedError, match="not shown again"):
        rollback(settings, target, ticks.clock(), Manner(), lock=lock, release=one.release)
    with pytest.raises(RefusedError, match="not whole"):
        rollback(settings, target, ticks.clock(), Manner(), lock=Lock(), release=one.release)


def test_a_deploy_that_is_under_way_keeps_others_out(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    ticks = Ticks()
    ship(built_site(tmp_path / "dist", site_files(2)), settings, target, ticks)
    (tmp_path / "www/.aibild/intent.json").write_text('{"schema":1,"release":"x","holder":"y","seconds":60}')
    second = built_site(tmp_path / "dist", site_files(2, "second"))
    with pytest.raises(TargetConflict, match="is switching pages"):
        ship(second, settings, target, ticks)
    assert shown(tmp_path, "inplace").items() >= site_files(2).items()


def test_a_lease_that_was_given_up_is_taken_over_and_all_pages_are_put_again(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    ticks, files = Ticks(), site_files(3)
    site = built_site(tmp_path / "dist", files)
    ship(site, settings, target, ticks)
    (tmp_path / "www/.aibild/intent.json").write_text('{"schema":1,"release":"x","holder":"y","seconds":-5}')
    (tmp_path / "www/page-1/index.html").write_bytes(b"?" * len(files["page-1/index.html"]))  # half of another release
    done = ship(site, settings, target, ticks)
    assert {change.reason for change in done.changes} == {Reason.UNFINISHED}
    assert shown(tmp_path, "inplace") == files
    assert not (tmp_path / "www/.aibild/intent.json").exists()


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    planned, _ = plan_deploy(built_site(tmp_path / "dist", site_files(2)), Lock(), settings, target, Ticks().clock(), Manner())
    assert len(planned.changes) == 8 and not (tmp_path / "www").exists()


REASONS: dict[str, tuple[dict[str, object], str]] = {
    "draft": ({"draft": True}, "it is a draft"),
    "address": ({"base_url": "https://elsewhere.example/"}, "its pages say that they lie at https://elsewhere.example/"),
    "unapproved": ({"unapproved": ("quay",)}, "quay is not approved"),
    "lock": ({"lock": Lock(models={"m": {"fingerprint": "x"}})}, "aibild.lock changed since it was built"),
}


@pytest.mark.parametrize("name", REASONS)
def test_what_must_not_go_out_is_refused(tmp_path: Path, name: str) -> None:
    facts, reason = REASONS[name]
    site = built_site(tmp_path / "dist", site_files(1), **facts)
    with pytest.raises(RefusedError) as refused:
        refuse_unfit(site, tmp_path, BASE)
    assert len(refused.value.missing) == 1 and reason in refused.value.missing[0]


def test_a_good_folder_is_taken_and_strangers_are_seen(tmp_path: Path) -> None:
    site = built_site(tmp_path / "dist", site_files(1))
    refuse_unfit(site, tmp_path, BASE)
    (tmp_path / "dist/page-9").mkdir()
    (tmp_path / "dist/page-9/google123.html").write_text("?")
    assert strangers(site) == ("page-9/google123.html",)


def test_a_folder_that_nobody_built_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/index.html").write_text("by hand")
    with pytest.raises(RefusedError, match="expected a folder that this aibild built"):
        read_built(tmp_path / "dist", lambda digest: None)


def test_retracted_pixels_in_the_build_are_refused(tmp_path: Path) -> None:
    files = site_files(1)
    bad = next(path for path in files if path.endswith(".avif"))
    lock = Lock(retracted={"b" * 64: Retraction(who="", when="", pixels="b" * 64, reason="a face")})
    (tmp_path / "aibild.lock").write_text(write_lock(lock))
    site = built_site(tmp_path / "dist", files, pixels={bad: "b" * 64}, lock=lock)
    with pytest.raises(RefusedError) as refused:
        refuse_unfit(site, tmp_path, BASE)
    assert "which are retracted: a face" in refused.value.missing[0]


@pytest.mark.parametrize("same_size", [True, False])
def test_files_that_changed_after_the_build_do_not_go_out(tmp_path: Path, same_size: bool) -> None:
    settings, target = target_in(tmp_path)
    site = built_site(tmp_path / "dist", site_files(1))
    text = (tmp_path / "dist/index.html").read_text()
    (tmp_path / "dist/index.html").write_text(text.swapcase() if same_size else text + "?")
    if same_size:
        with pytest.raises(DeployError, match=r"index\.html was changed after the build"):
            ship(site, settings, target, Ticks())
        assert "index.html" not in shown_files(target.bucket)
    else:
        with pytest.raises(RefusedError):
            refuse_unfit(site, tmp_path, BASE)


def test_bytes_that_the_folder_lacks_come_from_the_store_once(tmp_path: Path) -> None:
    settings, target = target_in(tmp_path)
    files = site_files(2)
    site = built_site(tmp_path / "dist", files)
    pictures = {site.outputs[path].digest: data for path, data in files.items() if path.endswith(".avif")}
    for path in files:
        if path.endswith(".avif"):
            (tmp_path / "dist" / path).unlink()
    asked: list[str] = []

    def fetch(digest: str) -> bytes | None:
        asked.append(digest)
        return pictures.get(digest)

    site = replace(site, fetch=fetch)
    refuse_unfit(site, tmp_path, BASE)
    ship(site, settings, target, Ticks())
    assert sorted(asked) == sorted(pictures) and shown(tmp_path, "inplace") == files
    asked.clear()
    ship(site, settings, target, Ticks())
    assert asked == []


def test_unknown_kinds_are_told(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="there is no kind `buckett`"):
        load(settings_for("buckett", "x"), tmp_path, {})
    with pytest.raises(DeployError, match="expected a folder"):
        (tmp_path / "file").write_text("")
        load(settings_for("local", "file"), tmp_path, {})

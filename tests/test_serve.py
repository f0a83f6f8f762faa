"""`aibild serve` over HTTP: what it sends, to whom, and that what is saved is sent next."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aibild_build.build import Options
from aibild_build.build.generate import generate
from aibild_build.build.resident import Look, Resident
from aibild_build.build.talk import Silent
from aibild_build.model import Actor
from aibild_build.web.serve.slow import Line
from tests.support.project import CONFIG, FILES, TODAY, edit, run_build, tree, write_project
from tests.support.serving import Serving, serving, until
from tests.test_quality_build import BRIEF, records
from tests.test_refine import TAKING

BELOW = CONFIG.replace("https://harbour.example/", "https://harbour.example/some/path/", 1)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    root = write_project(tmp_path_factory.mktemp("serve"), {"site/404.md": "---\ntitle: Lost\n---\n\nNot here.\n"})
    (root / "site/static/clip.mp4").write_bytes(bytes(range(256)) * 4)
    with serving(root) as served:
        yield served


def test_a_page_gets_the_script_and_the_file_does_not(at: Serving) -> None:
    answer, body = at.get("/boats/")
    assert answer.status == 200 and answer.getheader("Content-Type") == "text/html; charset=utf-8"
    assert body.count(b"/__aibild/client.js") == 1 and body.index(b"client.js") < body.index(b"</body>")
    assert b"__aibild" not in (at.root / ".aibild/serve/boats/index.html").read_bytes()
    assert at.get("/__aibild/client.js")[0].getheader("Content-Type") == "text/javascript; charset=utf-8"


def test_the_host_s_headers_are_sent(at: Serving) -> None:
    answer, _ = at.get("/boats/")
    assert answer.getheader("Cache-Control") == "public, max-age=0, must-revalidate"
    assert answer.getheader("X-Content-Type-Options") == "nosniff" and answer.getheader("Content-Security-Policy") is None
    picture = next((at.root / ".aibild/serve/pictures").glob("boat-*.avif")).name
    answer, body = at.get(f"/pictures/{picture}")
    assert answer.getheader("Content-Type") == "image/avif" and body[4:12] == b"ftypavif"
    assert answer.getheader("Cache-Control") == "public, max-age=31536000, immutable"
    assert answer.getheader("Content-Disposition") is None and len(answer.headers.get_all("Date") or []) == 1
    assert at.get("/note.txt")[0].getheader("Cache-Control") == "no-cache"


def test_what_did_not_change_is_not_sent_again(at: Serving) -> None:
    for path in ("/boats/", "/note.txt"):
        tag = at.get(path)[0].getheader("ETag") or ""
        answer, body = at.get(path, {"If-None-Match": tag})
        assert (answer.status, body) == (304, b"")
        assert at.get(path, {"If-None-Match": '"other"'})[0].status == 200


def test_parts_of_files(at: Serving) -> None:
    whole = (at.root / "site/static/clip.mp4").read_bytes()
    answer, body = at.get("/clip.mp4", {"Range": "bytes=10-19"})
    assert (answer.status, body) == (206, whole[10:20]) and answer.getheader("Content-Range") == "bytes 10-19/1024"
    assert at.get("/clip.mp4", {"Range": "bytes=-4"})[1] == whole[-4:]
    assert at.get("/clip.mp4", {"Range": "bytes=5000-"})[0].status == 416
    assert at.get("/clip.mp4", {"Range": "bytes=0-3", "If-Range": '"stale"'})[0].status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../aibild.toml",
        "/%2e%2e/aibild.toml",
        "/..%2f..%2faibild.toml",
        "/%5c..%5caibild.toml",
        "/.aibild/build.json",
        "/_headers",
    ],
)
def test_nothing_else_is_sent(at: Serving, path: str) -> None:
    answer, body = at.get(path)
    assert answer.status == 404 and b"Not here." in body and b"base_url" not in body


def test_a_link_that_leads_out_is_not_followed(at: Serving, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    link = at.root / ".aibild/serve/out.txt"
    link.symlink_to(tmp_path / "secret.txt")
    assert at.get("/out.txt")[0].status == 404
    link.unlink()


def test_other_hosts_and_methods_are_refused(at: Serving) -> None:
    assert at.get("/", {"Host": "evil.example"})[0].status == 421
    assert at.get("/", {"Host": f"localhost:{at.server.port}"})[0].status == 200
    answer, _ = at.get("/", method="POST")
    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")
    assert at.get("/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0].status == 403


def test_a_folder_gets_its_slash(at: Serving) -> None:
    answer, _ = at.get("/boats?a=1")
    assert (answer.status, answer.getheader("Location")) == (308, "/boats/?a=1")
    assert at.get("//evil.example/boats")[0].status == 404


def test_the_nearest_page_404(at: Serving) -> None:
    answer, body = at.get("/nowhere/at/all")
    assert (
        answer.status == 404 and b"Not here." in body and b"client.js" in body and answer.getheader("Cache-Control") == "no-store"
    )


def test_the_shelf_shows_briefs(at: Serving) -> None:
    page = at.text("/__aibild/")
    assert "boat" in page and "quay" in page and page.count('class="badge"') == 2 and "aibild generate boat" in page
    assert at.get("/__aibild/shelf.css")[0].status == 200 and at.get("/__aibild/nothing")[0].status == 404


def test_the_shelf_shows_candidates(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    generate(Options(root=root, crew="inline"), ("boat",), today=TODAY)
    with serving(root, watch=False) as at:
        page = at.text("/__aibild/")
        cut = re.search(r'<img src="(cuts/[^"]+)"', page)
        assert cut and page.count("in use</strong>") == 1 and "aibild generate quay" in page
        answer, body = at.get(f"/__aibild/{cut[1]}")
        assert answer.getheader("Content-Type") == "image/webp" and body[8:12] == b"WEBP"
        assert at.get(f"/__aibild/{cut[1]}", {"If-None-Match": answer.getheader("ETag") or ""})[0].status == 304
        assert at.get("/__aibild/cuts/0-0.webp")[0].status == 404


def test_findings_of_a_page(at: Serving) -> None:
    answer, body = at.get("/__aibild/findings?page=/boats/")
    found = json.loads(body)
    assert answer.status == 200 and all(one["path"] == "boats/index.html" and one["url"].endswith(one["rule"]) for one in found)
    assert any(one["rule"] == "image-density" and one["selector"] for one in found)
    assert json.loads(at.get("/__aibild/findings?page=/../../etc/")[1]) == []


def test_a_page_that_listens_hears_how_the_site_stands(at: Serving) -> None:
    line = http.client.HTTPConnection("127.0.0.1", at.server.port, timeout=20)
    line.request("GET", "/__aibild/events?page=/boats/")
    answer = line.getresponse()
    assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    read = b"".join(answer.readline() for _ in range(5))
    assert b"event: state" in read and b'"drafts": ["boat", "quay"]' in read
    until(lambda: "/boats/" in at.events.listening())
    line.close()


def test_a_site_below_a_path(tmp_path: Path) -> None:
    with serving(write_project(tmp_path, {"aibild.toml": BELOW}), watch=False) as at:
        answer, _ = at.get("/")
        assert (answer.status, answer.getheader("Location")) == (302, "/some/path/")
        answer, body = at.get("/some/path/boats/")
        assert answer.status == 200 and b"client.js" not in body, "not watched: no script"
        assert answer.getheader("Cache-Control") == "public, max-age=0, must-revalidate"
        assert at.get("/boats/")[0].status == 404


def test_saves_of_every_kind_are_seen(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    with serving(root) as at:
        edit(root, "site/tides.md", "Twice a day.", "Thrice a day.")
        at.until("/tides/", "Thrice a day.")
        (root / "site/tides.md.new").write_text(FILES["site/tides.md"].replace("Twice", "Saved by a rename, twice"))
        os.replace(root / "site/tides.md.new", root / "site/tides.md")
        at.until("/tides/", "Saved by a rename")
        edit(root, "site/tides.md", "title: Tides", "title: High water")
        at.until("/tides/", "<title>High water")
        (root / "templates").mkdir()
        base = (Path(__file__).parents[1] / "aibild_build/pages/builtin/base.html").read_text()
        (root / "templates/base.html").write_text(base.replace("<body ", '<body data-mine="1" '))
        at.until("/tides/", 'data-mine="1"')
        at.until("/de/boats/", 'data-mine="1"')
        edit(root, "briefs/boat.yaml", "A red boat", "A scarlet boat")
        at.until("/boats/", "A scarlet boat")
        edit(root, "aibild.toml", 'name = "Harbour"', 'name = "Haven"')
        at.until("/tides/", "Haven")
        (root / "site/static/note.txt").write_text("passed on\n")
        at.until("/note.txt", "passed on")
        (root / "site/new.md").write_text("---\ntitle: New\n---\n\nA new page.\n")
        at.until("/new/", "A new page.")
        (root / "site/new.md").unlink()
        assert until(lambda: at.get("/new/")[0].status == 404)
        assert "Haven" in at.text("/de/boats/") and not at.loop.state.faults


def test_words_alone_cost_no_whole_build(tmp_path: Path) -> None:
    """The build behind a look takes the page that the look rewrote for what it is, and reads no other text again."""
    root = write_project(tmp_path)
    output, actor = root / ".aibild/serve", Actor(who="ada@example.org", when=TODAY)
    options = Options(root=root, output=output, draft=True, time_box_s=0.0, crew="inline")
    resident = Resident(options, today=lambda: TODAY, talk=Silent(), actor=lambda: actor)
    time.sleep(0.05)  # what was written within a tick of the clock is not trusted
    resident.build()
    texts = root / ".aibild/draft/texts.db"
    before = texts.stat().st_mtime_ns
    for number in range(3):
        edit(root, "site/tides.md", "a day.", f"a day. {number}")
        time.sleep(0.05)
        assert resident.look(("site/tides.md",), ()) == Look(paths=("tides/index.html",))
        assert resident.look(("site/tides.md",), ()) == Look(), "nothing is to be done twice"
        assert resident.build().pages == 1 and texts.stat().st_mtime_ns == before
        assert resident.build().pages == 0
    page = (output / "tides/index.html").read_bytes()
    rows = json.loads((output / ".aibild/build.json").read_text())["outputs"]
    assert next(one for one in rows if one["path"] == "tides/index.html")["digest"] == hashlib.sha256(page).hexdigest()
    edit(root, "site/tides.md", "title: Tides", "title: High water")
    assert resident.look(("site/tides.md",), ()).whole and not resident.build().faults
    assert texts.stat().st_mtime_ns != before
    rewritten = (output / "tides/index.html").read_bytes()
    (output / "boats/index.html").write_text("somebody else's")
    resident.build()
    assert "somebody" not in (output / "boats/index.html").read_text() and (output / "tides/index.html").read_bytes() == rewritten


def _efforts(root: Path, output: str) -> dict[str, int]:
    """How many picture files of each effort lie in an output, by what the store says of their unsigned bytes."""
    shown = {path.read_bytes() for path in (root / output / "pictures").iterdir()}
    digests = {hashlib.sha256(data).hexdigest() for data in shown}
    found: dict[str, set[str]] = {}
    for record in records(root, "delivery").values():
        rendition: Any = record["rendition"]
        encode: Any = records(root, "encode")[rendition["encode"]]
        found.setdefault(rendition["digest"], set()).add(encode["variant"]["effort"])
    counted = [min(found[digest]) for digest in digests if len(found.get(digest, ())) == 1]
    return {effort: counted.count(effort) for effort in sorted(set(counted))}


def test_it_encodes_fast_and_builds_do_not(tmp_path: Path) -> None:
    """What is shown while writing never gets into what is published."""
    root, alone = (write_project(tmp_path / name, {"briefs/quay.yaml": BRIEF}) for name in ("site", "alone"))
    run_build(alone)
    generate(Options(root=root, crew="inline"), ("quay", "boat"), today=TODAY)
    with serving(root, watch=False) as at:
        assert set(_efforts(root, ".aibild/serve")) == {"fast"} and at.loop.state.improvable == 0, "nobody asked for refining"
    run_build(root)
    assert set(_efforts(root, "dist")) == {"final"}
    published, expected = (set(tree(one / "dist/pictures")) for one in (root, alone))
    assert published == expected
    with serving(root, watch=False):
        assert set(_efforts(root, ".aibild/serve")) == {"final"}, "what is at hand is not made worse"


def test_sketches_are_encoded_fast(tmp_path: Path) -> None:
    with serving(write_project(tmp_path), watch=False) as at:
        variants: list[Any] = [record["variant"] for record in records(at.root, "encode").values()]
        assert {(variant["effort"], variant["draft"]) for variant in variants} == {("fast", True)}


def test_weight_is_no_more_than_a_note_while_files_are_fast(tmp_path: Path) -> None:
    tight = CONFIG + '\n[budgets]\nimage_bytes = "0.1 kB"\n\n[[budgets.paths]]\npath = "/plain/"\npage_bytes = "0.1 kB"\n'
    root = write_project(tmp_path, {"aibild.toml": tight, "site/plain.md": "---\ntitle: Plain\n---\n\nNo picture.\n"})
    with serving(root, watch=False) as at:
        weighed = [one for one in json.loads(at.get("/__aibild/findings?page=/boats/")[1]) if one["rule"] == "page-bytes-over"]
        assert weighed and {one["level"] for one in weighed} == {"note"} and "fast files of `aibild serve`" in weighed[0]["hint"]
        other = [one for one in json.loads(at.get("/__aibild/findings?page=/boats/")[1]) if one["rule"] == "image-density"]
        assert other and all("fast files" not in one["hint"] for one in other)
        plain = [one for one in json.loads(at.get("/__aibild/findings?page=/plain/")[1]) if one["rule"] == "page-bytes-over"]
        assert plain and {one["level"] for one in plain} == {"error"}, "no picture is on it"
    run_build(root)
    with serving(root, watch=False) as at:
        weighed = [one for one in json.loads(at.get("/__aibild/findings?page=/boats/")[1]) if one["rule"] == "page-bytes-over"]
        assert weighed and {one["level"] for one in weighed} == {"error"}, "these are the bytes that a host will send"


def test_while_nobody_saves_files_get_better(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": TAKING, "briefs/quay.yaml": BRIEF})
    generate(Options(root=root, crew="inline"), ("quay", "boat"), today=TODAY)
    with serving(root, refine_after_s=0.1) as at:
        edit(root, "site/tides.md", "Twice a day.", "While it refines.")
        at.until("/tides/", "While it refines.")
        until(lambda: at.said[-1].improvable == 0 and len(at.said) > 1)
        refined = {key: one for key, one in records(root, "refined").items() if one["worth"]}
        shown = _efforts(root, ".aibild/serve")
        assert "fast" not in shown and shown.get("slow", 0) == len(refined) and shown["final"] > 3


def test_blocks_and_profiles_are_understood(tmp_path: Path) -> None:
    """A saved prompt block and a saved style profile are seen in the sketches that stand in for their pictures."""
    quay = BRIEF.replace("light: low sun", "light: [dusk]\nprofile: cutout")
    profile = "palette: ['#203040', '#d0a060']\n"
    files = {"briefs/quay.yaml": quay, "briefs/blocks/dusk.yaml": "text: low sun\n", "briefs/profiles/cutout.yaml": profile}
    root = write_project(tmp_path, files)
    with serving(root) as at:
        for path, old, new in (("blocks/dusk", "low sun", "a thunderstorm"), ("profiles/cutout", "#203040", "#802020")):
            before = at.text("/tides/")
            edit(root, f"briefs/{path}.yaml", old, new)
            until(partial(_is_other, at, before))
        until(lambda: not at.loop.state.faults)


def _is_other(at: Serving, before: str) -> bool:
    return at.text("/tides/") != before


def test_a_slow_line_is_slow_over_http(tmp_path: Path) -> None:
    with serving(write_project(tmp_path), watch=False, line=Line(0.2, 50_000)) as at:
        began = time.monotonic()
        body = at.get("/boats/")[1]
        assert time.monotonic() - began >= 0.2 + (len(body) - 4096) / 50_000
        assert body == (at.resident.output / "boats/index.html").read_bytes(), "nothing is lost"


def test_the_last_good_site_stays(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    with serving(root) as at:
        good = (root / "aibild.toml").read_text()
        (root / "aibild.toml").write_text("[site\n")
        fault = until(lambda: at.loop.state.faults and at.loop.state.faults[0])
        assert fault and fault.finding.origin is not None and fault.finding.origin.path == "aibild.toml"
        assert at.get("/boats/")[0].status == 200 and '"faults": [{' in at.loop.told()[1]
        (root / "aibild.toml").write_text(good)
        until(lambda: not at.loop.state.faults)
        edit(root, "site/tides.md", "Twice a day.", "See [x](nowhere.md).")
        fault = until(lambda: at.loop.state.faults and at.loop.state.faults[0])
        assert (
            fault
            and fault.finding.origin is not None
            and (fault.finding.origin.line, fault.lines[-1]) == (7, (7, "See [x](nowhere.md)."))
        )
        edit(root, "site/tides.md", "See [x](nowhere.md).", "Calm again.")
        at.until("/tides/", "Calm again.")
        until(lambda: not at.loop.state.faults)


def test_a_folder_that_goes_and_comes_is_watched_again(tmp_path: Path) -> None:
    root = write_project(tmp_path / "one")
    with serving(root) as at:
        shutil.copytree(root / "site", tmp_path / "kept")
        shutil.rmtree(root / "site")
        until(lambda: at.loop.state.faults)
        assert at.get("/boats/")[0].status == 200
        shutil.copytree(tmp_path / "kept", root / "site")
        until(lambda: not at.loop.state.faults)
        edit(root, "site/tides.md", "Twice a day.", "Back again.")
        at.until("/tides/", "Back again.")


def test_ten_thousand_files_at_once(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    with serving(root) as at:
        for number in range(10_000):
            (root / f"site/static/{number}.txt").write_text(str(number))
        edit(root, "site/tides.md", "Twice a day.", "After the flood.")
        at.until("/tides/", "After the flood.")
        at.until("/9999.txt", "9999")
        for number in range(10_000):
            assert (at.resident.output / f"{number}.txt").read_text() == str(number)
        assert not at.loop.state.faults


_FLOOD = """
import pathlib, sys
root = pathlib.Path(sys.argv[1])
for folder in range(40):
    (root / f"templates/flood/{folder}").mkdir(parents=True)
    for number in range(1000):
        (root / f"templates/flood/{folder}/{number}").touch()
    if folder == 20:
        (root / "aibild.toml").write_text("[site")
        (root / "site/late").mkdir()
        (root / "site/late/page.md").write_text("---\\ntitle: Late\\n---\\n\\nCame amid the flood.\\n")
"""


def test_more_events_than_the_queue_holds(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    good = (root / "aibild.toml").read_text()
    with serving(root) as at:
        subprocess.run([sys.executable, "-c", _FLOOD, str(root)], check=True)
        assert at.get("/boats/")[0].status == 200, "the last good site, whatever the settings are"
        (root / "aibild.toml").write_text(good)
        at.until("/late/page/", "Came amid the flood.")
        shutil.rmtree(root / "templates/flood")
        edit(root, "site/late/page.md", "Came amid", "Stayed after")
        at.until("/late/page/", "Stayed after the flood.")
        until(lambda: not at.loop.state.faults)


def test_the_first_build_may_fail(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"site/index.md": "---\ntitle:\n---\n"})
    with serving(root) as at:
        answer, body = at.get("/")
        assert answer.status == 503 and b"not built yet" in body and b"client.js" in body
        (root / "site/index.md").write_text(FILES["site/index.md"])
        at.until("/", "boats")


def started(root: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **(environment or {})}
    command = [sys.executable, "-m", "aibild_build", "serve", "--root", str(root), "--json", "--no-generate", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_it_ends_at_once_with_open_streams(tmp_path: Path) -> None:
    run = started(write_project(tmp_path), "--port", "0")
    assert run.stdout is not None
    lines = run.stdout
    said = "".join(iter(lambda: lines.readline(), "}\n"))
    port = int(json.loads(said + "}")["url"].rstrip("/").rpartition(":")[2])
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.request("GET", "/__aibild/events?page=/")
    assert line.getresponse().readline() == b"retry: 500\n"
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 0
    assert time.monotonic() - began < 10, "a hang, not a slow machine"
    line.close()
    run.communicate()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = started(root, "--port", str(taken.getsockname()[1]))
        _, err = run.communicate(timeout=60)
    assert run.returncode == 3 and "cannot listen on 127.0.0.1" in err and "hint: name another --port" in err


def test_the_next_port_is_taken_and_a_browser_opened(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    note = tmp_path / "opened.txt"
    (tmp_path / "browser.py").write_text(f"import pathlib, sys; pathlib.Path({str(note)!r}).write_text(sys.argv[1])")
    with socket.socket() as taken:
        with suppress(OSError):  # somebody else has it, which is as good
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        run = started(root, "--open", environment={"BROWSER": f"{sys.executable} {tmp_path / 'browser.py'} %s"})
        try:
            address = until(lambda: note.read_text() if note.exists() else "")
            assert address.startswith("http://127.0.0.1:") and not address.startswith("http://127.0.0.1:8000/")
        finally:
            run.send_signal(signal.SIGINT)
            out, _ = run.communicate(timeout=60)
    assert json.loads(out)["url"] == address


def test_no_project(tmp_path: Path) -> None:
    run = started(tmp_path)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 2 and 'expected a file at "aibild.toml"' in err

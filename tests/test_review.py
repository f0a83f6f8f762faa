"""The review board without a browser: what it shows, what it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import jsonschema
import pytest
from click.testing import CliRunner

from aibild_build import gates
from aibild_build.build.board import Need, slug_of
from aibild_build.build.review import Asked, ReviewDesk
from aibild_build.cli import aibild
from aibild_build.errors import AibildError, OutputError
from aibild_build.gates import Measured
from aibild_build.imagefile import encode_png
from aibild_build.model import Json
from aibild_build.plan.gates import gates_at_work, questions
from aibild_build.plan.pictures import asset_key, find_pinned, want_assets
from aibild_build.plan.reading import open_project
from aibild_build.store import Store
from aibild_build.web.review import export_board
from aibild_build.web.review.view import HERE, languages, translated
from aibild_build.wire import to_json
from tests.support.project import edit, run_build, stamps, tree
from tests.support.review import ADA, Reviewed, desk, lock_of, project, reviewing, trail_of

SCHEMA = Path(__file__).parents[1] / "aibild_build/reports/schemas/review.json"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("review") / "site")


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A project of its own, made once."""
    shutil.copytree(built, tmp_path / "site", symlinks=True)
    return tmp_path / "site"


def opened(at: Reviewed) -> OpenerDirector:
    """A browser that came by the printed address."""
    opener = build_opener(HTTPCookieProcessor())
    opener.addheaders = []
    opener.open(at.url).read()
    return opener


def get(opener: OpenerDirector, at: Reviewed, path: str) -> str:
    with opener.open(at.base + path) as answer:
        found: bytes = answer.read()
    return found.decode()


def post(opener: OpenerDirector, at: Reviewed, **fields: str) -> tuple[int, str]:
    data = urlencode({"key": "the-key", "lang": "en", **fields}).encode()
    try:
        with opener.open(Request(at.base + "decide", data, headers={"Origin": at.base.rstrip("/")})) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def asked(at: ReviewDesk, kind: str, number: int, slug: str = "quay", reason: str = "") -> Asked:
    entry = at.board().entry(slug)
    assert entry is not None
    return Asked(kind=kind, entry=entry, pixels=entry.choices[number - 1].pixels, seen=entry.seen, reason=reason)


def test_the_board_says_what_waits_and_why(root: Path) -> None:
    board = desk(root).board()
    quay, boat = board.entry("quay"), board.entry("boat")
    assert quay is not None and boat is not None and [entry.slug for entry in board.entries] == ["boat", "quay"]
    assert quay.needs == (Need.UNDECIDED, Need.CHOICE, Need.ALT) and boat.needs == (Need.UNDECIDED,)
    assert [(choice.number, choice.seed, choice.picked) for choice in quay.choices] == [
        (1, 2777976, True),
        (2, 2777977, False),
        (3, 2777978, False),
    ]
    assert [choice.published for choice in quay.choices] == [True, False, False]
    assert [alt.lang for alt in quay.alt if alt.draft] == ["de"]
    assert {(one.lang, one.url, one.slot) for one in quay.shown} >= {("en", "/", "hero"), ("de", "/de/tides/", "hero")}


def test_candidates_are_cut_as_slots_cut_them(root: Path) -> None:
    quay = desk(root).board().entry("quay")
    assert quay is not None
    cuts = {cut.ratio: cut for cut in quay.choices[0].cuts}
    assert list(cuts) == ["16:9", "3:2", "4:5"] and cuts["3:2"].slots == ("card",) and cuts["4:5"].slots == ("hero",)
    assert cuts["16:9"].box == (0, 0, 640, 360) and cuts["16:9"].focal == pytest.approx((0.7, 0.4))
    x, _, width, _ = cuts["4:5"].box
    assert cuts["4:5"].focal[0] == pytest.approx((0.7 * 640 - x) / width)
    assert cuts["16:9"].areas[0].x == pytest.approx(0.05) and not cuts["4:5"].fits


def test_what_differs_is_the_recipe(root: Path) -> None:
    quay = desk(root).board().entry("quay")
    assert quay is not None
    assert quay.choices[0].differs == ()
    assert {"seed": (2777976, 2777977)}.items() <= {one.field: (one.before, one.now) for one in quay.choices[1].differs}.items()


def test_gates_are_heard(root: Path) -> None:
    quay = desk(root).board().entry("quay")
    assert quay is not None
    assert {verdict.gate for verdict in quay.choices[0].verdicts} >= {"duplicate", "size"}


def test_looking_writes_nothing(root: Path) -> None:
    before = stamps(root)
    with reviewing(root) as at:
        opener = opened(at)
        for page in ("index.html", "index.de.html", "quay.html", "boat.de.html", "pages/quay.2.0.html"):
            get(opener, at, page)
        export_board(at.desk, root.parent / "static")
    assert stamps(root) == before


def test_a_decision_is_written_to_lock_and_trail(root: Path) -> None:
    at = desk(root)
    second = asked(at, "pick", 2)
    assert at.decide(second).problem == ""
    assert lock_of(root).briefs["quay"]["master"].pick == 1
    assert at.decide(asked(at, "approve", 2)).problem == ""
    assert at.decide(asked(at, "reject", 1, reason="too dark\nfor a phone")).problem == ""
    pinned = lock_of(root).briefs["quay"]["master"]
    assert [(one.who, one.pixels) for one in pinned.approvals] == [(ADA, second.pixels)]
    assert [(one.pixels, one.reason) for one in pinned.rejections] == [(pinned.candidates[0].pixels, "too dark\nfor a phone")]
    assert [row["event"] for row in trail_of(root)][-3:] == ["picked", "approved", "rejected"]
    entry = at.board().entry("quay")
    assert entry is not None and not entry.open and entry.needs == (Need.ALT,)
    assert [told.what for told in entry.history][:3] == ["rejected", "approved", "picked"]
    assert at.decide(asked(at, "withdraw", 2)).problem == ""
    assert lock_of(root).briefs["quay"]["master"].approvals == ()
    entry = at.board().entry("quay")
    assert entry is not None and entry.open


def test_pixels_that_changed_lose_their_approval(root: Path) -> None:
    at = desk(root)
    assert at.decide(asked(at, "approve", 1)).problem == ""
    edit(root, "briefs/quay.yaml", "seed: 2777976", "seed: 9999976")
    entry = at.board().entry("quay")
    assert entry is not None and Need.STALE in entry.needs
    run_build(root)
    entry = at.board().entry("quay")
    assert entry is not None and Need.CHANGED in entry.needs and entry.open


def test_rules_say_what_is_lacking(root: Path) -> None:
    config = (root / "aibild.toml").read_text()
    rules = '\n[approvals.people]\n"ada@example.org" = ["art"]\n[[approvals.rules]]\nrole = "art"\nbriefs = ["quay"]\n'
    (root / "aibild.toml").write_text(config + rules)
    at = desk(root)
    quay, boat = at.board().entry("quay"), at.board().entry("boat")
    assert quay is not None and boat is not None
    assert quay.open and "needs 1 approval by art" in quay.lacks[0]
    assert (quay.state, boat.state) == ("open", "undecided") and quay.needs[0] is Need.APPROVAL
    assert at.decide(asked(at, "approve", 1)).problem == ""
    assert lock_of(root).briefs["quay"]["master"].approvals[0].role == "art"
    said = desk(root, "Eve <eve@example.org>").decide(asked(at, "approve", 1))
    assert "eve@example.org" in said.problem and not said.stale


def test_a_rejection_wants_a_reason_and_a_decision_a_person(root: Path) -> None:
    at = desk(root)
    assert "reason" in at.decide(asked(at, "reject", 1)).problem
    assert "nobody" in desk(root, "").decide(asked(at, "pick", 2)).problem
    strange = replace(asked(at, "approve", 1), pixels="0" * 64)
    assert at.decide(strange).problem
    assert lock_of(root).briefs["quay"]["master"].approvals == () and lock_of(root).briefs["quay"]["master"].pick == 0


def test_a_lock_that_changed_meanwhile_is_not_overwritten(root: Path) -> None:
    with reviewing(root) as at:
        opener = opened(at)
        seen = hidden(get(opener, at, "quay.html"), "reject", 1)
        other = desk(root, "Eve <eve@example.org>")
        assert other.decide(asked(other, "approve", 1)).problem == ""
        status, page = post(opener, at, **{**seen, "reason": "the quay is crooked"})
        assert status == 409 and "Somebody changed this picture in the lock meanwhile" in page and "the quay is crooked" in page
        pinned = lock_of(root).briefs["quay"]["master"]
        assert [one.who for one in pinned.approvals] == ["Eve <eve@example.org>"] and pinned.rejections == ()
        status, page = post(opener, at, **{**hidden(page, "reject", 1), "reason": "the quay is crooked"})
        assert status == 200 and lock_of(root).briefs["quay"]["master"].rejections[0].reason == "the quay is crooked"


def test_two_at_once_on_two_pictures_lose_nothing(root: Path) -> None:
    with reviewing(root) as at:
        openers = [opened(at), opened(at)]
        forms = [
            hidden(get(opener, at, f"{slug}.html"), "approve", 1) for opener, slug in zip(openers, ("quay", "boat"), strict=True)
        ]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda pair: post(pair[0], at, **pair[1])[0], zip(openers, forms, strict=True)))
        assert done == [200, 200]
        assert all(lock_of(root).briefs[brief]["master"].approvals for brief in ("quay", "boat"))


def test_two_at_once_on_one_picture_one_is_told(root: Path) -> None:
    with reviewing(root) as at:
        openers = [opened(at), opened(at)]
        kinds = [("approve", 1), ("pick", 2)]
        forms = [hidden(get(opener, at, "quay.html"), *kind) for opener, kind in zip(openers, kinds, strict=True)]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda pair: post(pair[0], at, **pair[1])[0], zip(openers, forms, strict=True)))
        assert sorted(done) == [200, 409]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"kind": "destroy"}, 400),
        ({"slug": "nobody"}, 400),
        ({"lang": "xx"}, 400),
        ({"key": "wrong"}, 403),
        ({"pixels": "../../etc/passwd"}, 422),
        ({"kind": "reject", "reason": "  "}, 422),
    ],
)
def test_forms_that_are_none_of_ours_write_nothing(root: Path, fields: dict[str, str], status: int) -> None:
    before = (root / "aibild.lock").read_bytes()
    with reviewing(root) as at:
        opener = opened(at)
        form = hidden(get(opener, at, "quay.html"), "approve", 1)
        assert post(opener, at, **{**form, **fields})[0] == status
    assert (root / "aibild.lock").read_bytes() == before


@pytest.mark.parametrize(
    "path",
    [
        "nobody.html",
        "quay.fr.html",
        "quay",
        "../aibild.toml",
        "cuts/../../aibild.toml",
        "pages/quay.9.0.html",
        "pages/quay.1.99.html",
        "evidence/" + "0" * 64 + ".png",
        "evidence/" + "..%2f" * 3 + "aibild.png",
        "cuts/" + "0" * 64 + "-0-0-640-360-640.webp",
        "cuts/PIXELS-0-0-0-360-640.webp",
        "cuts/PIXELS-600-0-640-360-640.webp",
        "cuts/PIXELS-0-0-640-360-9999999.webp",
        "aibild.lock",
        "templates/base.html",
    ],
)
def test_addresses_that_lead_nowhere(root: Path, path: str) -> None:
    with reviewing(root) as at:
        opener = opened(at)
        pixels = lock_of(root).briefs["quay"]["master"].picked.pixels
        with pytest.raises(HTTPError) as error:
            get(opener, at, path.replace("PIXELS", pixels))
        assert error.value.code == 404
        error.value.close()


def test_the_page_that_shows_a_picture_shows_the_candidate(root: Path) -> None:
    with reviewing(root) as at:
        page = get(opened(at), at, "pages/quay.2.0.html")
    pixels = lock_of(root).briefs["quay"]["master"].candidates[1].pixels
    assert page.count(pixels) >= 2 and "<script" not in page and ' href="/' not in page and "hero" in page
    assert re.search(r"<h1>(Harbour|Hafen|Tides|Gezeiten)</h1>", page)


def test_a_fault_in_the_source_is_told_and_passes(root: Path) -> None:
    with reviewing(root) as at:
        opener = opened(at)
        get(opener, at, "quay.html")
        edit(root, "briefs/boat.yaml", "subject", "subjct")
        with pytest.raises(HTTPError) as error:
            get(opener, at, "quay.html")
        assert error.value.code == 500 and "briefs/boat.yaml" in error.value.read().decode()
        error.value.close()
        edit(root, "briefs/boat.yaml", "subjct", "subject")
        assert "quay" in get(opener, at, "quay.html")


def test_a_static_board_is_whole_and_only_shows(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "attached"
    count = export_board(desk(root), folder)
    files = tree(folder)
    assert count == len(files) - 1 and {"index.html", "index.de.html", "quay.html", "quay.de.html", "boat.html"} <= set(files)
    for name, data in files.items():
        if name.endswith(".html"):
            page = Links()
            page.feed(data.decode())
            base = Path(name).parent
            assert not page.forms and "the-key" not in data.decode()
            for link in page.links:
                assert "://" not in link and not link.startswith("/"), f"{name} leads to {link}"
                assert Path(re.sub(r"[^/]+/\.\./", "", (base / link).as_posix())).as_posix() in files, f"{name} lacks {link}"
    edit(root, "site/boats.md", "hero: boat", "hero: quay")
    edit(root, "site/boats.md", '![A red boat](brief:boat "At rest")', "Gone.")
    edit(root, "site/de/boats.md", "hero: boat", "hero: quay")
    export_board(desk(root), folder)
    assert "boat.html" not in tree(folder)


def test_a_static_board_takes_no_folder_of_others(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError):
        export_board(desk(root), tmp_path / "mine")
    assert tree(tmp_path / "mine") == {"letter.txt": b"dear"}


def test_named_briefs_alone(root: Path) -> None:
    assert [entry.brief for entry in desk(root, briefs=("boat",)).board().entries] == ["boat"]
    with pytest.raises(AibildError, match="there is no brief `bota`"):
        desk(root, briefs=("bota",))


def test_the_command_prints_what_waits(root: Path) -> None:
    done = CliRunner().invoke(aibild, ["review", "--root", str(root), "--json"])
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert done.exit_code == 0 and found["open"] == 2 and found["pictures"][1]["needs"] == ["undecided", "choice", "alt"]


def test_the_command_writes_a_folder(root: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(aibild, ["review", "boat", "--root", str(root), "--static", str(tmp_path / "out")])
    assert done.exit_code == 0 and (tmp_path / "out" / "index.html").is_file() and not (tmp_path / "out" / "quay.html").exists()
    done = CliRunner().invoke(aibild, ["review", "nobody", "--root", str(root), "--json"])
    assert done.exit_code == 3 and "there is no brief `nobody`" in done.stdout


def test_ctrl_c_ends_it_while_a_page_listens(root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "GIT_AUTHOR_EMAIL": "ada@example.org"}
    with subprocess.Popen(
        [sys.executable, "-m", "aibild_build", "review", "--root", str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        assert run.stdout is not None and run.stderr is not None
        url = run.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{30,}", url)
        assert "ada@example.org" in run.stderr.readline()
        opener = build_opener(HTTPCookieProcessor())
        opener.open(url).close()
        stream = opener.open(url.partition("?")[0] + "events")
        stream.readline()
        run.send_signal(signal.SIGINT)
        while (line := stream.readline()) != b"event: ended\n":
            assert line, "the stream broke off"
        stream.close()
        assert run.wait(30) == 0 and run.stderr.read() == ""


def test_evidence_lies_over_what_it_is_about(root: Path, tmp_path: Path) -> None:
    """The same project with a store in which a gate left a picture."""
    project_, old, new = open_project(root), Store(root / ".aibild/store"), Store(tmp_path / "store")
    wanted = want_assets(project_, old, briefs=["quay"])[0]
    evidence = new.put(encode_png(bytes(4 * 8 * 4), (8, 4), "RGBA")).digest
    assert wanted.pinned is not None
    for pin in wanted.pinned.candidates:
        asset = find_pinned(old, pin)
        assert asset is not None
        new.put(old.get(asset.digest) or b"")
        for key in (asset_key(pin.recipe, pin.pixels), pin.recipe):
            record = old.lookup(key)
            assert record is not None
            kind = "recipe" if key == pin.recipe else "asset"
            new.record(key, kind, {name: record[name] for name in ("asset", "recipe", "noted")}, needs=(asset.digest,))
        for question in questions(project_, wanted, asset, gates_at_work(project_)):
            fields: dict[str, Json] = {"measured": to_json(Measured(score=1.0, evidence=evidence))}
            new.record(question.key, "measure", fields, needs=(evidence,))
    with reviewing(root, store_dir=tmp_path / "store") as at:
        opener = opened(at)
        page = get(opener, at, "quay.html")
        assert 'name="evidence"' in page and f'src="evidence/{evidence}.png"' in page
        with opener.open(f"{at.base}evidence/{evidence}.png") as answer:
            assert answer.headers["Content-Type"] == "image/png" and answer.read()[:4] == b"\x89PNG"
        with pytest.raises(HTTPError) as error:  # a blob that is no evidence
            get(opener, at, f"evidence/{next(iter(wanted.assets.values())).digest}.png")
        assert error.value.code == 404
        error.value.close()


def test_languages_have_the_same_words() -> None:
    words = {lang: tomllib.loads((HERE / "words" / f"{lang}.toml").read_text("utf-8")) for lang in languages()}
    assert set(words) == {"en", "de"} and set(words["en"]) == set(words["de"])
    for key, text in words["en"].items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", words["de"][key]), key
    used = " ".join(path.read_text("utf-8") for path in (*HERE.glob("templates/*.html"), HERE / "view.py", HERE / "app.py"))
    families = ("needs_", "outcome_", "did_", "done_")
    idle = {key for key in words["en"] if not key.startswith(families) and not re.search(rf"\b{key}\b", used)}
    assert idle == set()
    assert {f"needs_{need}" for need in Need} == {key for key in words["en"] if key.startswith("needs_")}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "expected a contrast of text and ground of at least 0.6, got 0.35 on the safe area; a scrim of 40% would pass",
            "erwartet: Kontrast von Text und Grund von mindestens 0.6, gefunden: 0.35 auf der Freifläche; "
            "ein Schleier von 40% würde genügen",
        ),
        ("expected a sharpness of at least 0.5, got 0.1", "erwartet: Schärfe von mindestens 0.5, gefunden: 0.1"),
        (
            "expected signs of a model gone astray of at most 0.3, got 0.7: repeated texture",
            "erwartet: Spuren eines entgleisten Modells von höchstens 0.3, gefunden: 0.7: wiederholte Textur",
        ),
        ("was not measured yet", "noch nicht gemessen"),
        (
            "needs 2 approvals by art, has 0 (slot hero; tag people)",
            "braucht 2-mal die Freigabe durch art, hat sie 0-mal (Slot hero; Schlagwort people)",
        ),
        ("rejected by Ada: was not measured yet", "abgelehnt von Ada: was not measured yet"),
        ("a plug's own sentence", "a plug's own sentence"),
    ],
)
def test_sentences_of_ours_are_told_in_the_readers_language(said: str, told: str) -> None:
    assert translated(said, "de") == told and translated(said, "en") == said


def test_every_gate_is_told_in_german() -> None:
    own = {
        "score",
        "CLIPScore",
        "text area",
        "likelihood",
        "signs of damage",
        "likelihood of a forbidden motif",
    }  # in no sentence
    named = {getattr(gates.load(name), "what", "score") for name in gates.names()} - own
    assert named and {what for what in named if translated(what, "de") == what} == set()


@pytest.mark.parametrize(("subject", "slug"), [("quay", "quay"), ("paper-hills", "paper-hills")])
def test_plain_subjects_name_their_page(subject: str, slug: str) -> None:
    assert slug_of(subject) == slug


def test_other_subjects_are_told_apart() -> None:
    names = [slug_of(subject) for subject in ("quay 4:5", "quay 4-5", "file:site/Kai.png", "file:site/kai.png", "index", "äöü")]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z0-9-]+", name) for name in names) and "index" not in names


class Links(HTMLParser):
    """Everything that a page loads or leads to, and its forms."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.forms = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.forms += tag == "form" and dict(attrs).get("method") != "dialog"
        for name, value in attrs:
            if name in ("src", "href", "data-src") and value and not value.startswith(("#", "data:")):
                self.links.add(value.partition("#")[0])
            elif name == "srcset" and value:
                self.links |= {part.split()[0] for part in value.split(",")}


def hidden(page: str, kind: str, number: int) -> dict[str, str]:
    """The fields of a form as the page holds them."""
    for form in re.findall(r"<form method=\"post\".*?</form>", page, re.S):
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        if fields["kind"] == kind:
            number -= 1
            if not number:
                return fields
    if kind == "pick":  # the one in use has no such button
        return hidden(page, kind, 1)
    raise AssertionError(f"no form for {kind}")

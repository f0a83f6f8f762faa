"""`aibild briefs import` from end to end: files, collections, a shop's server, pictures by address, and all that goes wrong."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from aibild_build.build.importing import Ask, Imported, import_briefs
from aibild_build.build.outside import Outside
from aibild_build.cli import aibild
from aibild_build.errors import FrozenError, OutboundError, SourceError
from aibild_build.outbound import Limits, Reach, request
from tests.support.project import run_build, tree, write_project
from tests.support.shop import Shop, serve_shop

FILES = """id: "shoe-{{ sku }}"
brief:
  subject: "{{ title }} on a shelf"
  size: [640, 360]
  alt: {en: "{{ title }}, seen from the front"}
"""
COLLECTED = "keep: collection\n" + FILES
ROWS = "sku,title\n1,A red boat\n2,A blue boat\n3,A green boat\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "site", {"briefs/feeds/shoes.yaml": FILES, "shop.csv": ROWS})


@pytest.fixture
def shop() -> Iterator[Shop]:
    with serve_shop() as served:
        yield served


def outside(environ: Mapping[str, str] | None = None, slept: list[float] | None = None) -> Outside:
    waits: list[float] = [] if slept is None else slept
    return Outside(environ=environ or {}, sleep=waits.append, wall=time.time)


def run(root: Path, feed: str = "shop.csv", environ: Mapping[str, str] | None = None, **asked: Any) -> Imported:
    return import_briefs(root, Ask(feed=feed, template="shoes", **asked), outside(environ))


def told(done: Imported) -> list[str]:
    return [f"{one.origin.line if one.origin else '-'}: {one.message}" for one in done.findings]


def test_rows_become_briefs_and_a_second_import_touches_nothing(root: Path) -> None:
    done = run(root)
    assert (done.made, done.rows, done.findings) == (("shoe-1", "shoe-2", "shoe-3"), 3, ())
    assert (
        'subject: "A red boat on a shelf"' in (text := (root / "briefs/shoe-1.yaml").read_text())
        or "A red boat on a shelf" in text
    )
    before = tree(root)
    again = run(root)
    assert (again.unchanged, again.made, again.changed) == (3, (), ()) and tree(root) == before


def test_changes_edits_and_vanished_rows(root: Path) -> None:
    run(root)
    edited = (root / "briefs/shoe-2.yaml").read_text() + "focal: [0.2, 0.5]\n"
    (root / "briefs/shoe-2.yaml").write_text(edited)
    (root / "shop.csv").write_text("sku,title\n1,A yellow boat\n2,A black boat\n4,A white boat\n")
    done = run(root)
    assert (done.made, done.changed, done.kept, done.vanished) == (("shoe-4",), ("shoe-1",), ("shoe-2",), ("shoe-3",))
    assert (root / "briefs/shoe-2.yaml").read_text() == edited and (root / "briefs/shoe-3.yaml").exists(), "nothing is lost"
    assert run(root).vanished == ("shoe-3",), "told until it is gone"
    pruned = run(root, prune=True)
    assert (pruned.pruned, pruned.vanished) == (("shoe-3",), ()) and not (root / "briefs/shoe-3.yaml").exists()
    assert run(root).vanished == ()
    assert run(root, overwrite=True).changed == ("shoe-2",)
    assert "black" in (root / "briefs/shoe-2.yaml").read_text()


def test_a_dry_run_writes_nothing(root: Path) -> None:
    before = tree(root)
    assert run(root, dry_run=True).made == ("shoe-1", "shoe-2", "shoe-3") and tree(root) == before


def test_somebody_elses_brief_is_not_replaced(root: Path) -> None:
    (root / "briefs/shoe-1.yaml").write_text("subject: mine\n")
    done = run(root)
    assert told(done) == ["2: row 1: brief `shoe-1` is there already, and not from this feed"]
    assert (root / "briefs/shoe-1.yaml").read_text() == "subject: mine\n" and done.made == ("shoe-2", "shoe-3")


def test_an_import_that_was_cut_off_goes_on(root: Path) -> None:
    run(root)
    (root / "briefs/feeds/shoes.state.json").unlink()  # written last
    done = run(root)
    assert done.unchanged == 3 and not done.findings


def test_bad_rows_are_told_and_the_rest_goes_on(root: Path) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text(FILES + '  focal: ["{{ x | float }}", 0.5]\n')
    (root / "shop.csv").write_text(
        "sku,title,x\n1,A red boat,0.5\n1,Again,0.5\n鞋,No id,0.5\n4,Far out,7\n5,Short\n6,A boat,0.1\n"
    )
    done = run(root)
    assert told(done) == [
        "3: row 2: expected each brief once, got `shoe-1` again, first in line 2",
        '4: row 3: expected an id in Latin letters and digits, got "shoe-鞋"',
        "5: row 4 makes a brief that is none: expected focal as [x, y], each 0–1 of the picture, got [7.0, 0.5]",
        "6: expected 3 columns, got 2",
    ]
    assert done.made == ("shoe-1", "shoe-6")


def test_a_fault_of_the_template_is_not_told_for_each_row(root: Path) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text(FILES + '  caption: {en: "{{ colour }}"}\n')
    (root / "shop.csv").write_text("sku,title\n" + "".join(f"{n},Boat\n" for n in range(40)))
    assert len(told(run(root))) == 6 and told(run(root))[-1].startswith("-: 35 more rows: expected a value for `colour`")


def test_a_feed_that_lost_its_rows_takes_nothing_away(root: Path) -> None:
    run(root)
    (root / "shop.csv").write_text("sku,title\n")
    done = run(root, prune=True)
    assert done.vanished == ("shoe-1", "shoe-2", "shoe-3") and not done.pruned
    (root / "shop.csv").write_text("sku,title\n1,A red boat\n2,broken,row\n")
    assert not run(root, prune=True).pruned, "while rows are broken, nobody knows what vanished"


def test_a_collection_is_one_file_of_briefs(root: Path) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text(COLLECTED)
    (root / "site/tides.md").write_text("---\ntitle: Tides\ndescription: Two a day.\nhero: shoe-2\n---\n\nTwice a day.\n")
    assert run(root).made == ("shoe-1", "shoe-2", "shoe-3")
    lines = (root / "briefs/shoes.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["shoe-1", "shoe-2", "shoe-3"] and not (
        root / "briefs/shoe-1.yaml"
    ).exists()
    report = run_build(root)
    assert "A blue boat" in (root / "dist/tides/index.html").read_text()
    assert [one.message for one in report.findings if one.rule == "brief-unused"][-1:] == [
        "2 briefs of this collection are used by no page"
    ]
    (root / "shop.csv").write_text(ROWS.replace("blue", "black"))
    assert run(root).changed == ("shoe-2",)
    assert run_build(root).made.picture == 1
    assert run_build(root).made.picture == 0


def test_faults_of_a_collection_lead_to_its_line(root: Path) -> None:
    (root / "briefs/shoes.jsonl").write_text(
        '{"id": "a", "subject": "x"}\n{"id": "A b"}\nnone\n{"id": "a"}\n{"id": "c", "seed": "x"}\n'
    )
    with pytest.raises(SourceError) as caught:
        run_build(root)
    assert [(one.origin.line, one.rule) for one in caught.value.findings if one.origin] == [
        (2, "source-value"),
        (3, "source-syntax"),
        (4, "source-duplicate"),
        (5, "source-value"),
    ]


REST = 'items: data.rows\nnext: next\ntoken_env: SHOP\nprivate: ["127.0.0.1"]\n' + FILES
TOKEN = {"SHOP": "open-sesame"}


@pytest.mark.parametrize("link", [False, True])
def test_a_paged_endpoint(root: Path, shop: Shop, link: bool) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text(REST)
    shop.link = link
    shop.pages = [[{"sku": 2 * page + n, "title": f"Boat {page} {n}"} for n in (1, 2)] for page in range(3)]
    done = run(root, f"{shop.url}/rows", TOKEN)
    assert done.made == tuple(f"shoe-{n}" for n in range(1, 7)) and not done.findings
    shop.pages[1][0]["title"] = "Another boat"
    shop.asked.clear()
    again = run(root, f"{shop.url}/rows", TOKEN)
    assert (again.changed, again.unchanged) == (("shoe-3",), 5)
    assert all("if-none-match" in headers for _, headers in shop.asked) and len(shop.asked) == 3


def test_a_moody_endpoint_is_asked_again(root: Path, shop: Shop) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text(REST)
    shop.pages, shop.wrong = [[{"sku": 1, "title": "Boat"}]], {"/rows": [503, 0, 429]}
    slept: list[float] = []
    done = import_briefs(root, Ask(feed=f"{shop.url}/rows", template="shoes"), outside(TOKEN, slept))
    assert done.made == ("shoe-1",) and slept == [1.0, 2.0, 7.0]


@pytest.mark.parametrize(
    ("environ", "wrong", "message"),
    [
        ({}, [], "needs a token in the environment variable SHOP"),
        ({"SHOP": "guess"}, [], "answered 401"),
        (TOKEN, [500] * 9, "answered 500"),
        (TOKEN, [0] * 9, "broke off its answer"),
    ],
)
def test_a_feed_that_cannot_be_had_changes_nothing(
    root: Path, shop: Shop, environ: dict[str, str], wrong: list[int], message: str
) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text(REST)
    shop.pages, shop.wrong = [[{"sku": 1, "title": "Boat"}]], {"/rows": wrong}
    before = tree(root)
    with pytest.raises(OutboundError, match=message):
        run(root, f"{shop.url}/rows", environ)
    assert tree(root) == before and "open-sesame" not in message


def test_pages_that_lead_in_a_circle_or_elsewhere(root: Path, shop: Shop) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text(REST.replace("token_env: SHOP\n", ""))
    shop.files["/ring"] = ("application/json", json.dumps({"data": {"rows": []}, "next": "/ring"}).encode())
    shop.files["/away"] = ("application/json", json.dumps({"data": {"rows": []}, "next": "https://elsewhere.example/"}).encode())
    with pytest.raises(OutboundError, match="leads back to itself"):
        run(root, f"{shop.url}/ring")
    with pytest.raises(OutboundError, match=r"another host, elsewhere\.example"):
        run(root, f"{shop.url}/away")


def picture(colour: str, size: tuple[int, int] = (300, 200), kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, kind)
    return data.getvalue()


CUT = FILES + '  file: "{{ picture | fetch }}"\n'


def test_pictures_are_fetched_once_and_pinned_by_digest(root: Path, shop: Shop) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text('private: ["127.0.0.1"]\n' + CUT)
    shop.files = {"/1.png": ("image/png", picture("red")), "/2": ("text/plain", picture("blue", kind="JPEG"))}
    shop.moved = {"/old": "/1.png"}
    (root / "shop.csv").write_text(f"sku,title,picture\n1,Red,{shop.url}/1.png\n2,Blue,{shop.url}/2\n3,Red,{shop.url}/old\n")
    done = run(root)
    assert done.made == ("shoe-1", "shoe-2", "shoe-3") and done.fetched == 3 and not done.findings
    files = sorted(path.name for path in (root / "briefs/feeds/shoes").iterdir())
    assert len(files) == 2 and {name.rpartition(".")[2] for name in files} == {"png", "jpg"}, "named by what they are"
    shop.asked.clear()
    (root / "shop.csv").write_text((root / "shop.csv").read_text().replace("Blue", "Deep blue"))
    assert run(root).changed == ("shoe-2",) and not shop.asked
    shop.files["/1.png"] = ("image/png", picture("green"))
    fresh = run(root, refresh=True)
    assert fresh.changed == ("shoe-1", "shoe-3") and fresh.fetched == 2, "the unchanged one was answered with 304"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/none.png", "the picture's address answered 404"),
        ("/page.png", "expected a picture, got something else"),
        ("/huge.png", "expected a picture of at most"),
        ("/bomb.png", "sent more than 33554432 bytes"),
        ("/away", "lies in a private network (127.0.0.2)"),
    ],
)
def test_pictures_that_are_none(root: Path, shop: Shop, path: str, message: str) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text('private: ["127.0.0.1"]\n' + CUT)
    huge = bytearray(picture("red"))
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    shop.files = {
        "/page.png": ("image/png", b"<html>"),
        "/huge.png": ("image/png", bytes(huge)),
        "/bomb.png": ("image/png", b"\x89PNG" + bytes(33 << 20)),
    }
    shop.moved = {"/away": "https://127.0.0.2/secret"}
    (root / "shop.csv").write_text(f"sku,title,picture\n1,Red,{shop.url}{path}\n")
    done = run(root)
    assert len(done.findings) == 1 and message in told(done)[0] and told(done)[0].startswith("2: ")
    assert not done.made and not (root / "briefs/feeds/shoes").exists()


@pytest.mark.parametrize(
    ("url", "reach", "message"),
    [
        ("http://localhost:1/", Reach(), "expected an address that begins with https://"),
        ("https://localhost:1/", Reach(), "lies in a private network"),
        ("https://[::1]:1/", Reach(), "lies in a private network"),
        ("https://[::ffff:127.0.0.1]/", Reach(), "lies in a private network"),
        ("https://[64:ff9b::7f00:1]/", Reach(), "lies in a private network"),
        ("https://169.254.169.254/latest/meta-data", Reach(), "lies in a private network"),
        ("https://0x7f000001/", Reach(), "lies in a private network"),
        ("https://a.example/", Reach(hosts=("b.example",)), "a.example is not among the allowed hosts"),
        ("https://a:b@c.example/", Reach(), "without a user's name"),
        ("file:///etc/passwd", Reach(), "expected an address that begins with https://"),
        ("https://a.example/\r\nX: y", Reach(), "expected an address that begins with https://"),
        ("http://127.0.0.1:1/", Reach(private=("127.0.0.1:2",)), "expected an address that begins with https://"),
        ("http://127.0.0.1:1/", Reach(private=("127.0.0.1:1",)), "cannot be reached"),
    ],
)
def test_addresses_that_are_not_asked(url: str, reach: Reach, message: str) -> None:
    with pytest.raises(OutboundError) as caught:
        request("GET", url, reach=reach, limits=Limits(timeout_s=5))
    assert message in caught.value.message


def resolver(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, list[list[str]]]) -> list[str]:
    """A name server that answers with the next list of addresses each time, the last one for ever; what it was asked."""
    real, asked = socket.getaddrinfo, []

    def answer(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host not in answers:
            return real(host, port, *more, **options)
        asked.append(host)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def test_a_name_is_looked_up_once_and_just_that_address_called(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: an address that passed the look is the one that is called, whatever the name leads to by then."""
    port = int(shop.url.rpartition(":")[2])
    shop.files["/x"] = ("text/plain", b"x")
    asked = resolver(monkeypatch, {"cdn.example": [["127.0.0.1"], ["127.0.0.9"]]})
    reply = request("GET", f"http://cdn.example:{port}/x", reach=Reach(private=(f"cdn.example:{port}",)))
    assert reply.body == b"x" and asked == ["cdn.example"] and shop.asked[0][1]["host"] == f"cdn.example:{port}"


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], ["203.0.114.7", "192.168.1.1"], ["169.254.169.254"], ["100.64.0.1"], ["0.0.0.0"]]
)
def test_an_allowed_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    resolver(monkeypatch, {"cdn.example": [addresses]})
    with pytest.raises(OutboundError, match="lies in a private network"):
        request("GET", "https://cdn.example/x", reach=Reach(hosts=("cdn.example",)), limits=Limits(timeout_s=5))


def test_a_redirect_to_a_host_that_the_template_does_not_name(root: Path, shop: Shop) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text('private: ["127.0.0.1"]\nhosts: ["cdn.example"]\n' + CUT)
    shop.moved = {"/away": "https://elsewhere.example/1.png"}
    (root / "shop.csv").write_text(f"sku,title,picture\n1,Red,{shop.url}/away\n2,Blue,https://other.example/2.png\n")
    done = run(root)
    assert not done.made and not (root / "briefs/feeds/shoes").exists()
    assert ["elsewhere.example is not among" in told(done)[0], "other.example is not among" in told(done)[1]] == [True, True]


def test_a_picture_that_breaks_off_leaves_no_file(root: Path, shop: Shop) -> None:
    (root / "briefs/feeds/shoes.yaml").write_text('private: ["127.0.0.1"]\n' + CUT)
    shop.wrong = {"/1.png": [0, 0, 0]}
    (root / "shop.csv").write_text(f"sku,title,picture\n1,Red,{shop.url}/1.png\n")
    done = run(root)
    assert "broke off its answer" in told(done)[0] and not done.made and not (root / "briefs/feeds/shoes").exists()


def test_a_fetched_picture_is_pinned_by_its_pixels(root: Path, shop: Shop) -> None:
    """The file's digest is in its brief's recipe: other bytes in its place are another picture, which a frozen build refuses."""
    (root / "briefs/feeds/shoes.yaml").write_text(
        'private: ["127.0.0.1"]\n' + CUT.replace("brief:\n", "brief:\n  engine: imported\n")
    )
    shop.files = {"/1.png": ("image/png", picture("red"))}
    (root / "shop.csv").write_text(f"sku,title,picture\n1,Red,{shop.url}/1.png\n")
    run(root)
    (root / "site/tides.md").write_text("---\ntitle: Tides\npictures: {card: shoe-1}\n---\n\nTwice a day.\n")
    run_build(root)
    assert run_build(root, frozen=True, force=True).outputs
    (file,) = (root / "briefs/feeds/shoes").iterdir()
    file.write_bytes(picture("blue"))
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert any("shoe-1" in line for line in caught.value.missing)


def test_a_secret_stays_with_its_host(shop: Shop) -> None:
    with serve_shop() as other:
        other.files["/x"] = ("text/plain", b"x")
        shop.moved = {"/x": f"{other.url}/x"}
        reply = request("GET", f"{shop.url}/x", headers={"Authorization": "Bearer s"}, reach=Reach(private=("127.0.0.1",)))
        assert reply.status == 200 and "authorization" in shop.asked[0][1] and "authorization" not in other.asked[0][1]


def test_the_command(root: Path) -> None:
    call = ["briefs", "import", "shop.csv", "--template", "shoes", "--root", str(root)]
    done = CliRunner().invoke(aibild, call)
    assert done.exit_code == 0 and done.stdout == "made: shoe-1, shoe-2, shoe-3\n"
    assert done.stderr == "3 rows: made 3, changed 0, unchanged 0, left out 0\n"
    (root / "shop.csv").write_text(ROWS + "5\n")
    bad = CliRunner().invoke(aibild, call)
    assert bad.exit_code == 1 and "shop.csv:5: error: expected 2 columns, got 1 [feed-row]" in bad.stderr
    found = json.loads(CliRunner().invoke(aibild, [*call, "--json"]).stdout)
    assert found["unchanged"] == 3 and found["findings"][0]["rule"] == "feed-row"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shop.csv", "--template", "shoe"], "there is no feed template `shoe`"),
        (["--template", "shoes"], "expected a feed, got none"),
        (["shop.pdf", "--template", "shoes"], "expected a feed that ends in .csv"),
        (["none.csv", "--template", "shoes"], "got none"),
    ],
)
def test_calls_that_cannot_be(root: Path, arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(aibild, ["briefs", "import", *arguments, "--root", str(root)])
    assert done.exit_code == 2 and message in done.stderr

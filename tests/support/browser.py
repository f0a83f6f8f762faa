"""Headless Chromium through its command line: one page seen in frames of exact width, measured or photographed.

Chromium's own window is never narrower than 500 px, so a phone is a frame inside a wider window: media queries, `sizes` and
viewport units follow the frame. Takes a running server, yields what a script in the page around the frames measured.
"""

from __future__ import annotations

import html
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.judges import ask, command
from tests.support.server import Served

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)
_DARK = ("--blink-settings=preferredColorScheme=0",)
_HEIGHT_PX = 800

_PROBE = """<!doctype html><meta charset="utf-8"><title>probe</title><body><pre id="result"></pre><script>
const jobs = JOBS, result = [];
const settle = () => new Promise(done => setTimeout(done, 150));
async function look([path, width]) {
  const frame = document.createElement('iframe');
  frame.style.cssText = `border:0;width:${width}px;height:HEIGHTpx`;
  const loaded = new Promise(done => frame.onload = done);
  frame.src = path;
  document.body.append(frame);
  await loaded;
  await settle();
  const inside = frame.contentDocument, root = inside.documentElement;
  const wide = [...inside.body.querySelectorAll('*')]
    .filter(e => e.getBoundingClientRect().right > width + 1 && !within(e, inside.body));
  result.push({path, width, viewport: frame.contentWindow.innerWidth, scroll: root.scrollWidth,
    wide: wide.slice(0, 3).map(e => e.tagName.toLowerCase() + '.' + e.className),
    images: [...inside.images].map(i => ({current: i.currentSrc, natural: i.naturalWidth, box: i.clientWidth, lazy: i.loading,
      complete: i.complete, ratio: i.clientHeight ? i.clientWidth / i.clientHeight : 0}))});
  frame.remove();
}
// An element inside a box that scrolls or cuts by itself is as wide as it likes.
function within(element, body) {
  for (let e = element.parentElement; e && e !== body; e = e.parentElement)
    if (getComputedStyle(e).overflowX !== 'visible') return true;
  return false;
}
(async () => {
  for (const job of jobs) await look(job);
  document.getElementById('result').textContent = JSON.stringify(result);
  document.title = 'done';
})();
</script>"""


# Chromium takes its picture when the page is loaded, and `decoding="async"` may paint later than that: `/hold` keeps it loading
# until every eager picture is decoded and two frames have passed.
_FRAME = """<!doctype html><meta charset="utf-8"><title>frame</title><body style="margin:0">
<iframe src="PATH" style="border:0;display:block;width:WIDTHpx;height:HEIGHTpx"></iframe><img src="/hold" alt="" hidden><script>
const frame = document.querySelector('iframe'), painted = () => new Promise(done => requestAnimationFrame(done));
frame.onload = async () => {
  const eager = [...frame.contentDocument.images].filter(image => image.loading !== 'lazy');
  await Promise.allSettled(eager.map(image => { image.decoding = 'sync'; return image.decode(); }));
  await painted();
  await painted();
  fetch('/ready');
};
</script>"""

# Runs axe-core inside each frame: rules of WCAG 2.0 to 2.2, levels A and AA.
_AXE = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>axe</title>
<body><pre id="result"></pre><script>
const jobs = JOBS, result = [], tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
async function look([path, width]) {
  const frame = document.createElement('iframe');
  frame.style.cssText = `border:0;width:${width}px;height:HEIGHTpx`;
  const loaded = new Promise(done => frame.onload = done);
  frame.src = path;
  document.body.append(frame);
  await loaded;
  const script = frame.contentDocument.createElement('script'), ready = new Promise(done => script.onload = done);
  script.src = '/axe.js';
  frame.contentDocument.head.append(script);
  await ready;
  const found = await frame.contentWindow.axe.run(frame.contentDocument, {runOnly: tags, resultTypes: ['violations']});
  result.push({path, width, passes: found.passes.length, violations: found.violations.map(rule => ({id: rule.id, help: rule.help,
    nodes: rule.nodes.slice(0, 5).map(node => node.target.join(' ') + ': ' + node.failureSummary)}))});
  frame.remove();
}
(async () => {
  for (const job of jobs) await look(job);
  document.getElementById('result').textContent = JSON.stringify(result);
})();
</script>"""


def measure(served: Served, jobs: Sequence[tuple[str, int]], *, density: float = 1) -> list[dict[str, Any]]:
    """For each (path, width in CSS pixels): the frame's scroll width, what sticks out, and each image's choice and box."""
    return _in_frames(served, _PROBE, jobs, [f"--force-device-scale-factor={density}"])


def axe(served: Served, jobs: Sequence[tuple[str, int]], script: str, *, dark: bool = False) -> list[dict[str, Any]]:
    """For each (path, width in CSS pixels): the rules of WCAG 2.2 AA that the page violates, by axe-core's own script."""
    served.extra["/axe.js"] = script
    return _in_frames(served, _AXE, jobs, _DARK if dark else ())


def _in_frames(served: Served, page: str, jobs: Sequence[tuple[str, int]], options: Sequence[str]) -> list[dict[str, Any]]:
    name = f"/probe-{len(served.extra)}"
    served.extra[name] = page.replace("JOBS", json.dumps([list(job) for job in jobs])).replace("HEIGHT", str(_HEIGHT_PX))
    window = f"--window-size={max(width for _, width in jobs) + 40},{_HEIGHT_PX + 200}"
    said = _run([window, *options, "--virtual-time-budget=600000", "--dump-dom"], served.url + name)
    found = re.search(r'<pre id="result">(.+?)</pre>', said, re.S)
    assert found, "the probe page did not finish"
    result: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return result


def photograph(served: Served, path: str, width: int, file: Path, *, dark: bool = False, height: int = _HEIGHT_PX) -> None:
    """A PNG of the page's first screen at this width, its eager pictures decoded; beside the frame the window is white."""
    served.ready.clear()
    served.extra["/frame"] = _FRAME.replace("PATH", path).replace("WIDTH", str(width)).replace("HEIGHT", str(height))
    options = [f"--window-size={max(width, 500)},{height}", f"--screenshot={file}"]
    _run([*options, *(_DARK if dark else ())], f"{served.url}/frame")


def visit(served: Served, path: str, *, width: int, density: float = 1) -> list[str]:
    """The paths that the browser asked for when it opened a page itself, without a frame. Width at least 500."""
    start = len(served.asked)
    _run([f"--window-size={width},1000", f"--force-device-scale-factor={density}", "--dump-dom"], served.url + path)
    return served.asked[start:]


def _run(options: Sequence[str], url: str) -> str:
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        run = ask([command("chromium"), *_FLAGS, f"--user-data-dir={profile}", *options, url], timeout_s=120)
    assert run.returncode == 0, f"chromium ended with {run.returncode}: {run.stderr[-500:]}"
    return run.stdout

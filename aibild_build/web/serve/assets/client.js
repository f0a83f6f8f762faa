// Shows each save in the open page: changes what differs, keeps the place, the focus and the pictures that stay. Shows faults,
// drafts and findings in a shadow root of its own, so that neither sees the other's styles.
(() => {
"use strict";
const OWN = "/__aibild/";
const script = document.currentScript;
let seen = script.dataset.aibild;
let stream = null, busy = false, again = false, state = {faults: [], drafts: [], painting: ""}, findings = [], dismissed = "";

const german = (navigator.language || "").startsWith("de");
const words = german ? {
  failed: "Nicht gebaut", stays: "Die Seiten des letzten guten Standes bleiben.", close: "Schließen", drafts: ["Entwurf", "Entwürfe"],
  findings: ["Befund", "Befunde"], none: "Kein Befund", show: "Zeigen", rule: "Regel", measured: "gemessen", limit: "Grenze",
  making: "wird gemacht", pictures: "Bilder", panel: "Befunde dieser Seite", lost: "Der Server antwortet nicht",
} : {
  failed: "Not built", stays: "The pages of the last good build stay.", close: "Close", drafts: ["draft", "drafts"],
  findings: ["finding", "findings"], none: "No findings", show: "Show", rule: "Rule", measured: "measured", limit: "limit",
  making: "being made", pictures: "Pictures", panel: "Findings on this page", lost: "The server does not answer",
};

// ---- the page ----

async function update() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.pathname + location.search, {cache: "no-cache", headers: {Accept: "text/html"}});
    const tag = (answer.headers.get("etag") || "").replace(/^W\//, "").replaceAll('"', "");
    if (!(answer.headers.get("content-type") || "").startsWith("text/html")) return;
    const html = await answer.text();
    const next = new DOMParser().parseFromString(html, "text/html");
    const now = next.querySelector("script[data-aibild]")?.dataset.aibild ?? tag;
    if (now === seen) return;
    if (scripts(document) !== scripts(next)) { location.reload(); return; }
    seen = now;
    attributes(document.documentElement, next.documentElement);
    children(document.head, next.head);
    attributes(document.body, next.body);
    children(document.body, next.body);
    document.dispatchEvent(new CustomEvent("aibild:updated"));
    judge();
  } catch { /* the server went away: the stream says so */ } finally {
    busy = false;
    if (again) { again = false; update(); }
  }
}

const scripts = (page) => [...page.querySelectorAll("script:not([data-aibild]):not([type='application/ld+json'])")]
  .map((one) => one.outerHTML).join("\n");

const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");

function children(from, to) {
  let at = from.firstChild;
  for (const want of [...to.childNodes]) {
    let have = at;
    for (let near = at, steps = 0; near && steps < 12; near = near.nextSibling, steps++)
      if (near.isEqualNode(want)) { have = near; break; }
    if (want.id) have = [...from.children].find((one) => one.id === want.id) ?? have;
    if (have && alike(have, want)) {
      if (have === at) at = at.nextSibling; else from.insertBefore(have, at);
      if (!have.isEqualNode(want)) node(have, want);
    } else from.insertBefore(document.importNode(want, true), at);
  }
  while (at) { const rest = at.nextSibling; at.remove(); at = rest; }
}

function node(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) { if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue; return; }
  attributes(from, to);
  children(from, to);
}

function attributes(from, to) {
  for (const {name} of [...from.attributes])
    if (!to.hasAttribute(name) && !(name === "open" && from.localName === "details")) from.removeAttribute(name);
  for (const {name, value} of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
}

async function files(paths) {
  const changed = (url) => { const path = new URL(url, location.href).pathname; return paths.some((one) => path.endsWith("/" + one)); };
  for (const link of document.querySelectorAll('link[rel~="stylesheet"]')) if (link.href && changed(link.href)) {
    const fresh = link.cloneNode();
    const url = new URL(link.href); url.searchParams.set("aibild", Date.now()); fresh.href = url;
    fresh.onload = () => link.remove();
    link.after(fresh);
  }
  for (const image of document.images) if (image.currentSrc && changed(image.currentSrc)) {
    await fetch(image.currentSrc, {cache: "reload"});
    const url = image.src; image.src = ""; image.src = url;
  }
  if ([...document.scripts].some((one) => one.src && !one.dataset.aibild && changed(one.src))) location.reload();
}

// ---- the stream ----

function listen() {
  if (stream) return;
  stream = new EventSource(OWN + "events?page=" + encodeURIComponent(location.pathname));
  stream.addEventListener("state", (event) => { state = JSON.parse(event.data); state.lost = false; draw(); update(); });
  stream.addEventListener("files", (event) => files(JSON.parse(event.data)));
  stream.addEventListener("error", () => { state.lost = true; draw(); });
}

function rest() { if (stream) { stream.close(); stream = null; } }  // browsers keep six connections; hidden tabs give theirs back

document.addEventListener("visibilitychange", () => document.hidden ? rest() : listen());
addEventListener("pagehide", rest);
addEventListener("pageshow", listen);

let judging = 0;
function judge() {
  clearTimeout(judging);
  judging = setTimeout(async () => {
    try {
      findings = await (await fetch(OWN + "findings?page=" + encodeURIComponent(location.pathname))).json();
      draw();
    } catch { /* next time */ }
  }, 300);
}

// ---- what is shown over the page ----

const host = document.createElement("aibild-overlay");
const root = host.attachShadow({mode: "open"});
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host{all:initial;color-scheme:light dark;position:fixed;inset:auto 0 0 auto;z-index:2147483647;
--paper:#fffdf8;--tint:#f1eadb;--line:#dfd6c4;--ink:#14292e;--soft:#4a5c5f;--accent:#a93a14;--on:#fff;--bad:#a3231b;--bad-tint:#f8e0d8;--warn:#7a5200;
--sans:-apple-system,BlinkMacSystemFont,"Segoe UI",Inter,Roboto,"Noto Sans","Liberation Sans",Arial,system-ui,sans-serif;
--mono:ui-monospace,"SF Mono","Cascadia Code",Menlo,Consolas,"Roboto Mono","DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:host{--paper:#12262b;--tint:#163036;--line:#2a4247;--ink:#edf1ea;--soft:#a9bab8;--accent:#ffa37f;--on:#1b0c05;--bad:#ff9f93;--bad-tint:#43211d;--warn:#f2cb7d}}
*{box-sizing:border-box;margin:0}
[hidden]{display:none!important}
.all{font:400 15px/1.5 var(--sans);color:var(--ink)}
.bar{position:fixed;inset-block-end:14px;inset-inline-end:14px;display:flex;gap:8px;flex-wrap:wrap;justify-content:flex-end;max-inline-size:calc(100vw - 28px)}
.pill,button{font:600 13px/1 var(--sans);color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:99px;min-block-size:40px;padding:0 16px;cursor:pointer;display:inline-flex;align-items:center;gap:7px;text-decoration:none;box-shadow:0 6px 20px -8px rgb(6 26 32/.45)}
button:hover,a.pill:hover{background:var(--tint)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.dot{inline-size:9px;block-size:9px;border-radius:9px;background:var(--soft)}
.dot.error,.dot.fatal{background:var(--bad)}.dot.warning{background:var(--warn)}.dot.draft{background:var(--accent)}
.panel{position:fixed;inset-inline-end:14px;inline-size:min(30rem,100vw - 28px);inset-block-end:66px;max-block-size:min(70vh,40rem);overflow:auto;background:var(--paper);border:1px solid var(--line);border-radius:14px;box-shadow:0 24px 60px -20px rgb(6 26 32/.6);padding:18px 20px}
.faults{inset-inline:max(14px,50vw - 26rem);inline-size:auto;border-block-start:5px solid var(--bad);max-block-size:min(80vh,46rem)}
.top{display:flex;align-items:start;justify-content:space-between;gap:12px;margin-block-end:8px}
h2{font:700 19px/1.25 var(--sans);letter-spacing:-.02em}
h2+p{color:var(--soft);font-size:13px}
ul{list-style:none;padding:0}
li{border-block-start:1px solid var(--line);padding-block:12px}
.place{font:600 13px/1.4 var(--mono);overflow-wrap:anywhere}
.message{margin-block:3px;white-space:pre-wrap;overflow-wrap:anywhere}
.soft{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
code{font:500 .92em/1 var(--mono);background:var(--tint);border-radius:4px;padding:.1em .3em}
.level{font-weight:700;font-size:13px}.level.error,.level.fatal{color:var(--bad)}.level.warning{color:var(--warn)}
pre{font:400 13px/1.55 var(--mono);background:var(--tint);border-radius:8px;padding:8px 0;margin-block-start:8px;overflow-x:auto}
pre span{display:block;padding-inline:12px;white-space:pre}
pre .here{background:var(--bad-tint);font-weight:600}
.acts{display:flex;gap:14px;margin-block-start:6px;align-items:center}
.acts a{color:var(--accent);font-size:13px;padding-block:8px}
.acts button{min-block-size:32px;box-shadow:none}
.frame{position:fixed;border:3px solid var(--accent);border-radius:6px;pointer-events:none;box-shadow:0 0 0 100vmax rgb(6 26 32/.35)}
@media print{.all{display:none}}
`);
root.adoptedStyleSheets = [sheet];
const all = element("div", {class: "all"});
all.lang = german ? "de" : "en";
const alarm = element("div", {role: "alert"});
const bar = element("div", {class: "bar", role: "group", "aria-label": "aibild"});
const panel = element("div", {class: "panel", role: "dialog", "aria-label": words.panel, hidden: ""});
const frame = element("div", {class: "frame", hidden: ""});
all.append(frame, panel, bar, alarm);
root.append(all);

function element(name, options = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) if (key === "click") made.addEventListener("click", value); else made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

const coded = (text) => text.split("`").map((part, at) => at % 2 ? element("code", {}, part) : part);

const counted = (list, [one, many]) => `${list.length} ${list.length === 1 ? one : many}`;

function draw() {
  if (!host.isConnected) document.documentElement.append(host);
  drawFaults();
  const held = root.activeElement?.dataset?.name;
  bar.replaceChildren();
  if (state.lost) bar.append(element("span", {class: "pill", role: "status"}, words.lost));
  if (state.drafts?.length) {
    const title = `${state.drafts.join(", ")}${state.painting ? ": " + (state.painting === "making" ? words.making : state.painting) : ""}`;
    const said = counted(state.drafts, words.drafts) + (state.painting === "making" ? ", " + words.making : "");
    bar.append(element("a", {class: "pill", href: OWN, title, "data-name": "drafts"}, element("span", {class: "dot draft"}), said));
  }
  const shown = listed();
  if (shown.length) {
    const worst = ["error", "warning", "note"].find((level) => shown.some((one) => one.level === level)) ?? "note";
    const open = panel.hidden ? "false" : "true";
    bar.append(element("button", {type: "button", "aria-expanded": open, "data-name": "findings", click: toggle}, element("span", {class: "dot " + worst}), counted(shown, words.findings)));
  } else if (!panel.hidden) close();
  if (held) bar.querySelector(`[data-name=${held}]`)?.focus();
  if (!panel.hidden) drawFindings();
}

const listed = () => findings.filter((one) => one.level !== "off");

function drawFaults() {
  const key = JSON.stringify(state.faults ?? []);
  if (alarm.dataset.key === key) return;
  alarm.dataset.key = key;
  alarm.replaceChildren();
  if (!state.faults?.length || key === dismissed) { if (!state.faults?.length) dismissed = ""; return; }
  const rows = state.faults.map((one) => {
    const place = one.path ? `${one.path}${one.line ? ":" + one.line : ""}` : "";
    const row = element("li", {}, element("p", {class: "place"}, place || one.rule), element("p", {class: "message"}, ...coded(one.message)));
    if (one.hint) row.append(element("p", {class: "soft"}, ...coded(one.hint)));
    if (one.lines.length) row.append(element("pre", {tabindex: "0", "aria-label": place}, ...one.lines.map(([number, text]) =>
      element("span", number === one.line ? {class: "here"} : {}, `${String(number).padStart(4)}  ${text}`))));
    return row;
  });
  const shut = element("button", {type: "button", click: () => { dismissed = key; alarm.replaceChildren(); }}, words.close);
  alarm.append(element("section", {class: "panel faults", "aria-label": words.failed},
    element("div", {class: "top"}, element("div", {}, element("h2", {}, words.failed), element("p", {}, words.stays)), shut), element("ul", {}, ...rows)));
}

function drawFindings() {
  const rows = listed().map((one) => {
    const acts = element("div", {class: "acts"}, element("a", {href: one.url, target: "_blank", rel: "noopener"}, `${words.rule} ${one.rule}`));
    if (one.selector && found(one.selector)) acts.prepend(element("button", {type: "button", click: () => show(one.selector)}, words.show));
    const row = element("li", {}, element("p", {}, element("span", {class: "level " + one.level}, one.level)), element("p", {class: "message"}, ...coded(one.message)));
    if (one.measured !== null && one.measured !== "") row.append(element("p", {class: "soft"}, `${words.measured} ${one.measured}` + (one.limit !== null && one.limit !== "" ? `, ${words.limit} ${one.limit}` : "")));
    if (one.hint) row.append(element("p", {class: "soft"}, ...coded(one.hint)));
    row.append(acts);
    return row;
  });
  const shut = element("button", {type: "button", click: close}, words.close);
  panel.replaceChildren(element("div", {class: "top"}, element("h2", {}, words.panel), shut), element("ul", {}, ...rows));
}

function toggle() { if (panel.hidden) { panel.hidden = false; draw(); panel.querySelector("button")?.focus(); } else close(); }
function close() { panel.hidden = true; frame.hidden = true; draw(); bar.querySelector("[data-name=findings]")?.focus(); }

function found(selector) { try { return document.querySelector(selector); } catch { return null; } }

function show(selector) {
  const named = found(selector);
  const target = named?.localName === "source" ? named.parentElement.querySelector("img") ?? named : named;
  if (!target) return;
  target.scrollIntoView({block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth"});
  const place = () => {
    if (frame.hidden || !target.isConnected) return;
    const box = target.getBoundingClientRect();
    Object.assign(frame.style, {left: box.left - 4 + "px", top: box.top - 4 + "px", width: box.width + 8 + "px", height: box.height + 8 + "px"});
    requestAnimationFrame(place);
  };
  frame.hidden = false;
  place();
}

root.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (!panel.hidden) close();
  else if (alarm.firstChild) { dismissed = alarm.dataset.key; alarm.replaceChildren(); }
});

if (!document.hidden) listen();
if (document.readyState === "complete") judge(); else addEventListener("load", judge);
})();

// The review pages by hand and by key. Every action is a form that the page holds; this script only presses buttons, shows and hides.
"use strict";
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const live = "live" in document.body.dataset;
const kept = {
  read(name) { try { return sessionStorage.getItem("aibild-" + name); } catch { return null; } },
  write(name, value) { try { sessionStorage.setItem("aibild-" + name, value); } catch { /* a copy in a folder may not keep anything */ } },
};

// — the list —
const list = one("[data-list]");
function filter() {
  const wanted = one("[name=filter]:checked").value;
  const cards = all(".card", list);
  for (const card of cards) card.hidden = Boolean(wanted) && card.dataset.state !== wanted;
  one(".empty").hidden = cards.some(card => !card.hidden);
  kept.write("filter", wanted);
}
if (list) {
  const before = all("[name=filter]").find(input => input.value === kept.read("filter"));
  if (before) before.checked = true;
  for (const input of all("[name=filter]")) input.addEventListener("change", filter);
  filter();
}
function move(step) {
  if (!list) return one(step > 0 ? "[rel=next]" : "[rel=prev]")?.click();
  const links = all(".card:not([hidden]) a", list);
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}

// — one picture —
const choices = one("[data-choices]");
const candidates = choices ? all(".choice", choices) : [];
let current = null;
function select(candidate, { scroll = true } = {}) {
  if (!candidate) return;
  for (const each of candidates) each.classList.toggle("current", each === candidate && candidates.length > 1);
  current = candidate;
  if (scroll) { candidate.focus({ preventScroll: true }); candidate.scrollIntoView({ block: "nearest", behavior: "auto" }); }
}
function view() {
  const wanted = one("[name=view]:checked").value;
  for (const part of all("[data-view]", choices)) part.hidden = part.dataset.view !== wanted;
  const placing = one("[data-placing]");
  if (placing) placing.hidden = wanted !== "page";
  let shape = "wide";
  if (wanted === "page") {
    shape = place() < 500 ? "phone" : "wide";
  } else {
    const cut = one(`.cut[data-view="${CSS.escape(wanted)}"]`);
    if (cut && parseFloat(cut.style.getPropertyValue("--ratio")) < 1.2) shape = "tall";
  }
  choices.dataset.shape = shape;
  scale();
  kept.write("view", wanted);
}
function place() {
  const width = Number(one("[name=device]:checked").value);
  const showing = one("[name=showing]").value;
  for (const device of all(".device", choices)) {
    device.dataset.width = width;
    for (const frame of all("iframe", device)) {
      frame.hidden = frame.dataset.showing !== showing;
      if (!frame.hidden && !frame.src) frame.src = frame.dataset.src;
    }
  }
  kept.write("device", width);
  return width;
}
function scale() {
  for (const device of all(".device:not([hidden])", choices)) {
    const width = Number(device.dataset.width), box = device.clientWidth, by = box / width;
    for (const frame of all("iframe", device)) {
      frame.style.width = width + "px";
      frame.style.height = Math.ceil(device.clientHeight / by) + "px";
      frame.style.transform = `scale(${by})`;
    }
  }
}
function mark() {
  for (const input of all("[data-marks] input")) {
    choices.toggleAttribute("data-" + input.name, input.checked);
    kept.write("mark-" + input.name, input.checked ? "1" : "0");
  }
}
function step(by) {
  const inputs = all("[name=view]");
  const at = inputs.findIndex(input => input.checked);
  inputs[(at + by + inputs.length) % inputs.length].checked = true;
  view();
}
function flip(name) {
  const input = one(`[data-marks] [name=${name}]`);
  if (input) { input.checked = !input.checked; mark(); }
}
let crop = null;
function page() {
  const inputs = all("[name=view]"), on = inputs.find(input => input.value === "page");
  if (!on) return;
  if (on.checked) (crop ?? inputs[0]).checked = true;
  else { crop = inputs.find(input => input.checked); on.checked = true; }
  view();
}
function press(kind) {
  one(`[data-do=${kind}]`, current ?? candidates[0])?.click();
}
if (choices) {
  for (const name of ["view", "device"]) {
    const before = all(`[name=${name}]`).find(input => input.value === kept.read(name));
    if (before) before.checked = true;
  }
  for (const input of all("[data-marks] input")) {
    const before = kept.read("mark-" + input.name);
    if (before !== null) input.checked = before === "1";
    input.addEventListener("change", mark);
  }
  mark();
  for (const input of all("[name=view], [name=device], [name=showing]")) input.addEventListener("change", view);
  view();
  new ResizeObserver(scale).observe(choices);
  for (const candidate of candidates) {
    candidate.addEventListener("pointerdown", () => select(candidate, { scroll: false }));
    candidate.addEventListener("focusin", () => select(candidate, { scroll: false }));
  }
  const named = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  select(candidates.includes(named) ? named : one(".choice.picked") ?? candidates[0], { scroll: Boolean(named) });
  for (const button of all("[data-open]")) button.addEventListener("click", () => one("#" + button.dataset.open).showModal());
  for (const button of all("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  one("dialog[data-show]")?.showModal();
}

// — every page —
const help = one("#help");
one("[data-help]").addEventListener("click", () => help.showModal());
for (const dialog of all("dialog")) dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
for (const button of all("[data-dismiss]")) button.addEventListener("click", () => button.parentElement.remove());
for (const button of all("[data-reload]")) button.addEventListener("click", () => location.reload());

const keys = {
  j: () => move(1), k: () => move(-1), "?": () => help.showModal(), u: () => one("[data-back]")?.click(),
  p: () => press("pick"), a: () => press("approve"), r: () => press("reject"), w: () => press("withdraw"),
  ".": () => step(1), ",": () => step(-1), v: page, s: () => flip("safe"), f: () => flip("focal"), e: () => flip("evidence"),
  z: () => { choices.classList.toggle("large"); scale(); },
  ArrowRight: () => select(candidates[Math.min(candidates.length - 1, candidates.indexOf(current) + 1)]),
  ArrowLeft: () => select(candidates[Math.max(0, candidates.indexOf(current) - 1)]),
};
const anywhere = ["j", "k", "?"];
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
  const field = event.target.closest?.("textarea, select, input, [contenteditable]");
  if (field && (field.matches("textarea, select, [contenteditable]") || event.key.startsWith("Arrow"))) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = /^[1-9]$/.test(key) ? () => select(candidates[key - 1]) : keys[key];
  if (!action || (!choices && !anywhere.includes(key))) return;
  event.preventDefault();
  action();
});

// — what others do meanwhile —
if (live) {
  const source = new EventSource("events");
  source.addEventListener("changed", event => {
    if (event.data === document.body.dataset.version) return;
    if (one("dialog[open]")) one("#changed").hidden = false;
    else location.reload();
  });
  source.addEventListener("ended", () => { source.close(); one("#ended").hidden = false; });
  source.onerror = () => { one("#ended").hidden = false; };
  source.onopen = () => { one("#ended").hidden = true; };
  // A page that is being left must not load itself again, or what was sent is answered to nobody.
  for (const leaving of ["submit", "beforeunload", "pagehide"]) addEventListener(leaving, event => {
    if (event.target.method !== "dialog") source.close();
  });
}
let sent = false;
addEventListener("submit", event => {
  if (event.target.method === "dialog") return;
  if (sent) event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => { sent = false; });

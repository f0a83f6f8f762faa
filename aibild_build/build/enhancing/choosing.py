"""What may be done to each picture of a page: which are taken, what is changed of them, and what is only told.

Takes a page as it is written and as the rules read it, with boxes where they were measured; yields `Take`s by the picture's place
in the page, and findings. Nothing is made here, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ...budgets.reading import Kind, OnePage, Shown
from ...budgets.reading.one import is_early
from ...budgets.reading.pictures import whole_px
from ...canonical import key_of
from ...config import CONFIG_FILE, Config, DeclaredSlot
from ...devices import DEVICES
from ...disk import safe_join
from ...imagefile import MAX_PIXELS, ImageFault, probe
from ...lab.boxes import VIEWPORTS, Boxes
from ...model import Breakpoint, FileFacts, Finding, Level, Origin, Slot
from ...plan.reading import FILE_PREFIX
from ...rewriting import Element, Written
from ...rewriting.fitting import at_most, fit
from ...source import nearest_hint
from .selectors import bound_by_styles, declared_slots

SMALL_PX = 64  # an icon: nothing is gained by several sizes of it
_SPACER_PX = 2


class Take(NamedTuple):
    """A picture that is changed. `brief` is "" where only attributes are added; `natural` its file's width and height, and
    `bytes` its size. A `hero` is the page's largest paint, `first` lies on the first screen. What is not to `wrap` gets no
    `<picture>` around it, since a style sheet says so."""

    brief: str
    slot: str
    natural: tuple[int, int]
    bytes: int
    hero: bool
    first: bool
    wrap: bool


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses for all pages of a site; `slots` grows by every layout that was come upon, `asked` by every declared slot that
    found a picture, `knew` by pages that were enhanced before."""

    config: Config
    folder: Path
    briefs: frozenset[str]
    slots: dict[str, Slot] = field(default_factory=dict)
    moving: dict[str, bool] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    knew: set[str] = field(default_factory=set)

    def choose(self, page: OnePage, written: Written, boxes: Boxes | None) -> tuple[dict[int, Take], list[Finding]]:
        """What is taken of a page by place in `written.images`, and what is told of the rest."""
        shown = {one.img.tag.path: one for one in page.pictures}
        seen = [at for at, image in enumerate(written.images) if image.path in shown]
        if boxes is not None and boxes.sources != tuple(written.images[at].attrs.get("src", "") for at in seen):
            boxes = None  # scripts had changed the page before it could be measured
        declared = declared_slots(self.config.enhance, written)
        self.asked.update(declared.values())
        if any(image.has("data-asset") for image in written.images):
            self.knew.add(page.seen.path)
        hero = self._hero(page, written, seen, boxes, declared)
        kept = bound_by_styles(page, written)
        takes: dict[int, Take] = {}
        findings: list[Finding] = []
        for place, at in enumerate(seen):
            image = written.images[at]
            if image.within or image.get("data-enhance") == "off":
                continue
            one = shown[image.path]
            file = self._file(page, image, one, findings)
            if file is None:
                continue
            brief, facts = file
            first = boxes.first[place] if boxes is not None else is_early(one.img)
            said = self.config.enhance[declared[image.path]] if image.path in declared else None
            slot = self._slot(page, one, image, facts, said, boxes.widths[place] if boxes is not None else (), findings)
            small = facts is not None and max(facts.width, facts.height) <= SMALL_PX
            takes[at] = Take(
                brief="" if small or image.has("srcset") or slot == "" else brief,
                slot=slot,
                natural=(facts.width, facts.height) if facts is not None else (0, 0),
                bytes=facts.bytes if facts is not None else 0,
                hero=at == hero,
                first=first or at == hero,
                wrap=image.path not in kept,
            )
        findings += (_alt(page, written.images[at]) for at in seen if not written.images[at].has("alt") and at not in takes)
        findings += (_alt(page, written.images[at]) for at, take in takes.items() if _lacks_alt(written.images[at], take))
        return takes, findings

    def unasked(self) -> Iterator[Finding]:
        """Declared slots that found no picture anywhere; silent about pages that were enhanced before, which read otherwise."""
        for at, one in enumerate(self.config.enhance):
            if at not in self.asked and not self.knew:
                message = f"expected a picture on some page for enhance.slots[{at}], got none by `{one.selector}`"
                hint = "a selector must find the `<img>` itself, like `.card img`"
                where = Origin(path=CONFIG_FILE)
                yield Finding(
                    rule="enhance-slot-unused", level=Level.WARNING, message=message, origin=where, subject="", hint=hint
                )

    def _hero(
        self, page: OnePage, written: Written, seen: list[int], boxes: Boxes | None, declared: Mapping[str, int]
    ) -> int | None:
        """Its place in the page, None where the page has said so itself, or where it is no picture."""
        if any(written.images[at].get("fetchpriority").lower() == "high" for at in seen):
            return None
        urgent = {path for path, at in declared.items() if self.config.enhance[at].priority}
        if urgent:
            return next((at for at in seen if written.images[at].path in urgent), None)
        if boxes is not None:
            return seen[boxes.largest] if 0 <= boxes.largest < len(seen) else None
        hero = page.hero
        return next((at for at in seen if hero is not None and written.images[at].path == hero.img.tag.path), None)

    def _file(self, page: OnePage, image: Element, one: Shown, findings: list[Finding]) -> tuple[str, FileFacts | None] | None:
        """The brief that makes the picture, and its file's facts where it has one; None for a picture that is left alone."""
        if name := image.get("data-brief"):
            if name in self.briefs:
                return name, None
            hint = nearest_hint(name, self.briefs) or "briefs are read from the folder of --root"
            findings.append(_told("enhance-brief-unknown", Level.ERROR, page, image, f"there is no brief `{name}`", hint))
            return None
        if one.src is None or one.src.target is None:
            return None
        target = one.src.target
        if target.kind is Kind.ELSEWHERE:
            hint = "copy the picture into the site, and it is cut like the others"
            message = f"expected a picture of this site, got one on another host: {image.get('src')[:120]}"
            findings.append(_told("enhance-foreign", Level.NOTE, page, image, message, hint))
            return None
        if target.kind is not Kind.FILE or safe_join(self.folder, target.path) is None:
            message = f"expected a file of the site at {image.get('src')[:120]}, got none"
            findings.append(_told("enhance-file-missing", Level.ERROR, page, image, message, "add the file, or correct `src`"))
            return None
        facts = page.site.facts(target.path)
        if facts is None or not facts.width:
            if facts is None:
                message = f"expected a picture that can be read at /{target.path}, got: {page.site.fault(target.path)}"
                findings.append(_told("enhance-file-unreadable", Level.ERROR, page, image, message, "export it again"))
            return None
        if facts.media_type == "image/svg+xml" or max(facts.width, facts.height) <= _SPACER_PX:
            return None
        if facts.width * facts.height > MAX_PIXELS:
            most, got = f"{MAX_PIXELS / 1e6:g} million pixels", f"{facts.width} × {facts.height}"
            message = f"expected a picture of at most {most} at /{target.path}, got {got}"
            findings.append(_told("enhance-file-unreadable", Level.ERROR, page, image, message, "export it smaller"))
            return None
        if self._moves(target.path, facts):
            message = f"expected a still picture, got an animation at /{target.path}"
            hint = "a short <video> is a tenth of its size"
            findings.append(_told("enhance-animation", Level.NOTE, page, image, message, hint))
            return None
        return FILE_PREFIX + target.path, facts

    def _moves(self, path: str, facts: FileFacts) -> bool:
        """Whether a file is an animation; asked of formats that can be one."""
        if facts.media_type not in ("image/gif", "image/webp", "image/png", "image/avif"):
            return False
        if path not in self.moving:
            from ...imagefile.decoding import frames

            data = (self.folder / path).read_bytes()
            try:
                self.moving[path] = frames(data, probe(data).format) > 1
            except ImageFault:
                self.moving[path] = True
        return self.moving[path]

    def _slot(
        self,
        page: OnePage,
        one: Shown,
        image: Element,
        facts: FileFacts | None,
        said: DeclaredSlot | None,
        widths: tuple[float, ...],
        findings: list[Finding],
    ) -> str:
        """The slot that a picture fills: the one that it names, or that is declared for it, else one made of the widths of its
        box. "" for none."""
        if name := image.get("data-slot") or (said.slot if said is not None else ""):
            if name in self.config.slots:
                # no page of ours here: neither lists that feed on it, nor cuts for the page's own structured data
                self.slots[name] = replace(self.config.slots[name], also=(), priority=False)
                return name
            hint = nearest_hint(name, self.config.slots)
            findings.append(_told("enhance-slot-unknown", Level.ERROR, page, image, f"there is no slot `{name}`", hint))
            return ""
        if said is not None and said.breakpoints:
            return self._named(said.breakpoints)
        points = fit(tuple(zip(VIEWPORTS, widths, strict=True))) if widths else ()
        points = points or _estimated(page, one, facts)
        return self._named(points)

    def _named(self, points: tuple[Breakpoint, ...]) -> str:
        name = "at-" + key_of({"at": [[p.min_width, p.ratio, p.vw, p.offset, p.max_width] for p in points]})[:12]
        self.slots.setdefault(name, Slot(name=name, breakpoints=points))
        return name


def _estimated(page: OnePage, one: Shown, facts: FileFacts | None) -> tuple[Breakpoint, ...]:
    """What styles surely say of a picture's width, else its `width`, else its file's."""
    boxes = [(int(device.width), page.box(one, device)) for device in DEVICES]
    if all(box is not None for _, box in boxes):
        by_window = {at: box.width for at, box in boxes if box is not None}
        return fit(sorted(by_window.items()))
    width = whole_px(one.img.tag.get("width"))
    return at_most(width or (facts.width if facts is not None else 1200))


def _lacks_alt(image: Element, take: Take) -> bool:
    return not image.has("alt") and (not take.brief or take.brief.startswith(FILE_PREFIX))


def _alt(page: OnePage, image: Element) -> Finding:
    message = f'expected an alt text, or `alt=""` for decoration, got none: {image.get("src")[:120]}'
    return _told("image-alt-missing", Level.WARNING, page, image, message, "say what the picture shows; nobody else can")


def _told(rule: str, level: Level, page: OnePage, image: Element, message: str, hint: str = "") -> Finding:
    return Finding(
        rule=rule,
        level=level,
        message=message,
        origin=Origin(path=page.seen.path, line=image.line),
        subject=page.address,
        hint=hint,
        selector=image.path,
    )

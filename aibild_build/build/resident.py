"""A site that stays in memory while its author works: whole draft builds, and quick looks at what was just saved.

Takes options and the paths that changed, yields what came of it. A quick look reads the saved text alone and renders its page
with the answers of the last build; it promises nothing but speed, and a whole build, which trusts no event, follows it. Where
that fails, the pages of the last good one stay. Knows no server; `build`, `look` and `check` may be called from three threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from .. import standing
from ..config import Config, read_config
from ..disk import safe_join, write_atomic
from ..errors import AibildError, SourceError, TemplateError
from ..model import Actor, Finding, Level, Origin, Page
from ..pages.access import Argument
from ..pages.content import STATIC, closed, read_page
from ..pages.memory import name_of, read_page_record
from ..pages.recorded import Recorded, outline, unpacked
from ..pages.render import Renderer
from ..plan import TEMPLATES_FOLDER
from ..plan.refining import IDLE
from . import build
from .amend import is_text
from .deadline import deadlines
from .options import Options
from .talk import Talk

_MOST = 20  # above that a whole build is as quick
_LIMIT_S = 20.0
_AROUND = 2  # lines shown before and after a fault
_WEIGHED = frozenset({"page-heavy", "page-bytes-over", "lcp-over", "image-weight", "image-order"})
_SHARED_WEIGHED = frozenset({"og-image-heavy", "og-image-too-heavy"})
_FAST_HINT = "counted with the fast files of `aibild serve`, which are larger than those of `aibild build`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What keeps the site from being built, with the lines around it as (number, text)."""

    finding: Finding
    lines: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How the site stands: `faults` of the last build (its pages are then of the one before), briefs that a sketch stands in for,
    findings of the build, what it took, and how many files are to be made better while nobody saves."""

    faults: tuple[Fault, ...] = ()
    drafts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    pages: int = 0
    seconds: float = 0.0
    improvable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a quick look brought: output `paths` that are other now, `faults` met, and whether the site may differ elsewhere."""

    paths: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    whole: bool = False


class _Answers:
    """Answers by whichever record is at hand, so that one renderer with its compiled templates serves all pages."""

    def __init__(self) -> None:
        self.now = Recorded(())

    def ask(self, function: str, arguments: Sequence[Argument]) -> tuple[object, str]:
        return self.now.ask(function, arguments)

    def still(self, function: str, arguments: Sequence[Argument], digest: str) -> bool:
        return self.now.still(function, arguments, digest)


@dataclass(slots=True)
class _Ready:
    """What quick looks work with: settings as the last good build read them, and templates as they were compiled."""

    config: Config
    answers: _Answers = field(default_factory=_Answers)
    renderer: Renderer | None = None

    def rendering(self) -> Renderer:
        if self.renderer is None:
            self.renderer = Renderer(self.config, self.answers, (self.config.root / TEMPLATES_FOLDER,))
        return self.renderer


class Resident:
    """The project at `options.root`, which must ask for drafts and name an output folder."""

    def __init__(self, options: Options, *, today: Callable[[], str], talk: Talk, actor: Callable[[], Actor]) -> None:
        assert options.draft and options.output is not None
        self._options, self._today, self._talk, self._actor = options, today, talk, actor
        self.root, self.output = options.root, options.output.absolute()
        self._turn = threading.Lock()
        self._checking = threading.Lock()
        self._ready: _Ready | None = None
        self._fast = False
        self._ahead: set[str] = set()  # outputs that a look rewrote since the last build, by full path

    @property
    def base_path(self) -> str:
        """Where the site begins on its host: "/" or "/some/path/"."""
        ready = self._ready
        return ready.config.base_path if ready is not None else "/"

    def build(self) -> State:
        """Build all that is not as it should be. Never raises for what stands in the project or changes meanwhile."""
        started = perf_counter()
        with self._turn:
            looked, self._ahead = self._ahead, set()
        try:
            report = build(self._options, today=self._today(), talk=self._talk, actor=self._actor, looked=looked)
        except AibildError as error:
            self._not_built(looked)
            return State(faults=self._faults(error), seconds=perf_counter() - started)
        except OSError as error:  # a file went while it was read; its going rings the bell again
            self._not_built(looked)
            fault = AibildError(f"cannot read {error.filename or 'a file'}: {error.strerror or error}")
            return State(faults=self._faults(fault), seconds=perf_counter() - started)
        config, _ = read_config(self.root, base_url=self._options.base_url)
        with self._turn:
            if config is not None and (self._ready is None or self._ready.config != config):
                self._ready = _Ready(config)
        self._fast = report.fast > 0
        idle = config is not None and config.images.refine == IDLE
        return State(
            drafts=tuple(sorted(one.subject for one in report.findings if one.rule == "picture-draft")),
            findings=tuple(one for one in report.findings if one.rule != "picture-draft"),
            pages=report.made.page,
            seconds=perf_counter() - started,
            improvable=report.improvable if idle else 0,
        )

    def _not_built(self, looked: set[str]) -> None:
        with self._turn:
            self._ahead |= looked

    def places(self) -> tuple[Path, ...]:
        """Folders and files whose changes matter, those of `standing.PLACES` first."""
        named = dict.fromkeys((*standing.PLACES, *standing.places(self._options.memory)))
        return tuple(self.root / place for place in named)

    def look(self, paths: Collection[str], showing: Collection[str]) -> Look:
        """Bring saved files (`paths`, relative to the root) to the output at once, as far as that can be done for each alone.

        `showing` are the output paths of pages that somebody looks at; a template is tried on them alone.
        """
        with self._turn:
            ready = self._ready
            if ready is None or not paths or len(paths) > _MOST:
                return Look(whole=True)
            looks = [self._looked(ready, path, showing) for path in sorted(paths)]
        return Look(
            paths=tuple(dict.fromkeys(path for look in looks for path in look.paths)),
            faults=tuple(fault for look in looks for fault in look.faults),
            whole=any(look.whole for look in looks),
        )

    def check(self, path: str) -> tuple[Finding, ...]:
        """What the rules say of one page of the output, by its path; of the weight of fast files no more than a note."""
        from ..check import check_page

        ready = self._ready
        if ready is None:
            return ()
        with self._checking:  # libraries that rules use need not be safe for two threads
            found = check_page(self.output, ready.config, path, today=self._today())
        return tuple(self._lightly(path, one) for one in found) if self._fast else found

    def _lightly(self, path: str, finding: Finding) -> Finding:
        """What is said of bytes, where they are not those that will be delivered: a page without pictures is as heavy as ever."""
        if finding.rule not in _SHARED_WEIGHED and (finding.rule not in _WEIGHED or not self._shows_pictures(path)):
            return finding
        return replace(finding, level=Level.NOTE, hint=f"{_FAST_HINT}; {finding.hint}" if finding.hint else _FAST_HINT)

    def _shows_pictures(self, path: str) -> bool:
        page = safe_join(self.output, path)
        return page is not None and b"<img" in page.read_bytes()

    def _looked(self, ready: _Ready, path: str, showing: Collection[str]) -> Look:
        try:
            if path.startswith(f"{TEMPLATES_FOLDER}/"):
                return self._template(ready, showing)
            if path.startswith(f"{STATIC}/"):
                return self._static(path)
            return self._text(ready, path) if is_text(path) else Look(whole=True)
        except TemplateError as error:
            return Look(faults=self._faults(error), whole=True)
        except Exception:  # a look promises nothing, and must not end the thread that makes it: the build behind it tells
            return Look(whole=True)

    def _static(self, path: str) -> Look:
        """A file that is passed through, where it was before."""
        source = safe_join(self.root, path)
        target = safe_join(self.output, name := path.removeprefix(f"{STATIC}/"))
        if source is None or target is None or not source.is_file() or not target.is_file():
            return Look(whole=True)
        return Look(paths=(name,), whole=True) if self._put(target, source.read_bytes()) else Look()

    def _text(self, ready: _Ready, path: str) -> Look:
        page, findings = read_page(ready.config, path)
        fatal = tuple(one for one in findings if one.level is Level.FATAL)
        if fatal:
            return Look(faults=tuple(self._shown(one) for one in fatal), whole=True)
        if page is None or page.draft or page.paginate:
            return Look(whole=True)
        return self._rendered(ready, closed(page))

    def _template(self, ready: _Ready, showing: Collection[str]) -> Look:
        """The pages that are looked at, with the templates as they are now."""
        ready.renderer = None
        texts = {page: source for page in showing if (source := self._source_of(page))}
        looks = [self._text(ready, source) for source in texts.values()]
        return Look(
            paths=tuple(path for look in looks for path in look.paths),
            faults=tuple(fault for look in looks for fault in look.faults),
            whole=True,
        )

    def _source_of(self, path: str) -> str:
        """The text that a page of the output was made of, "" where that is not to be told from its name."""
        stem = path.removesuffix("index.html").strip("/").removesuffix(".html")
        parts = stem.split("/") if stem else []
        names = [f"{stem}.md", f"{stem}/index.md"] if stem else ["index.md"]
        if len(parts) > 1:
            names.append(f"{'/'.join(parts[1:])}.{parts[0]}.md")
        return next((f"site/{name}" for name in names if (self.root / "site" / name).is_file()), "")

    def _rendered(self, ready: _Ready, page: Page) -> Look:
        """The page with the answers of the last build, over the one that is there. `whole` when the site may know of it."""
        record = read_page_record(self._options.memory, name_of(page))
        target = safe_join(self.output, page.path)
        if record is None or not record.answers or target is None or not target.is_file():
            return Look(whole=True)
        renderer = ready.rendering()
        ready.answers.now = Recorded(unpacked(record.answers))
        with deadlines(_LIMIT_S, "a finished page") as begin:
            begin()
            html = renderer.render(page).html.encode()
        written = self._put(target, html)
        return Look(paths=(page.path,) if written else (), whole=outline(page) != record.outline)

    def _put(self, target: Path, data: bytes) -> bool:
        written = write_atomic(target, data)
        if written:
            self._ahead.add(str(target))
        return written

    def _faults(self, error: AibildError) -> tuple[Fault, ...]:
        """What an error says, as findings."""
        if isinstance(error, SourceError):
            return tuple(self._shown(finding) for finding in error.findings)
        origin = Origin(path=error.path, line=error.line) if isinstance(error, TemplateError) else None
        rule = "source-template" if isinstance(error, TemplateError) else ""
        missing = getattr(error, "missing", ())
        message = "\n".join((error.message, *missing))
        subject = error.page if isinstance(error, TemplateError) else ""
        found = Finding(rule=rule, level=Level.FATAL, message=message, origin=origin, subject=subject, hint=error.hint)
        return (self._shown(found), *(self._shown(one) for one in getattr(error, "findings", ())))

    def _shown(self, finding: Finding) -> Fault:
        """A fault with the lines around it, where it stands in a text of the project."""
        origin = finding.origin
        file = safe_join(self.root, origin.path) if origin is not None and origin.line else None
        if origin is None or origin.line is None or file is None:
            return Fault(finding=finding)
        with suppress(OSError, UnicodeDecodeError):
            rows = file.read_text("utf-8-sig").splitlines()
            first = max(origin.line - 1 - _AROUND, 0)
            return Fault(finding=finding, lines=tuple(enumerate(rows[first : origin.line + _AROUND], first + 1)))
        return Fault(finding=finding)


def inputs_of(root: Path, paths: Collection[Path]) -> frozenset[str]:
    """Those of the changed files that a build may read, relative to the root; what lies outside of it by its full path."""
    found = set()
    for path in paths:
        try:
            name = path.relative_to(root).as_posix()
        except ValueError:
            found.add(str(path))
            continue
        if name != "." and not name.startswith("."):
            found.add(name)
    return frozenset(found)

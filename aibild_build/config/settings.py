"""The types of all settings: what `aibild.toml` becomes. Frozen, without a way to read or to write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..model import Breakpoint, Guards, Json, Level, Quality, Rights, Slot, Swatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language of the site. `code` is BCP 47 ("zh-Hant"); `prefix` its URL folder, "" for the default; `dir` ltr or rtl."""

    code: str
    name: str
    prefix: str
    dir: str = "ltr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    name: str = ""
    url: str = ""
    logo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """`page` is a page id, or `url` an address; `label` by language is empty where the page's own menu title serves."""

    page: str = ""
    url: str = ""
    label: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Formats in the order of preference, how good their files must be, and the site's defaults for words and rights."""

    formats: tuple[str, ...] = ("avif", "webp", "jpeg")
    quality: Quality = field(default_factory=Quality)
    refine: str = "off"
    words: bool = False
    creator: str = ""
    credit: str = ""
    copyright: str = ""
    license: str = ""
    acquire_license_page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The site's own level of brief defaults, below profile and brief (merge order site → profile → brief)."""

    engine: str = "sketch"
    profile: str = ""
    negative: tuple[str, ...] = ()
    palette: tuple[Swatch, ...] = ()
    rights: Rights = field(default_factory=Rights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """The words that pages and briefs may be tagged with, by id with a label by language; empty means any word.

    `hubs` says whether each tag gets a page of its own, `paginate` how many entries one page of it shows (0 is all).
    """

    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hubs: bool = True
    paginate: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLevels:
    """Levels that hold for some pages only; `path` is a pattern with `*`."""

    path: str
    levels: Mapping[str, Level] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A finding that somebody took responsibility for, up to and including the day `until`. `line` is in `aibild.toml`."""

    rule: str
    path: str
    reason: str
    until: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits for the pages whose path fits: bytes and numbers of requests by kind of resource, and the estimated LCP."""

    path: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    max_lcp_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What checking the built site is told, by the file at `path`.

    `build` says whether a build does it; of budgets that fit, the last one counts. `host` is the host whose
    limits the site must keep, "" for none.
    """

    path: str = "aibild.toml"
    build: bool = True
    host: str = ""
    paths: tuple[PathLevels, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    budgets: tuple[Budget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """`count` different people in `role` ("" is any) must approve what fits every condition that is not empty.

    `briefs` are patterns with `*`, `engines` names, `outcomes` what the gates said (`pass`, `review`), `slots` where the picture
    is shown, `tags` the brief's, `topics` what prompt guards found in it. `line` is in `aibild.toml`.
    """

    role: str = ""
    count: int = 1
    briefs: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """`people` maps an e-mail address or a name to roles; empty means that anybody may approve in any role.

    `alt_drafts` lets alternative texts that nobody reviewed into frozen builds.
    """

    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: tuple[ApprovalRule, ...] = ()
    alt_drafts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How delivered pictures are signed. `certificate` (a chain as PEM, or `test` for this machine's test chain), `key` and
    `trust` (root certificates) are paths; `time_stamp` is an RFC 3161 authority, "" for none."""

    policy: str = "embed"
    certificate: str = ""
    key: str = ""
    trust: str = ""
    time_stamp: str = ""
    training: str = "not-allowed"
    warn_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeSettings:
    """Which cache to empty after a deploy. `zone` is Cloudflare's zone or CloudFront's distribution, `endpoint` "" theirs."""

    kind: str
    zone: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """One place that the built site goes to. `base_url` ends with a slash; `address` means what its `kind` says it does.

    `edge_seconds` is how long a shared cache may keep a page (s-maxage). More than `max_deletions_percent` of the pages are
    deleted only on request. Of former releases the newest `keep_releases`, and those replaced within `keep_days`, can be rolled
    back to.
    """

    name: str
    kind: str = "bucket"
    address: str = ""
    base_url: str = ""
    noindex: bool = False
    mode: str = "inplace"
    compress: str = "off"
    exclusive: bool = False
    edge_seconds: int = 300
    max_deletions_percent: int = 25
    keep_releases: int = 5
    keep_days: float = 30.0
    purge: PurgeSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Who is told of `events`: posts go to `url`, signed with the secret in the environment variable `secret_env`. `private` are
    hosts in one's own network that may be called, also without encryption."""

    name: str
    url: str
    secret_env: str
    events: tuple[str, ...]
    private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Which slots `aibild pictures` cuts a brief for: its collection's (`briefs/NAME.jsonl`), else `slots`; empty is all.

    `lines` of the settings' file by collection.
    """

    slots: tuple[str, ...] = ()
    collections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSlot:
    """Pictures of other people's pages that a CSS `selector` finds: they fill the slot of this name, or a box of these
    `breakpoints`; where both are empty their width is found as that of all others. `priority`: the first one on each page is
    its largest paint."""

    selector: str
    slot: str = ""
    breakpoints: tuple[Breakpoint, ...] = ()
    priority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of `aibild.toml`. Paths are relative to `root`. `base_url` ends with a slash and may carry a path.

    `feeds`, `headers`, `compress` ("gzip", "br") and `version_query` say which files stand beside the pages, and how pages name
    passed-through ones. `levels` re-levels findings by rule id, `engines` and `gates` are each plug's own table by name;
    without the gates in `required_gates` no frozen build shows a picture.
    `store_remote` is the address of a shared store, `store_trusted` the public keys of those who may write its records.
    `watermark_key` is the path of the secret that marks are keyed by, "" for the public one.
    `digest` covers everything here that a page may show; `root` and folder names are not in it.
    """

    root: Path
    name: Mapping[str, str]
    base_url: str
    description: Mapping[str, str]
    languages: tuple[Language, ...]
    time_zone: str = "UTC"
    organisation: Organisation = field(default_factory=Organisation)
    menus: Mapping[str, tuple[MenuEntry, ...]] = field(default_factory=dict)
    slots: Mapping[str, Slot] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    credentials: Credentials = field(default_factory=Credentials)
    watermark_key: str = ""
    defaults: Defaults = field(default_factory=Defaults)
    engines: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    gates: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    approvals: Approvals = field(default_factory=Approvals)
    required_gates: tuple[str, ...] = ()
    guards: Guards = field(default_factory=Guards)
    levels: Mapping[str, Level] = field(default_factory=dict)
    checks: Checks = field(default_factory=Checks)
    hooks: tuple[Hook, ...] = ()
    theme: Mapping[str, Json] = field(default_factory=dict)
    store: str = ".aibild/store"
    store_max_bytes: int = 0
    store_remote: str = ""
    store_trusted: tuple[str, ...] = ()
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)
    output: str = "dist"
    pictures_json: bool = True
    outside: Outside = field(default_factory=Outside)
    enhance: tuple[DeclaredSlot, ...] = ()
    feeds: bool = True
    headers: bool = False
    compress: tuple[str, ...] = ()
    version_query: bool = False
    taxonomy: Taxonomy = field(default_factory=Taxonomy)
    limit_seconds: float | None = None
    limit_images: int | None = None
    limit_credits: float | None = None
    digest: str = ""

    @property
    def default_language(self) -> str:
        return self.languages[0].code

    @property
    def base_path(self) -> str:
        """The path of the base URL, with a slash at both ends ("/" or "/docs/")."""
        return _path_of(self.base_url)


@cache
def _path_of(base_url: str) -> str:
    """Asked for every address of every page."""
    return "/" + base_url.split("://", 1)[-1].partition("/")[2]

"""The layout of `aibild.toml`, table by table.

Takes the project's root, yields `Config` and every finding of the file. A `Config` comes back whenever the file could be
parsed, with defaults in place of what is wrong, so that the faults of all other sources are found in the same run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ..canonical import key_of
from ..model import Finding, Json
from ..source import Fields, key_name, nearest_hint, read_text, read_toml, shown
from .approvals import read_approvals
from .checks import read_checks, read_levels, read_size
from .credentials import read_credentials
from .enhance import read_enhance
from .guards import read_guards
from .hooks import read_hooks
from .languages import read_languages
from .models import read_models
from .outside import read_outside
from .settings import Config, Defaults, Images, MenuEntry, Organisation, Taxonomy
from .slots import read_slots
from .targets import read_targets
from .values import is_base_url, is_web, read_address, read_palette, read_quality, read_rights

CONFIG_FILE = "aibild.toml"
FORMATS = ("avif", "webp", "jpeg", "png")
COMPRESSIONS = ("gzip", "br")
_SOURCES = ("site", "briefs", "templates")
_THEME_TEXTS = ("accent", "accent_dark", "scrim", "icon", "touch_icon")
_PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
_RULE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LEVELS = ("error", "warning", "note", "off")
# What a page may show or a file may carry. Folder names, limits, levels, engines' and gates' tables change no page.
_SHOWN = (
    "name",
    "base_url",
    "description",
    "languages",
    "time_zone",
    "organisation",
    "menus",
    "slots",
    "images",
    "theme",
    "feeds",
    "version_query",
    "taxonomy",
)


def read_config(root: Path, *, base_url: str | None = None, name: str = CONFIG_FILE) -> tuple[Config | None, tuple[Finding, ...]]:
    """Read the file `name` in `root`; `base_url` replaces the file's. No `Config` without a file that can be parsed."""
    text, findings = read_text(root, name)
    if text is None:
        missing = any(finding.rule == "source-missing" for finding in findings)
        hint = "`aibild init` writes a small site to begin with"
        return None, tuple(replace(finding, hint=hint) for finding in findings) if missing else findings
    document, findings = read_toml(text, name)
    if document is None:
        return None, findings
    settings = Fields(document)
    config = _config(root, settings, base_url)
    return replace(config, digest=_digest(config)), (*findings, *settings.finish())


def _config(root: Path, settings: Fields, base_url: str | None) -> Config:
    site = settings.fields("site")
    languages = read_languages(site)
    codes = [language.code for language in languages]
    base = _base_url(site, base_url)
    if not site.has("name"):
        site.tell("source-missing", "expected site.name as text, got nothing", "name")
    images = _images(settings.fields("images"), base, words=settings.fields("metadata").flag("words"))
    store = settings.fields("store")
    output = settings.fields("output")
    limits = settings.fields("limits")
    folder = _output_path(output)
    slots = read_slots(settings, images.formats)
    return Config(
        root=root,
        name=site.by_language("name", codes, codes[0]),
        base_url=base,
        description=site.by_language("description", codes, codes[0]),
        languages=languages,
        time_zone=_time_zone(site),
        organisation=_organisation(site.fields("organisation"), base),
        menus=_menus(settings, codes),
        slots=slots,
        images=images,
        credentials=read_credentials(settings.fields("credentials")),
        watermark_key=settings.fields("watermark").text("key"),
        defaults=_defaults(settings.fields("briefs")),
        engines=_tables(settings, "engines"),
        models=read_models(settings.fields("models")),
        gates=_gates(settings),
        approvals=read_approvals(settings.fields("approvals")),
        required_gates=_required(settings),
        guards=read_guards(settings.fields("guards")),
        levels=read_levels(settings.fields("rules")),
        checks=read_checks(settings, root),
        hooks=read_hooks(settings.fields("hooks")),
        theme=_theme(site),
        store=_store_path(store, folder),
        store_max_bytes=read_size(store, "max_size"),
        store_remote=_store_remote(store),
        store_trusted=_store_trusted(store),
        targets=read_targets(settings, base),
        output=folder,
        pictures_json=output.flag("pictures_json", True),
        outside=read_outside(settings.fields("pictures"), slots),
        enhance=read_enhance(settings.fields("enhance"), slots),
        feeds=output.flag("feeds", True),
        headers=output.flag("headers"),
        compress=_compress(output),
        version_query=output.flag("version_query"),
        taxonomy=_taxonomy(settings.fields("taxonomy"), codes),
        limit_seconds=limits.number("seconds", low=0) if limits.has("seconds") else None,
        limit_images=limits.whole("images", low=0) if limits.has("images") else None,
        limit_credits=limits.number("credits", low=0) if limits.has("credits") else None,
    )


def _digest(config: Config) -> str:
    settings = asdict(config)
    return key_of({"kind": "config", **{name: settings[name] for name in _SHOWN}})


def _base_url(site: Fields, override: str | None) -> str:
    written = site.text("base_url")
    url = override if override is not None else written
    if not url and site.has("base_url") and not isinstance(site.value("base_url"), str):
        return "http://localhost/"  # told already
    if not url:
        hint = 'base_url = "https://www.example.org/"'
        site.tell("source-missing", "expected site.base_url as address https://…, got nothing", "base_url", hint=hint)
        return "http://localhost/"
    if is_base_url(url):
        return url if url.endswith("/") else url + "/"
    if override is None:
        site.wrong("base_url", "address https://… without query and fragment")
    else:
        site.tell(
            "source-value", f"expected --base-url as address https://… without query and fragment, got {shown(url)}", "base_url"
        )
    return "http://localhost/"


def _time_zone(site: Fields) -> str:
    name = site.text("time_zone", "UTC")
    try:
        if name != "UTC":
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        if known:  # without a time zone database nothing can be said
            near = nearest_hint(name, known)
            site.wrong("time_zone", "time zone like Europe/Berlin", hint=near)
            return "UTC"
    return name


def _organisation(table: Fields, base_url: str) -> Organisation:
    return Organisation(name=table.text("name"), url=read_address(table, "url", base_url), logo=table.text("logo"))


def _theme(site: Fields) -> dict[str, Json]:
    """Free for templates to read; what the built-in theme reads is text."""
    theme = site.mapping("theme")
    for name in _THEME_TEXTS:
        if not isinstance(theme.get(name, ""), str):
            site.wrong(("theme", name), "text")
    return theme


def _menus(settings: Fields, codes: list[str]) -> dict[str, tuple[MenuEntry, ...]]:
    table = settings.fields("menus")
    return {name: tuple(_menu_entry(entry, codes) for entry in table.each(name)) for name in table.names()}


def _menu_entry(entry: Fields, codes: list[str]) -> MenuEntry:
    page, url = entry.text("page"), entry.text("url")
    label = entry.by_language("label", codes, codes[0])
    if entry.has("page") == entry.has("url"):
        entry.tell("source-value", f"expected either `page` or `url` in {key_name(entry.at)}, got {'both' if url else 'neither'}")
    elif url and not (is_web(url) or url.startswith(("/", "#", "mailto:", "tel:"))):
        entry.wrong("url", "address https://…, or a place on this site like /feed.xml")
    elif url and not label:
        entry.tell(
            "source-missing", f"expected {key_name((*entry.at, 'label'))} as text, got nothing", hint="an address has no title"
        )
    return MenuEntry(page=page, url=url, label=label)


def _images(table: Fields, base_url: str, *, words: bool) -> Images:
    formats = table.texts("formats", Images().formats)
    for index, name in enumerate(formats):
        if name not in FORMATS:
            hint = nearest_hint({"jpg": "jpeg"}.get(name, name), FORMATS)
            table.wrong(("formats", index), "one of " + ", ".join(FORMATS), hint=hint)
        elif name in formats[:index]:
            table.tell("source-duplicate", f"expected each format once, got {name} again", ("formats", index))
    if "jpeg" not in formats and all(name in FORMATS for name in formats):
        table.tell(
            "source-value",
            "expected images.formats with jpeg, got it without",
            "formats",
            hint="jpeg is what every browser can show",
        )
        formats = (*formats, "jpeg")
    return Images(
        formats=tuple(dict.fromkeys(name for name in formats if name in FORMATS)) or Images().formats,
        quality=read_quality(table),
        refine=table.choice("refine", ("off", "idle", "ci"), "off"),
        words=words,
        creator=table.text("creator"),
        credit=table.text("credit"),
        copyright=table.text("copyright"),
        license=read_address(table, "license", base_url),
        acquire_license_page=read_address(table, "acquire_license_page", base_url),
    )


def _defaults(table: Fields) -> Defaults:
    return Defaults(
        engine=table.text("engine", Defaults().engine),
        profile=table.text("profile"),
        negative=table.texts("negative"),
        palette=read_palette(table),
        rights=read_rights(table.fields("rights")),
    )


def _compress(table: Fields) -> tuple[str, ...]:
    names = table.texts("compress")
    for index, name in enumerate(names):
        if name not in COMPRESSIONS:
            hint = nearest_hint({"gz": "gzip", "brotli": "br"}.get(name, name), COMPRESSIONS)
            table.wrong(("compress", index), "one of " + ", ".join(COMPRESSIONS), hint=hint)
    return tuple(dict.fromkeys(name for name in names if name in COMPRESSIONS))


def _taxonomy(table: Fields, codes: list[str]) -> Taxonomy:
    hubs, paginate = table.flag("hubs", True), table.whole("paginate", Taxonomy().paginate, low=0, high=1000)
    tags = table.fields("tags")
    labels: dict[str, dict[str, str]] = {}
    for tag in tags.names():
        labels[tag] = tags.by_language(tag, codes, codes[0])
        if not _RULE.fullmatch(tag):
            message = f"expected tags in kebab-case (a–z, 0–9, hyphens), got {shown(tag)}"
            tags.tell("source-value", message, tag, hint="a tag is part of an address; its label may be any text")
    return Taxonomy(tags=labels, hubs=hubs, paginate=paginate)


def _tables(settings: Fields, key: str, but: tuple[str, ...] = ()) -> dict[str, dict[str, Json]]:
    """Each plug's own table, as it was written: what it means is the plug's to say. Keys in `but` are none of a plug's."""
    tables: dict[str, dict[str, Json]] = {}
    for name, values in settings.mapping(key).items():
        if name in but:
            continue
        if isinstance(values, Mapping):
            tables[name] = dict(values)
        else:
            settings.wrong((key, name), "table")
    return tables


def _gates(settings: Fields) -> dict[str, dict[str, Json]]:
    gates = _tables(settings, "gates", but=("required",))
    for name, table in gates.items():
        if "level" in table and table["level"] not in _LEVELS:
            settings.wrong(("gates", name, "level"), "one of " + ", ".join(_LEVELS))
    return gates


def _required(settings: Fields) -> tuple[str, ...]:
    names = settings.mapping("gates").get("required", ())
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        return tuple(str(name) for name in names)
    settings.wrong(("gates", "required"), "list of names of gates")
    return ()


def _store_path(table: Fields, output: str) -> str:
    path = table.text("path", ".aibild/store")
    parts = PurePosixPath(path).parts
    if ".." in parts or not parts:
        table.wrong("path", "folder inside the project, or an absolute path", rule="source-path")
    elif parts[0] in (*_SOURCES, output, ".git"):
        table.wrong("path", "folder of its own", rule="source-path", hint=f"`{parts[0]}` holds something else")
    else:
        return path
    return ".aibild/store"


def _store_remote(table: Fields) -> str:
    address = table.text("remote")
    if not address or address.startswith(("s3://", "gs://", "az://", "file://")):
        return address
    table.wrong("remote", "address that begins with s3://, gs://, az:// or file://")
    return ""


def _store_trusted(table: Fields) -> tuple[str, ...]:
    keys = table.texts("trusted")
    for at, key in enumerate(keys):
        if not _PUBLIC_KEY.fullmatch(key):
            table.wrong(("trusted", at), "public key as `aibild cache key` prints it")
    return keys


def _output_path(table: Fields) -> str:
    path = table.text("dir", "dist")
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/") or "\\" in path:
        table.wrong("dir", "folder inside the project", rule="source-path")
    elif parts[0] in (*_SOURCES, ".aibild", ".git") or path == CONFIG_FILE:
        table.wrong("dir", "folder of its own", rule="source-path", hint=f"`{parts[0]}` holds something else")
    else:
        return "/".join(parts)
    return "dist"

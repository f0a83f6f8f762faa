"""Pages that nobody wrote: second pages of long listings, a page for each tag, and the page of all tags.

Takes the pages as read, yields them with the made ones added, and the findings. A file of the author's at a hub's place
(`site/tags/index.md`, `site/tags/NAME.md`) takes the hub's part and brings its own words and pictures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ..canonical import key_of
from ..config import CONFIG_FILE, Config
from ..model import Finding, Json, Origin, Page
from ..source import fatal, shown
from .listing import HUB, NOT_FOUND, count_of
from .strings import phrase
from .taxonomy import TAGS, tag_id, tag_label, tag_slug


def with_hubs(config: Config, pages: Sequence[Page], plain: Collection[str]) -> tuple[tuple[Page, ...], tuple[Finding, ...]]:
    """All pages, those of tags and the numbered ones among them. `plain` are the sources that choose no template themselves."""
    written = [page for page in pages if not page.draft]
    drafts = tuple(page for page in pages if page.draft)
    findings: list[Finding] = []
    if config.taxonomy.hubs:
        tags = _tags(written, findings)
        written = [_adopted(page, tags, plain) for page in written]
        written += _tag_pages(config, written, tags)
    by_language: dict[str, list[Page]] = {}
    for page in written:
        by_language.setdefault(page.lang, []).append(page)
    for page in tuple(written):
        written += _continued(by_language[page.lang], page)
    return (*written, *drafts), tuple(findings)


def _tags(pages: Sequence[Page], findings: list[Finding]) -> dict[str, str]:
    """Tags in use, by slug; two tags must not want the same address."""
    tags: dict[str, str] = {}
    for page in pages:
        for tag in page.tags:
            slug = tag_slug(tag)
            if not slug:
                findings.append(
                    fatal("source-value", f"expected tags with letters or digits, got {shown(tag)}", page.origin.path)
                )
            elif tags.setdefault(slug, tag) != tag:
                message = f"expected each tag in one spelling, got {shown(tag)} beside {shown(tags[slug])}"
                findings.append(fatal("source-duplicate", message, page.origin.path))
    return dict(sorted(tags.items()))


def _adopted(page: Page, tags: dict[str, str], plain: Collection[str]) -> Page:
    """A page that the author wrote at a hub's place."""
    free = page.origin.path in plain
    if page.id == TAGS and tags:
        return replace(page, template="tags.html" if free else page.template, schema=_collection(page))
    tag = tags.get(page.id.removeprefix(f"{TAGS}/")) if page.id.startswith(f"{TAGS}/") else None
    if tag is None:
        return page
    return replace(page, template="tag.html" if free else page.template, schema=_collection(page), tag=tag)


def _collection(page: Page) -> str:
    return HUB if page.schema == "WebPage" else page.schema


def _tag_pages(config: Config, pages: Sequence[Page], tags: dict[str, str]) -> Iterator[Page]:
    taken = {(page.lang, page.id) for page in pages}
    for language in config.languages:
        lang = language.code
        carried = {tag for page in pages if page.lang == lang for tag in page.tags}
        used = [tag for tag in tags.values() if tag in carried]
        if used and (lang, TAGS) not in taken:
            yield _hub(config, lang, TAGS, phrase(lang, "tags"), phrase(lang, "tags_text"))
        for tag in used:
            if (lang, tag_id(tag)) not in taken:
                label = tag_label(config, tag, lang)
                title = phrase(lang, "topic", tag=label)
                yield replace(_hub(config, lang, tag_id(tag), title, phrase(lang, "tag_text", tag=label), tag), menu_title=label)


def _hub(config: Config, lang: str, page_id: str, title: str, description: str, tag: str = "") -> Page:
    prefix = next(language.prefix for language in config.languages if language.code == lang).strip("/")
    url = f"{prefix}/{page_id}/" if prefix else f"{page_id}/"
    return _sealed(
        Page(
            id=page_id,
            lang=lang,
            url=url,
            path=f"{url}index.html",
            origin=Origin(path=CONFIG_FILE),
            digest="",
            template="tag.html" if tag else "tags.html",
            title=title,
            description=description,
            body=(),
            section=TAGS,
            schema=HUB,
            tag=tag,
            paginate=config.taxonomy.paginate if tag else 0,
            made=True,
        )
    )


def _continued(pages: Sequence[Page], page: Page) -> Iterator[Page]:
    """The second and further pages of a listing: same head, own address, no text."""
    if not page.paginate or page.id == NOT_FOUND:
        return
    count = -(-count_of(pages, page) // page.paginate)
    for number in range(2, count + 1):
        url = f"{page.url}page/{number}/"
        after = phrase(page.lang, "page_of", number=number, count=count)
        yield _sealed(
            replace(
                page,
                id=f"{page.id}/page/{number}".lstrip("/"),
                url=url,
                path=f"{url}index.html",
                title=f"{page.title} – {phrase(page.lang, 'page_number', number=number)}",
                menu_title=phrase(page.lang, "page_number", number=number),
                description=f"{page.description} ({after})" if page.description else after,
                body=(),
                headings=(),
                aliases=(),
                number=number,
                listing=page.id,
                made=True,
            )
        )


def _sealed(page: Page) -> Page:
    """With a digest over what the page says, in place of that of a source file."""
    said: list[Json] = [page.id, page.lang, page.url, page.template, page.title, page.description, page.tag, page.number]
    return replace(page, digest=key_of({"kind": "hub", "source": page.digest, "said": said}))

"""`Metadata`: what is written into the files of one picture, and how it comes from brief and site.

Pure: takes a brief, the site's settings and the lock's day, yields the record whose digest is part of every delivery key. Knows
no file format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...canonical import key_of
from ...config import Images, Organisation
from ...imagefile import is_ai
from ...model import Brief
from ...wire import to_json

WRITER = 1
"""Fingerprint of the writers in this folder: raised by hand when the bytes move that they write for equal metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Rights and origin of one picture, and its words when the site embeds them.

    `source_type` is the short IPTC name, "" where nobody knows it; `license` the web statement of rights, `acquire` the
    licensor's page (absolute URLs);
    `created` a day YYYY-MM-DD or ""; `ai_system` is empty unless a trained model made the picture. `words` are (alt, caption,
    title) by language, {} unless embedding is on. `provenance` is the address of a linked manifest, "" where it is embedded.
    """

    source_type: str
    creator: str = ""
    credit: str = ""
    copyright: str = ""
    license: str = ""
    acquire: str = ""
    licensor_name: str = ""
    created: str = ""
    ai_system: str = ""
    words: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    keywords: tuple[str, ...] = ()
    default_language: str = "en"
    provenance: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over every field and the writers' fingerprint."""
        said = {name: value for name, value in to_json(self).items() if value or name != "provenance"}
        return key_of({"kind": "metadata", "writer": WRITER, **said})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have words, the default one first, then in alphabetical order."""
        return tuple(sorted(self.words, key=lambda code: (code != self.default_language, code)))


def compose(
    brief: Brief,
    images: Images,
    organisation: Organisation,
    *,
    made_day: str,
    source_type: str,
    languages: Sequence[str],
    ai_system: str = "",
    marks: Mapping[str, str] | None = None,
) -> Metadata:
    """The record of one picture. The brief's own words and rights go before the site's, its `created` before `made_day`.

    `languages` are the site's codes, the default one first. Alt texts that are drafts are not embedded. The creator is the
    organisation where the site names none; the AI system is what an imported file's sidecar names unless it is given. `marks` are
    the rights that an imported file itself carried, by XMP name: what the brief says goes before them, what the site says after.
    """
    own = marks or {}
    creator = _said(brief, "creator") or own.get("dc:creator", "") or images.creator or organisation.name
    acquire = brief.acquire_license_page or images.acquire_license_page
    holder = brief.rights.holder
    site_copyright = images.copyright or (f"© {creator}" if creator else "")
    system = ai_system or str(brief.sidecar.get("tool") or "")
    return Metadata(
        source_type=source_type,
        creator=creator,
        credit=brief.credit or own.get("photoshop:Credit", "") or images.credit or creator,
        copyright=_said(brief, "copyright") or (f"© {holder}" if holder else own.get("dc:rights", "") or site_copyright),
        license=brief.license or own.get("xmpRights:WebStatement", "") or images.license,
        acquire=acquire,
        licensor_name=(organisation.name or creator) if acquire else "",
        created=(brief.created or made_day)[:10],
        ai_system=system if is_ai(source_type) else "",
        words=_words(brief, languages) if images.words else {},
        keywords=_keywords(brief, languages) if images.words else (),
        default_language=languages[0],
    )


def _said(brief: Brief, name: str) -> str:
    """What an imported file's sidecar says, "" otherwise."""
    return str(brief.sidecar.get(name) or "")


def _words(brief: Brief, languages: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    words = {}
    for code in languages:
        alt = brief.alt.get(code)
        texts = (alt.text if alt and not alt.draft else "", brief.caption.get(code, ""), brief.title.get(code, ""))
        if any(texts):
            words[code] = texts
    return words


def _keywords(brief: Brief, languages: Sequence[str]) -> tuple[str, ...]:
    """All languages' keywords in the order of the languages, each once: dc:subject knows no language."""
    return tuple(dict.fromkeys(word for code in languages for word in brief.keywords.get(code, ())))

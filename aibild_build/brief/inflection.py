"""The forms that a word takes, in the fourteen languages of the built-in theme: enough to notice a word, not a grammar.

Takes a folded word and a language, yields the set of its forms, or a stem with patterns of what may stand around it (Arabic,
Turkish). A rule is (what the dictionary form ends in, as a pattern; what may stand in its place). Written from the usual
tables of school grammars: inflection only, no derivation, and of strong verbs a few. A word that breaks the rules is a second
word to forbid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Rules = tuple[tuple[str, str], ...]

_GERMAN = "e en n er ern es s em t te ten test tet ete eten etest etet et st est end ende enden ender endes in innen"
_DUTCH = "s t te ten d de den st je jes tje tjes"
_DUTCH_OPEN = "e en er ers"  # a short last syllable doubles its consonant before these
_SLAVIC_ADJECTIVE = "y a e i ego eho emu ym im em ej ou ych ich ymi imi"
_ROMANCE_A = (
    "o i as a amos ais an am ano ando ado ada ados adas ato ata ati ate ava avano aba aban avam e en ei ou aron aram iamo"
)
_ROMANCE_E = "o es e emos imos en em i io iu eu ieron eram iram iendo endo indo ido ida idos idas uto uta uti ute ito ita iti ite"
RULES: dict[str, Rules] = {
    "en": (
        ("", "s es ed ing er ers"),
        ("e", "ing ed er ers"),
        ("ie", "ying"),
        ("y", "ies ied"),
        ("f", "ves"),
        ("fe", "ves"),
        ("man", "men"),
        ("child", "children"),
        ("person", "people"),
        ("oo", "ee"),
        ("is", "es"),
    ),
    "de": (
        ("", _GERMAN),
        ("e", _GERMAN),
        ("en", _GERMAN),
        ("eln", "le elt elte elten"),
        ("um", "en a"),
        ("us", "en"),
        ("a", "en"),
    ),
    "nl": (
        ("", _DUTCH),
        ("en", f" {_DUTCH} {_DUTCH_OPEN} end ende"),
        ("f", "ven ve"),
        ("s", "zen ze"),
        ("heid", "heden"),
    ),
    "sv": (
        ("", "s en ens et ets n t ar or er r arna orna erna na a de te dde ande"),
        ("a", " or orna an ans ar ade at ad ande t te as"),
        ("e", "ar arna en ens"),
        ("el", "lar larna"),
        ("er", "rar rarna"),
        ("m", "mar men met marna mer"),
        ("n", "nar nen net narna ner"),
    ),
    "fr": (
        ("", "s x"),
        ("(?<!e)", "e es ne nes"),
        ("er", "e es ent ons ez ais ait aient ai as a ee ees ant era eront"),
        ("ir", "is it issent issant i ie ies"),
        ("re", "s ent ons ez u ue us ues ant"),
        ("al", "aux ale ales"),
        ("eur", "euse euses"),
        ("teur", "trice trices"),
        ("f", "ve ves"),
        ("x", "se ses"),
    ),
    "es": (
        ("", "s es"),
        ("o", "a os as"),
        ("a", "o os as"),
        ("z", "ces"),
        ("ar", _ROMANCE_A),
        ("er", f"{_ROMANCE_E} ia ian"),
        ("ir", f"{_ROMANCE_E} ia ian"),
    ),
    "pt": (
        ("", "s es"),
        ("o", "a os as"),
        ("a", "o os as"),
        ("ao", "oes aes aos a as"),
        ("al", "ais"),
        ("el", "eis"),
        ("il", "is eis"),
        ("ol", "ois"),
        ("m", "ns"),
        ("ar", _ROMANCE_A),
        ("er", f"{_ROMANCE_E} ia iam"),
        ("ir", f"{_ROMANCE_E} ia iam"),
    ),
    "it": (
        ("o", "i a e"),
        ("a", "e i o"),
        ("e", "i"),
        ("io", "i"),
        ("ca", "che"),
        ("ga", "ghe"),
        ("co", "chi ci ca che"),
        ("go", "ghi gi ga ghe"),
        ("tore", "trice trici"),
        ("are", _ROMANCE_A),
        ("ere", f"{_ROMANCE_E} ono eva evano iamo"),
        ("ire", f"{_ROMANCE_E} ono iva ivano isce iscono iamo"),
    ),
    "pl": (
        ("", "u a owi em iem ie y i ow om ami ach e ia iami iach iom owie"),
        ("a", " y i e o ie ach ami om"),
        ("o", " a u em ie ach ami om"),
        ("e", " a u em y i om ami ach"),
        ("ka", "ce ek"),
        ("ga", "dze"),
        ("ra", "rze"),
        ("ta", "cie"),
        ("da", "dzie"),
        ("la", "le"),
        ("t", "cie ci"),
        ("d", "dzie"),
        ("r", "rze rzy"),
        ("k", "cy"),
        ("ec", "ca cu cem cy com cow cami cach"),
        ("ek", "ka ku kiem ki kow kom kami kach"),
        ("ac", "a am asz amy acie aja al ala alo ali aly any ana ane ajac"),
        ("ic", "i e isz imy icie a il ila ilo ili ily ony ona one"),
        ("y", _SLAVIC_ADJECTIVE),
        ("i", f"{_SLAVIC_ADJECTIVE} iego iemu"),
    ),
    "cs": (
        ("", "u a e i y em um ou ech ich ami emi im ovi ove"),
        ("a", " y e i u o ou am ach ami"),
        ("o", " a u e em um ech y"),
        ("e", " i im ich emi"),
        ("ka", "ce ek"),
        ("ha", "ze"),
        ("cha", "se"),
        ("k", "ci cich"),
        ("h", "zi"),
        ("ch", "si"),
        ("ec", "ce ci cem cu cich"),
        ("ek", "ku kem ky kum cich"),
        ("en", "nu nem ny"),
        ("ev", "ve vi"),
        ("at", "am as a ame ate aji al ala alo ali aly an ana"),
        ("it", "im is i ime ite il ila ilo ili ily en ena"),
        ("y", _SLAVIC_ADJECTIVE),
        ("i", _SLAVIC_ADJECTIVE),
    ),
}
LANGUAGES = (*sorted({*RULES, "ar", "ja", "tr", "zh"}),)
COMPOUNDING = ("de", "nl", "sv")
_STRONG = {
    "man": "men",
    "shoot": "shot",
    "fight": "fought",
    "bleed": "bled",
    "drink": "drank drunk",
    "steal": "stole stolen",
    "bite": "bit bitten biting",
    "mouse": "mice",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
}
_VOWELS = "aeiouyäöüå"
_SHORTEST = 3  # letters of a stem that has lost one: two and an ending are too often another word
_UMLAUT = {"a": "ä", "o": "ö", "u": "ü"}
_PARTICIPLE = ("e", "t", "et", "en", "te", "ten", "ter", "tes", "ete", "eten", "ene", "enen", "ener", "d", "de")
# Turkish: plural, possessive, case; vowels after harmony, with ı folded to i and ç to c.
_TURKISH = re.compile(
    r"(?:l[ae]r)?(?:[iuü]?m[iuü]z|[iuü]n[iuü]z|[iuü]?m|s?[iuü]|[iuü]n)?"
    r"(?:n?[iuü]n|[yn]?[iuü]|[yn]?[ae]|n?[dt][ae]n?|y?l[ae]|l[iuü]|s[iuü]z|c[iuü])?(?:k[iuü])?"
)
_TURKISH_SOFT = {"p": "b", "t": "d", "k": "g"}
_ARABIC_HEAD = re.compile(r"[وف]?(?:ال|بال|كال|لل|[بلكس])?")
_ARABIC_TAIL = re.compile(r"(?:ة|ات|ون|ين|ان|ت|تان|تين)?(?:ها|هم|هن|نا|كم|ه|ك|ي)?")


@dataclass(frozen=True, slots=True)
class Around:
    """What may stand before and after a stem."""

    head: re.Pattern[str]
    tail: re.Pattern[str]


AROUND = {"ar": Around(_ARABIC_HEAD, _ARABIC_TAIL), "tr": Around(re.compile(""), _TURKISH)}


def forms(word: str, language: str) -> frozenset[str]:
    """The forms of a folded word (`word` itself among them); only itself in a language that is not known."""
    found = {word}
    for ending, others in RULES.get(language, ()):
        place = re.search(f"{ending}$", word)
        if place and place.start() >= (_SHORTEST if len(place[0]) == 1 else 2):
            found.update(word[: place.start()] + other for other in others.split(" "))
    if language == "en":
        found.update(_english(word))
    elif language == "de":
        found.update(_german(word))
    elif language == "nl":
        found.update(_dutch(word))
    elif language == "sv" and (changed := _umlauted(word)):
        found.update(changed + other for other in ("", "er", "erna", "ers"))
    return frozenset(form for form in found if len(form) >= 2)


def stems(word: str, language: str) -> frozenset[str]:
    """The stems of a folded word for a language of `AROUND`."""
    found = {word}
    if language == "ar":
        bare = word.removeprefix("ال")
        found |= {bare, bare.removesuffix("ة")} if len(bare) > _SHORTEST else {bare}
    elif language == "tr" and len(word) > 2 and word[-1] in _TURKISH_SOFT:
        found.add(word[:-1] + _TURKISH_SOFT[word[-1]])
    return frozenset(found)


def _english(word: str) -> Iterator[str]:
    yield from _STRONG.get(word, "").split()
    if re.search(rf"(?<![{_VOWELS}])[aeiou][^{_VOWELS}wx]$", word):
        yield from (word + word[-1] + ending for ending in ("ed", "ing", "er", "ers"))


def _german(word: str) -> Iterator[str]:
    if changed := _umlauted(word):
        yield from (changed + ending for ending in ("e", "n", "en", "er", "ern", "in", "innen"))
        if word.endswith(("er", "el", "en")):
            yield changed
    if word.endswith("en") and len(word) > 4:
        yield from (f"ge{word[:-2]}{ending}" for ending in _PARTICIPLE)


def _dutch(word: str) -> Iterator[str]:
    closed = re.fullmatch(rf"[^{_VOWELS}]*[aeiou][^{_VOWELS}]", word)
    yield from (word + (word[-1] if closed else "") + ending for ending in _DUTCH_OPEN.split())
    if found := re.search(r"(aa|ee|oo|uu)([bcdfghjklmnpqrstvwxz])$", word):
        yield from (word[: found.start()] + found[1][0] + found[2] + ending for ending in ("e", "en", "er"))
    if word.endswith("en") and len(word) > 4:
        short = word[:-2].rstrip(word[-3]) + word[-3]
        long = re.sub(rf"(?<![{_VOWELS}])([aeou])([^{_VOWELS}])$", r"\1\1\2", short)
        for base in {word[:-2], short, long}:
            yield from (base, f"{base}t", *(f"ge{base}{ending}" for ending in ("", *_PARTICIPLE)))


def _umlauted(word: str) -> str:
    """The word with the umlaut of its last a, o, u or au; "" where it has none."""
    found = re.search(r"(.*)(a(?=u)|[ao]|(?<!a)u)([^ao]*)$", word)
    return found[1] + _UMLAUT[found[2]] + found[3] if found else ""

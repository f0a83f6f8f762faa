"""Words are found in the forms they take in fourteen languages, and their look-alikes are not."""

from __future__ import annotations

import pytest

from aibild_build.brief.wordforms import Entry, Lexicon

# language, entry, texts in which it stands, texts in which it does not
FORMS = [
    ("en", "weapon", "weapons, Weapon, WEAPONS, a weapon's shadow, weaponed", "warp, we, upon"),
    ("en", "gun", "guns, gunned, gunning, gunner, submachine gun", "gum, gunk, begun, gunwale"),
    ("en", "nude", "nudes, nude, Nude", "nudge, denude"),
    ("en", "knife", "knives, knife", "knight, knit"),
    ("en", "policeman", "policemen, Policeman's", "policy, police"),
    ("en", "body", "bodies, body, bodied", "boding, bode"),
    ("en", "war", "wars, warring, war-torn", "warm, ward, ware, warning, swarm"),
    ("en", "shoot", "shot, shooting, shoots", "shout, shop"),
    ("de", "Waffe", "Waffen, Schusswaffe, Waffenschein, Jagdwaffenschrank, WAFFE", "Waffel, Wade, raffen"),
    ("de", "töten", "getötet, tötet, tötete, tötend, toeten, Töten", "Tüten, Ton"),
    ("de", "Haus", "Häuser, Häusern, Hauses, Rathaus, Haustür", "Hauch, Hose"),
    ("de", "Mann", "Männer, Mannes, Männern", "Manna, man"),
    ("de", "Mädchen", "Maedchen, Mädchens, Madchen", "Mode, machen"),
    ("de", "rauchen", "raucht, geraucht, rauchend", "Rache, brauchen"),
    ("de", "Arzt", "Ärzte, Ärztin, Arztes, Zahnarzt, Arztpraxis", "Artist, hart"),
    ("nl", "bom", "bommen, bom", "boom, bomen"),
    ("nl", "wapen", "wapens, vuurwapen, wapenwet", "wagen, slapen"),
    ("nl", "oorlog", "oorlogen, oorlogsschip, burgeroorlog", "oor, loog"),
    ("nl", "doden", "gedood, doodt, gedode", "doen, gedoe"),
    ("sv", "vapen", "vapens, skjutvapen, vapenlicens", "vagnen, vara"),
    ("sv", "flicka", "flickor, flickorna, flickan, flickans", "flock, flink"),
    ("sv", "hand", "händer, handen, händerna", "hund, hos"),
    ("fr", "arme", "armes, l'arme, d’armes, Arme", "armée, charme, larme"),
    ("fr", "cheval", "chevaux, cheval", "cheveux, chevalet"),
    ("fr", "tuer", "tué, tue, tuent, tuait", "tuile, statue"),
    ("fr", "directeur", "directrice, directeurs", "direct, direction"),
    ("es", "cigarrillo", "cigarrillos, Cigarrillo", "cigarra, cigarral"),
    ("es", "matar", "mata, mataron, matando, matado", "mateo, maleta"),
    ("es", "ano", "anos, ano", "año, años"),
    ("es", "cruz", "cruces, cruz", "crudo"),
    ("pt", "avião", "aviões, avião", "aviso, ave"),
    ("pt", "animal", "animais, animal", "ânimo"),
    ("pt", "fumar", "fumando, fuma, fumou", "fumaça"),
    ("it", "arma", "armi", "armonia, allarme"),
    ("it", "sigaretta", "sigarette, Sigaretta", "sigaro"),
    ("it", "uccidere", "uccide, uccidendo", "uccello"),
    ("it", "banca", "banche", "bancarella"),
    ("pl", "broń", "broni, bronią, BROŃ", "bronz, obrona"),
    ("pl", "krew", "krew", "krem, krewetka"),
    ("pl", "kobieta", "kobiety, kobiecie, kobiet, kobietami", "kobra"),
    ("pl", "palić", "pali, palą, palił", "palec, palma"),
    ("cs", "zbraň", "zbraně, zbraní, zbraněmi", "zbrojnoš, brána"),
    ("cs", "voják", "vojáci, vojáka, vojákovi", "vojna, vůj"),
    ("cs", "kouřit", "kouří, kouřil", "kouř, kout"),
    ("tr", "silah", "silahlar, silahı, silahlarından, SİLAH, silahlı", "silgi, salih"),
    ("tr", "kitap", "kitabı, kitapta, kitaplarımız", "kitle, katip"),
    ("tr", "kadın", "kadınlar, KADIN, kadının", "kadro, kader"),
    ("ar", "سلاح", "السلاح, بالسلاح, وسلاحه, سِلاح", "صلاح, سلام"),
    ("ar", "امرأة", "امرأة, لامرأته", "مراة, امر"),
    ("zh", "武器", "大型武器展", "武术, 器"),
    ("ja", "殺す", "人を殺した, 殺せ", "殺風景"),
    ("ja", "タバコ", "タバコを吸う, ﾀﾊﾞｺ", "タバタ"),
]


def found(entry: Entry, text: str) -> list[str]:
    return [hit.word for hit in Lexicon([entry]).find(text)]


@pytest.mark.parametrize(("lang", "word", "texts", "others"), FORMS, ids=lambda value: str(value)[:16])
def test_a_word_is_found_in_its_forms_alone(lang: str, word: str, texts: str, others: str) -> None:
    entry = Entry(word, (lang,))
    assert [text for text in texts.split(",") if text.strip() and not found(entry, text)] == []
    assert [text for text in others.split(",") if found(entry, text)] == []


def test_accents_fall_and_letters_stay() -> None:
    assert found(Entry("Beyoncé", ("en",)), "beyonce") == ["beyonce"]
    assert found(Entry("Beyonce", ("en",)), "BEYONCÉ") == ["BEYONCÉ"]
    assert found(Entry("Häagen-Dazs", ("en",)), "haagen dazs") == ["haagen dazs"]
    assert found(Entry("Mord", ("de",)), "mörd") == []


def test_a_phrase_stands_together_in_any_form() -> None:
    entry = Entry("Taylor Swift", ("en",), reversible=True)
    for text in (
        "taylor swift",
        "Taylor Swift's smile",
        "taylor_swift_v2.safetensors",
        "TaylorSwift",
        "taylorswift",
        "Swift, Taylor",
    ):
        assert found(entry, text), text
    assert found(entry, "a swift river near Taylor") == []
    assert found(Entry("hand grenade", ("en",)), "two hand grenades") == ["hand grenades"]
    assert found(Entry("Coca-Cola", ("en",)), "a coca cola, a CocaCola") == ["coca cola", "CocaCola"]
    assert found(Entry("Swift", ("en",), reversible=True), "Swift, Taylor") == ["Swift"]


def test_an_exact_entry_takes_the_very_letters() -> None:
    entry = Entry("Apple", ("en", "de"), exact=True)
    assert found(entry, "an Apple logo") == ["Apple"]
    assert found(entry, "apple pie, apples, Apples, APPLE, Applewood") == []
    assert found(Entry("3M", ("en",), exact=True), "3M, 3 m, 3m") == ["3M"]
    assert found(Entry("武器", ("zh",), exact=True), "大武器") == ["武器"]


def test_invisible_characters_hide_nothing() -> None:
    entry = Entry("weapon", ("en",))
    assert found(entry, "wea\u00adpon") and found(entry, "wea\u200bpon") and found(entry, "ｗｅａｐｏｎ")


def test_an_unknown_language_finds_the_word_itself() -> None:
    assert found(Entry("pistol", ("da",)), "Pistol pistols") == ["Pistol"]


def test_entries_without_letters_find_nothing() -> None:
    assert found(Entry("—", ("en",)), "— and more") == []
    assert found(Entry("—", ("en",), exact=True), "— and more") == []
    assert list(Lexicon([]).find("anything")) == []

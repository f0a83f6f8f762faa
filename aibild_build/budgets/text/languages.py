"""What texts about pictures should not say, in fourteen languages, and by which words a language is known.

Tables only. A language without a row is not judged; English phrases count everywhere, since prompts are English.
"""

from __future__ import annotations

import re

# "Picture of …": what a screen reader says anyway. Where a language puts it last, the pattern stands at the end
_PHRASES = {
    "en": r"^(?:an?\s|the\s|this\s)?(?:\w+\s)?(?:image|picture|photo|photograph|pic|graphic|snapshot)\s"
    r"(?:of|shows|showing|with|depicting)\b",
    "de": r"^(?:ein\s|eine\s|das\s|die\s)?(?:\w+\s)?(?:bild|foto|fotografie|abbildung|grafik|aufnahme)\s"
    r"(?:von|vom|der|des|einer|eines|mit|zeigt)\b",
    "fr": r"^(?:une\s|la\s|l['’])?(?:image|photo|photographie|illustration)\s"
    r"(?:de\b|du\b|des\b|d['’]|montrant|représentant|avec\b)",
    "es": r"^(?:una\s|la\s)?(?:imagen|foto|fotografía|ilustración)\s(?:de|del|con|que\smuestra|mostrando)\b",
    "it": r"^(?:una\s|la\s|un['’]|l['’])?(?:immagine|foto|fotografia|illustrazione)\s(?:di|del|della|dello|con|che\smostra)\b",
    "pt": r"^(?:uma\s|a\s)?(?:imagem|foto|fotografia|ilustração)\s(?:de|do|da|dos|das|com|que\smostra)\b",
    "nl": r"^(?:een\s|de\s|het\s)?(?:afbeelding|foto|plaatje|illustratie)\s(?:van|met|waarop|die)\b",
    "pl": r"^(?:zdjęcie|obraz|obrazek|fotografia|ilustracja|grafika)\s(?:przedstawiając\w+|pokazując\w+|z|ze|na\sktór\w+)\b",
    "cs": r"^(?:obrázek|fotografie|fotka|foto|snímek|ilustrace)\s(?:s|se|na\skter\w+|zobrazuj\w+|ukazuj\w+|znázorňuj\w+)\b",
    "sv": r"^(?:en\s|ett\s)?(?:bild|foto|fotografi|illustration)\s(?:av|på|med|som\svisar|föreställande)\b",
    "tr": r"\b(?:resmi|fotoğrafı|görseli|görüntüsü|çizimi)[.!]?$",
    "ar": r"^(?:صورة|صوره|رسم|لقطة)\s(?:ل|من|ت[ُظ]?ظهر|تبين|توضح|عن)",
    "ja": r"(?:の|を写した|が写った)(?:画像|写真|イラスト|図)(?:です)?[。.]?$|^(?:画像|写真|イラスト)[::]",
    "zh": r"(?:的|之)(?:图片|照片|图像|圖片|圖像|插图|插圖)[。.]?$|^(?:图片|照片|图像|圖片|圖像)(?:[::]|显示|顯示|展示)",
}
PHRASES = {code: re.compile(pattern, re.I) for code, pattern in _PHRASES.items()}

# Function words that are common in short descriptions; a word may stand in several rows
_WORDS = {
    "en": "the a an of in on with and at from by for its is are to into over under between before behind through their one two",
    "de": "der die das den dem des ein eine einen einem einer und mit von vom im in am auf aus bei vor hinter über unter "
    "zwischen für nach zu zur zum ist sind sich zwei",
    "fr": "le la les un une des du de et avec dans sur sous devant derrière entre pour par aux au est sont deux qui en",
    "es": "el la los las un una unos unas del de y con en sobre bajo ante tras entre para por al es son dos que",
    "it": "il lo la gli le un uno una del della dei delle di e con nel nella su sul sulla sotto davanti dietro tra "
    "per è sono due che",
    "pt": "o os as um uma uns umas do da dos das de e com no na nos nas sobre sob ante atrás entre para por ao é são dois que em",
    "nl": "de het een en met van op in aan uit bij voor achter boven onder tussen naar is zijn twee door die",
    "pl": "i z ze w we na pod nad przed za między przez dla do od jest są dwa dwie który która oraz się",
    "cs": "a s se v ve na pod nad před za mezi pro do od je jsou dva dvě který která u ke ze",
    "sv": "en ett den det de och med av på i under över bakom framför mellan till från är två som vid",
    "tr": "bir ve ile bu için üzerinde altında arasında önünde arkasında iki da de olan gibi içinde",
}
FUNCTION_WORDS = {code: frozenset(words.split()) for code, words in _WORDS.items()}

# Letters that a text in the language is written with
SCRIPTS = {
    "ar": re.compile(r"[\u0600-\u06ff\u0750-\u077f]"),
    "ja": re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
}

# What is written for a model, not for a reader
PROMPT = re.compile(
    r"\b(?:8k|4k\suhd|uhd|masterpiece|best\squality|(?:ultra|highly|insanely|hyper)[- ]?detailed|hyper[- ]?realistic|"
    r"photo[- ]?realistic|(?:trending\son\s)?artstation|octane\srender|unreal\sengine|cinematic\slighting|"
    r"volumetric\slight(?:ing)?|award[- ]winning|negative\sprompt|intricate\sdetails|sharp\sfocus|no\swatermark)\b"
    r"|--(?:ar|v|style|no|seed)\s?\S|<lora:|\([^()]{2,60}:\d\.\d+\)",
    re.I,
)

NAMELESS = re.compile(
    r"(?:img|dsc[nf]?|pxl|mvi|gopr|image|images|photo|picture|pict?|bild|foto|screen(?:shot|\sshot)?|bildschirmfoto|untitled|unnamed|"
    r"unbenannt|download|default|temp|test|hero|header|banner|cover|file|copy)?[\s_-]*(?:\(?\d[\d\s_.-]*\)?)?",
    re.I,
)
FILE_NAME = re.compile(r"\S+\.(?:avif|webp|jpe?g|png|gif|svg|tiff?|bmp)|(?:img|dsc[nf]?|pxl|screenshot)[\s_-]*\d[\d_-]*", re.I)

"""
The patterns of street lines: numbers, additions, street types, post boxes.

`street_readings.py` decides what is done with them. No pattern repeats something that can be read
in two ways, so that no line can make matching slow: the parts of an addition are tried one after
the other and never given back.
"""

import re

from app.domain import street_words as words

LETTER = r"[^\W\d_ºª]"
"""Any letter of any alphabet; the ordinal signs count as letters in Unicode, not here."""

_NUMBER = r"[1-9][0-9]{0,4}(?![0-9])"
"""A house number. A leading zero would not survive in an integer, so it makes no number."""

_MARKER = r"(?:n\.?[°º]\.?|no\.|nr\.?|n\.|n[uú]m\.)"
_REPEAT = r"(?:bis|ter|quater)"
_ROMAN = r"(?:I{1,3}|IV|V|VI{1,3}|IX|X)"
_ORDINAL = r"(?:\.?[ºª°]\.?|\.|[eè]me|[eè]re|er|e|ste|st|nd|rd|th|de)"
_AFTER_KEYWORDS = rf"(?:{words.KEYWORDS})"
_KEYWORDS = rf"(?:{words.KEYWORDS}|{words.MORE_KEYWORDS})"
_FLOOR = r"(?:[0-9]{0,2}\.?og|dg|eg|ug)"
_VALUE = (
    rf"(?: ?[0-9]{{1,4}}(?: ?{LETTER}|[-/][0-9]{{1,4}})?(?![\w.ºª°])"
    rf"| {LETTER}(?:-?[0-9]{{1,4}})?(?![\w.ºª°']))"
)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


HOUSE_NUMBER = _compiled(rf"(?:[ ,]|(?<=str\.))(?:(?P<marker>{_MARKER}) ?)?(?P<number>{_NUMBER})")
"""
A number that may be the house number of a number-last line, with its marker. `Str.12` without a
blank is so common in German that the dot counts as one.
"""

AFTER_KEYWORD = _compiled(rf"(?<!\w){_AFTER_KEYWORDS}\.?$")
"""Text that ends in an addition keyword: the number after it belongs to the keyword."""

SEPARATE_NUMBER = _compiled(r" [0-9]{1,3}(?![\w.ºª°])")

ADDITION_PARTS = (
    _compiled(r"(?:hs|huis|hoog|bs|rd|zw)(?!\w)"),
    _compiled(rf" ?- ?[0-9]{{1,5}}(?![0-9.ºª°]|{LETTER}{{2}})"),
    _compiled(r" t/m [0-9]{1,5}(?!\w)"),
    _compiled(rf"{LETTER}(?= ?/ ?[0-9])"),
    _compiled(
        rf"(?: ?/ ?(?:[0-9]{{1,4}}{LETTER}?|{LETTER}[0-9]{{0,4}}|{_REPEAT}|{_ROMAN}|{_FLOOR})"
        r"(?![\w.ºª°]))+"
    ),
    _compiled(rf" ?-? ?{LETTER}(?:-?[0-9]{{1,4}})?(?![\w.']|/{LETTER})"),
    _compiled(rf" ?-? ?{_REPEAT}(?: [a-z](?![\w.']))?(?!\w)"),
    _compiled(rf" ?-? ?{_ROMAN}(?!\w| {LETTER})"),
    _compiled(r" [1-9]/[2-9](?![\w/])"),
    SEPARATE_NUMBER,
)
"""What may follow a house number, each at most once and in this order."""

ADDITION_GROUPS = (
    _compiled(
        rf"[ ,/-]+(?:[0-9]{{1,3}}{_ORDINAL}? ?-?|{_ROMAN} )?{_KEYWORDS}\.?(?!{LETTER}|/)"
        rf"(?:{_VALUE})?",
    ),
    _compiled(
        rf"[ ,-]+[0-9]{{1,2}}\.?[ºª°]\.?(?:[ ,-]*(?:[0-9]{{1,2}}[ºª°]?|{LETTER})(?![\w.ºª°]))?"
    ),
    _compiled(r"[ ,]+[0-9]{1,2}(?:er|n|r|t|è|a)\.? [0-9]{1,2}a(?!\w)"),
    _compiled(r" ?, ?[0-9]{1,2}\.(?: ?[0-9]{1,3})?(?![\w.ºª°])"),
)
"""Keyword groups (`bus 1A`, `2. OG`) and doors (`3º B`, `2n 1a`, `2. 14`), any number of them."""

TRAILING_GROUP_START = re.compile(r" (?=[^ ])")

NUMBER_FIRST = _compiled(
    rf"(?:(?P<marker>{_MARKER}) ?)?(?P<number>{_NUMBER})"
    r"(?P<addition>(?: ?- ?[0-9]{1,5}(?![0-9]))?(?: ?(?:[a-qs-z](?![\w'])"
    rf"|r(?=,| (?:{words.STREET_BEGINNINGS})(?!\w))))?"
    rf"(?: ?/ ?[0-9]{{1,4}}(?![0-9]))?(?: ?{_REPEAT}(?!\w)(?: [a-z](?=[ ,]))?)?)"
    rf"(?: ?, ?| )(?P<street>{LETTER}.*)"
)
NUMBER_FIRST_START = _compiled(rf"(?<=[ ,])(?:{_MARKER} ?)?[1-9]")
ORDINAL_START = _compiled(rf"[0-9]+{_ORDINAL}(?!\w| ?,)")
ORDINAL_AFTER = _compiled(rf"{_ORDINAL}(?!\w)")

STREET_BEGINNING = _compiled(rf"(?:{words.STREET_BEGINNINGS})(?!\w)")
STREET_ENDING = _compiled(rf"(?<!\w)(?:{words.STREET_ENDINGS})\.?$")
ANY_STREET_BEGINNING = _compiled(
    rf"(?:(?:{words.STREET_BEGINNINGS}|{words.MORE_STREET_BEGINNINGS})(?!\w)|c/(?!o))"
)
ANY_STREET_ENDING = _compiled(
    rf"(?:(?<!\w)(?:{words.STREET_ENDINGS})|(?:{words.MORE_STREET_ENDINGS}))\.?$"
)
STREET_TYPE_ALONE = _compiled(
    rf"(?:{words.STREET_BEGINNINGS}|{words.MORE_STREET_BEGINNINGS}|{words.STREET_ENDINGS}"
    rf"|{words.MORE_STREET_ENDINGS})\.?"
)
"""A whole street text that is a type of street and no name."""
NAME_FOLLOWS = _compiled(rf"(?:{words.STREET_BEGINNINGS}|{words.MORE_STREET_BEGINNINGS})\.?")
"""A type of street that its name stands behind: `Piazza 5 Giornate`, while a `Markt` has none."""

GENERIC_STREET = _compiled(rf"(?:{words.GENERIC_STREETS})\.?")
NAMELESS = _compiled(rf"(?:{words.NAMELESS})\.?")
CONNECTIVE_ENDING = _compiled(
    r"(?:(?<!\w)(?:de|du|des|la|le|les|of|the|van|der|den|het|do|da|dos|des|del|della|von|zum"
    r"|of the|lat|las|los|en|y|i)|[dl]')$"
)
"""Text after which a number belongs to the street's name: `Rue du 4 Septembre`."""
MARKER_ENDING = _compiled(rf"{_MARKER} ?$")

SQUARE_OF_MANNHEIM = _compiled(r"[a-u] ?[1-7]")
"""A block of that city, which stands in the street's place."""

UNIT_ENDING = _compiled(
    rf"(?:(?<![^\W\d_])(?:{words.UNITS}|{words.ROADS})|^(?:{words.NUMBERED_ROADS}))\.?[ ,]*$"
)
_LABEL = (
    rf"(?:{words.KEYWORDS}|{words.MORE_KEYWORDS}|{words.UNITS}|{words.ROADS}"
    rf"|{words.NUMBERED_ROADS})\.?"
)
LABEL = _compiled(_LABEL)
LABEL_ENDING = _compiled(rf"(?<!\w){_LABEL}[ ,]*$")
"""Text that ends in a word to which the number behind it belongs."""

RANGE_WORD_START = _compiled(r"(?:à|a|et|en|und|and|to|tot|y|e|i|og|och|t/m) +[0-9]")
LOOSE_NUMBER = re.compile(rf"(?<![\w./-])(?P<number>[0-9]+)(?![0-9])(?P<after>{LETTER}*)")
NUMBER_WITH_LETTER_END = re.compile(rf"(?<![\w./-])[0-9]+ ?{LETTER}$")
GLUED_NUMBER = re.compile(rf"{LETTER}{{3}}[0-9]")
POSTAL_CODE = re.compile(r"(?<!\w)[A-Z]{1,2}-[0-9]{4,5}(?!\w)")
POSTAL_CODE_SIZE = 10_000

POST_BOX = _compiled(
    r"(?:(?<!\w)(?:(?P<locker>packstation|postfiliale)|postbus|postfach|bo[iî]te postale"
    r"|p\.? ?o\.? ?box|post office box|casella postale|postboks|skr(?:ytka)?\.? poczt(?:owa)?\.?"
    rf"|(?:apartado(?: de correos)?|apdo\.?|b\.? ?p\.?)(?= ?(?:{_MARKER} ?)?[0-9])"
    r"|cs(?= ?[0-9]{5}(?![0-9])))|^box(?= [0-9]+(?:$|[ ,])))"
    rf"(?!{LETTER})(?:[ .:]*(?:{_MARKER} ?)?[0-9]+(?:[ .][0-9]+)*)?"
)

LAST_WORD = _compiled(rf"(?P<word>{LETTER}+)\.?(?: del?)?[ ,]*$")
"""The last word of a text, looking over the Spanish and Portuguese `de` before a year."""

NEXT_WORD = _compiled(rf"\.?(?: ?[ºª°])? (?:de )?(?P<word>{LETTER}+)")
"""The word behind a day: `8 Mai`, `2 de Mayo`, `1º Maggio`."""

"""
The vocabulary of street lines: number markers, addition keywords, months, street types, post boxes.

Only words and patterns; `address.py` decides what is done with them. No pattern repeats something
that can be read in two ways, so that no line can make matching slow: the parts of an addition are
tried one after the other and never given back.
"""

import re

LETTER = r"[^\W\d_ºª]"
"""Any letter of any alphabet; the ordinal signs count as letters in Unicode, not here."""

_NUMBER = r"[1-9][0-9]{0,4}(?![0-9])"
"""A house number. A leading zero would not survive in an integer, so it makes no number."""

_MARKER = r"(?:n\.?[°º]\.?|no\.|nr\.?|n\.|n[uú]m\.)"
_REPEAT = r"(?:bis|ter|quater)"
_ROMAN = r"(?:I{1,3}|IV|V|VI{1,3}|IX|X)"
_ORDINAL = r"(?:\.?[ºª°]\.?|\.|[eè]me|[eè]re|er|e|ste|st|nd|rd|th|de)"
_KEYWORDS = (
    r"(?:bus|bte|bo[iî]te|box|b(?=\.)|app|appt|appartement|apt|apartment|flat|int|interno|scala"
    r"|piso|planta|puerta|esc|[eé]tage|floor|fl|suite|unit|top|stiege|stg|stock|t[uü]r|wohnung"
    r"|og|eg|hs|huis|hoog|verdieping|links|rechts|boven|beneden|dcha|izda|izq|esq|dto|dir|th|tv|mf"
    r"|b[aâ]timent|b[aâ]t|lok|m(?=\.)|bis|ter|quater)"
)
_VALUE = (
    rf"(?: ?[0-9]{{1,4}}(?: ?{LETTER}|[-/][0-9]{{1,4}})?(?![\w.ºª°])"
    rf"| {LETTER}(?:-?[0-9]{{1,4}})?(?![\w.ºª°']))"
)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


HOUSE_NUMBER = _compiled(rf"[ ,](?:{_MARKER} ?)?(?P<number>{_NUMBER})")
"""A number that may be the house number of a number-last line, with its marker."""

AFTER_KEYWORD = _compiled(rf"(?<!\w){_KEYWORDS}\.?$")
"""Text that ends in an addition keyword: the number after it belongs to the keyword."""

SEPARATE_NUMBER = _compiled(r" [0-9]{1,3}(?![\w.ºª°])")

ADDITION_PARTS = (
    _compiled(rf" ?- ?[0-9]{{1,5}}(?![0-9.ºª°]|{LETTER}{{2}})"),
    _compiled(
        rf"(?: ?/ ?(?:[0-9]{{1,4}}{LETTER}?|{LETTER}[0-9]{{0,4}}|{_REPEAT}|{_ROMAN})(?![\w.ºª°]))+"
    ),
    _compiled(rf" ?-? ?{LETTER}(?:-?[0-9]{{1,4}})?(?![\w.'])"),
    _compiled(rf" ?-? ?{_REPEAT}(?!\w)"),
    _compiled(rf" ?-? ?{_ROMAN}(?!\w)"),
    SEPARATE_NUMBER,
)
"""What may follow a house number, each at most once and in this order."""

ADDITION_GROUPS = (
    _compiled(
        rf"[ ,/-]+(?:[0-9]{{1,3}}{_ORDINAL}? ?)?{_KEYWORDS}\.?(?!{LETTER})(?:{_VALUE})?",
    ),
    _compiled(
        rf"[ ,-]+[0-9]{{1,2}}\.?[ºª°]\.?(?:[ ,-]*(?:[0-9]{{1,2}}[ºª°]?|{LETTER})(?![\w.ºª°]))?"
    ),
)
"""Keyword groups (`bus 1A`, `2. OG`) and doors (`3º B`), which may follow in any number."""

NUMBER_FIRST = _compiled(
    rf"(?:{_MARKER} ?)?(?P<number>{_NUMBER})"
    r"(?P<addition>(?: ?- ?[0-9]{1,5}(?![0-9]))?(?: ?[a-z](?![\w']))?"
    rf"(?: ?/ ?[0-9]{{1,4}}(?![0-9]))?(?: ?{_REPEAT}(?!\w))?)"
    rf"(?: ?, ?| )(?P<street>{LETTER}.*)"
)
NUMBER_FIRST_START = _compiled(rf"(?<=[ ,])(?:{_MARKER} ?)?[1-9]")
ORDINAL_START = _compiled(rf"[0-9]+{_ORDINAL}(?!\w)")

STREET_BEGINNING = _compiled(
    r"(?:rue|ruelle|avenue|av|boulevard|blvd|bld|bd|place|chemin|ch|route|rte|impasse|imp"
    r"|all[eé]es?|quai|cours|square|passage|chauss[eé]e|esplanade|faubourg|mont[eé]e|promenade"
    r"|sentier|traverse|venelle|voie|rond-point)(?!\w)"
)
STREET_ENDING = _compiled(
    r"(?<!\w)(?:street|st|road|rd|lane|drive|close|way|mews|terrace|avenue|ave|gardens|row|square"
    r"|court|crescent|grove|place)\.?$"
)

POST_BOX = _compiled(
    r"(?<!\w)(?:(?P<locker>packstation|postfiliale)|postbus|postfach|bo[iî]te postale"
    r"|p\.? ?o\.? ?box|post office box|casella postale"
    rf"|(?:apartado(?: de correos)?|b\.? ?p\.?)(?= ?(?:{_MARKER} ?)?[0-9]))"
    rf"(?!{LETTER})(?:[ .:]*(?:{_MARKER} ?)?[0-9]+(?:[ .][0-9]+)*)?"
)

# Of every language the warehouse knows, written without accents.
_MONTH_WORDS = """
    januari februari maart april mei juni juli augustus september oktober november december
    januar februar marz mai dezember marts maj august january february march may june july
    october janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre dicembre enero
    febrero abril mayo junio julio septiembre setiembre octubre noviembre diciembre janeiro
    fevereiro marco maio junho julho setembro outubro novembro dezembro ledna unora brezna
    dubna kvetna cervna cervence srpna zari rijna listopadu prosince stycznia lutego marca
    kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia
"""
MONTHS = frozenset(_MONTH_WORDS.split())
LAST_WORD = _compiled(rf"(?P<word>{LETTER}+)\.?(?: del?)?[ ,]*$")
"""The last word of a text, looking over the Spanish and Portuguese `de` before a year."""

"""
Countries, postcodes and languages: what is tidied, what is checked, which language fits.

The rules are those of docs/rules/places.md. Nothing here knows what the warehouse offers; the
caller compares.
"""

import re

_EU_MEMBERS = """
    AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK
"""
EU_MEMBERS = frozenset(_EU_MEMBERS.split())
"""Where goods go without customs papers."""

HOUSE_NUMBER_COUNTRIES = frozenset({"NL", "BE", "DE"})
"""The warehouse ships nothing to these without a house number."""

FALLBACK_LANGUAGE = "EN"

_VEHICLE_CODES = {"AT": "A", "BE": "B", "DE": "D", "ES": "E", "FR": "F", "IT": "I", "LU": "L"}
_PREFIX_BELONGS = {"LT", "LV"}
"""Where the national postcode itself is written with the country in front."""

_FOUR_DIGITS = re.compile(r"[0-9]{4}")
_FIVE_DIGITS = re.compile(r"[0-9]{5}")
_POSTAL_CODE_FORMS = {
    "NL": re.compile(r"[0-9]{4}[A-Z]{2}"),
    **dict.fromkeys(("BE", "LU", "AT", "DK"), _FOUR_DIGITS),
    **dict.fromkeys(("DE", "FR", "IT", "ES"), _FIVE_DIGITS),
}
_SPECIAL_POSTAL_CODES = {
    "FR": re.compile(r"9[78].*"),  # overseas
    "ES": re.compile(r"(?:35|38|51|52).*"),  # Canary Islands, Ceuta, Melilla
    "IT": re.compile(r"23041|22061"),  # Livigno, Campione d'Italia
    "DE": re.compile(r"27498|78266"),  # Heligoland, Büsingen
    "GB": re.compile(r".*"),
}
_LANGUAGES = {
    **{same: same for same in ("NL", "ES", "PT", "IT", "PL")},
    **dict.fromkeys(("DE", "AT", "LI"), "DE"),
    **dict.fromkeys(("FR", "LU", "MC"), "FR"),
    **dict.fromkeys(("SM", "VA"), "IT"),
    "DK": "DA",
    "CZ": "CS",
}


def tidy_country(country_code: str | None) -> str:
    """Return the country code in upper case, empty where there is none."""
    return (country_code or "").strip().upper()


def tidy_postal_code(postal_code: str | None, country_code: str) -> str:
    """
    Return the postcode in upper case and without a country prefix such as `B-` or `NL-`.

    A Dutch one loses its blank. Anything else stays as it is: a wrong postcode is for a person.
    """
    text = (postal_code or "").strip().upper()
    if country_code and country_code not in _PREFIX_BELONGS:
        for prefix in (country_code, _VEHICLE_CODES.get(country_code, country_code)):
            if re.match(rf"{re.escape(prefix)}[ -]", text):
                text = text[len(prefix) :].lstrip(" -")
    return "".join(text.split()) if country_code == "NL" else text


def has_postal_code_form(postal_code: str, country_code: str) -> bool:
    """Tell whether a tidied postcode looks like one of its country, where that is known."""
    form = _POSTAL_CODE_FORMS.get(country_code)
    return form is None or form.fullmatch(postal_code) is not None


def is_special_territory(postal_code: str, country_code: str) -> bool:
    """Tell whether a tidied postcode lies where customs rules differ from its country's."""
    special = _SPECIAL_POSTAL_CODES.get(country_code)
    return special is not None and special.fullmatch(postal_code) is not None


def preferred_languages(
    country_code: str, postal_code: str, brussels_language: str
) -> tuple[str, ...]:
    """Return the language codes fit for a tidied postcode, best first, English always last."""
    if country_code == "BE":
        chosen = _belgian_languages(postal_code, brussels_language)
    elif country_code == "CH":
        chosen = (_swiss_language(postal_code),)
    elif country_code in _LANGUAGES:
        chosen = (_LANGUAGES[country_code],)
    else:
        chosen = ()
    return (*chosen, FALLBACK_LANGUAGE)


def _belgian_languages(postal_code: str, brussels_language: str) -> tuple[str, ...]:
    if not _FOUR_DIGITS.fullmatch(postal_code):
        return ()
    code = int(postal_code)
    if 1000 <= code <= 1299:
        return (brussels_language,)
    if 4700 <= code <= 4791:
        return ("DE", "FR")
    if 1500 <= code <= 3999 or 8000 <= code <= 9999:
        return ("NL",)
    return ("FR",)


def _swiss_language(postal_code: str) -> str:
    if re.match(r"1|2[0-46-9]", postal_code):
        return "FR"
    return "IT" if re.match(r"6[5-9]", postal_code) else "DE"

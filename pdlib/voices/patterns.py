"""What personal data look like when somebody types them: one compiled pass, and a check of each find."""

from __future__ import annotations

import re
from collections.abc import Callable

KINDS = ("email", "link", "iban", "card", "phone", "id", "postcode", "address", "handle", "date", "name")
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")
INVISIBLE = (
    r"[\x{00AD}\x{0300}-\x{036F}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}\x{FF01}-\x{FF5E}"
    r"\x{1D400}-\x{1D7FF}]"
)

_DOMAIN_ENDS = (
    "com|org|net|edu|gov|info|biz|app|dev|shop|store|online|site|eu|uk|ie|de|fr|es|it|nl|pl|ch|ca|au|us|io|ly|gl"
)
_LINK_ENDS = "com|org|net|edu|gov|info|biz|co\\.uk|org\\.uk|ac\\.uk|eu|ie|de|fr|nl|pl|ch|io"
_GAP = r"[\s().\-/\u2010-\u2015\u2212·]"
_FIRST = r"(?:\(\+?\d{1,5}\)|\+?\d)"
_EXTENSION = "extension|ext|durchwahl|poste"
# Letters that follow a long number without a space, but not those of "3rd" or "10am".
_GLUED = r"(?!(?:st|nd|rd|th|am|pm|mins?|hrs?|h)\b)[^\W\d_]"
_DIGIT_WORD = "zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|treble"
_REFERENCES = (
    "order|ref|reference|ticket|booking|case|invoice|account|customer|client|member|membership|policy|repair|job|claim|"
    "serial|imei|passport|licen[cs]e|confirmation|tracking|nhs|ssn|auftrag|auftragsnummer|bestellung|bestellnummer|"
    "kundennummer|rechnung|rechnungsnummer|commande|dossier|facture|pedido|factura|ordine|zamówienie"
)
_NUMBER_WORD = r"(?:is|was|no|nr|num|number|nummer|numéro|número|numer|id|code|ref|reference)\b\.?|n°|[:#=.\-]"
_PLATFORMS = "insta|instagram|ig|twitter|tiktok|snapchat|snap|facebook|fb|telegram|skype|linkedin|discord|mastodon"
_STREETS = "street|st|road|rd|avenue|ave|lane|ln|drive|close|court|crescent|gardens|grove|terrace|square|boulevard|blvd"

# Which texts are worth the pass; RE2, for the whole column at once.
WORTH_A_LOOK = (
    r"@|\pN(?:[^\pN]{0,3}\pN){3}|\pL\pN|\pN[a-z]?,? +(?:\p{Lu}|(?i:rue|avenue|calle|via)\b)|"
    r"(?i:\b(?:no|nr|number|nummer|id)\b|[#:=])[\s.:#]*\pN{3}|(?i:\bwww\b|https?:|\bdot\b|\(at\)|\[at\]|\{at\}|<at>|straße|strasse)|\.(?i:"
    + _DOMAIN_ENDS
    + r")\b|"
    r"(?i:(?:\b(?:"
    + _DIGIT_WORD
    + r")\b[\s,.\-]*){6,})|(?i:\b(?:u/|(?:"
    + _PLATFORMS
    + r")\b))|(?i:\bat (?:gmail|hotmail|"
    r"yahoo|outlook|icloud|gmx)\b)"
)

_IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip
_COUNTRY = rf"(?ai:{'|'.join(_IBAN_LENGTH)})"
_IBAN = re.compile(rf"\b{_COUNTRY}\d{{2}}(?:[\s.\-]?(?!{_COUNTRY}\d\d[\s.\-])[A-Za-z0-9]){{11,30}}")

_PARTS = {
    "email": (
        r"[\"“][^\"“”\n]{1,60}[\"”] ?@ ?[\w\-]+(?:\.[\w\-]+)+"
        r"|[\w.+%'’\-]+ ?@ ?[\w\-]+(?: ?\. ?[^\W\d_]{2,}\b(?! [^\W\d_]+@)|\.[\w\-]+)*"
        r"|[\w.+\-]+\s*[\[({<]\s*(?:at|@|ät)\s*[\])}>]\s*[\w\-]+(?:\s*(?:\.|[\[({<]\s*(?:dot|\.|punkt)\s*[\])}>]|\bdot\b)\s*[\w\-]+)*"
        rf"|[\w.+\-]+\s*[\[({{<]\s*a\s*[\])}}>]\s*(?:[\w\-]+\.)+(?:{_DOMAIN_ENDS})\b"
        r"|[\w.+\-]+(?:\s+(?:dot|underscore|dash|hyphen)\s+[\w.+\-]+)*\s+at\s+(?:[\w\-]+(?:\s+dot\s+[\w\-]+)+"
        rf"|[\w\-]+\.(?:{_DOMAIN_ENDS})\b(?:\.[a-z]{{2}}\b)?|(?:gmail|hotmail|yahoo|outlook|icloud|gmx)\b)"
    ),
    "link": (
        r"\bhttps?:\s*//\S+|\bwww\s?\.\s?\S+"
        rf"|\b[a-z0-9](?:[\w\-]*\w)?(?:\.[\w\-]+)*\.(?:(?:{_LINK_ENDS})\b(?:/\S*)?|(?:{_DOMAIN_ENDS})/\S+)"
    ),
    "postcode": (
        r"\b[a-z]{1,2}\d[a-z\d]?\s?\d[abd-hjlnp-uw-z]{2}\b"
        r"|\b[abceghj-nprstvxy]\d[abceghj-nprstv-z][ \-]?\d[abceghj-nprstv-z]\d\b"
        r"|\b(?:plz|zip|zip code|postcode|postal code|code postal|cp|cap)\b[\s:]*(?:is\s+)?\d{4,5}(?:-\d{4})?\b"
        r"|\b(?-i:[A-Z]{2}) \d{5}(?:-\d{4})?\b|\b(?-i:[A-Z])-\d{4,5}\b"
        r"|\b\d{5} (?-i:[A-ZÄÖÜ][a-zäöüß]{2,})|\b(?!(?:19|20)\d\d)\d{4} ?(?-i:[A-Z]{2})\b"
    ),
    "address": (
        rf"\b\d{{1,4}}[a-z]?,?\s+(?-i:[A-Z])[\w'’]+(?:\s+(?-i:[A-Z])[\w'’]+)?\s+(?:{_STREETS})\b\.?"
        r"|\b(?-i:[A-ZÄÖÜ])\w+(?:straße|strasse|str\.|weg|gasse|allee)\s+\d{1,4}[a-z]?\b"
        r"|\b\d{1,4},?\s+(?:rue|avenue|boulevard|calle|via)\s+(?:(?:de|du|des|la|le|del)\s+)*(?-i:[A-ZÉ])\w+"
    ),
    "handle": (
        r"(?<![\w@.])@[a-z_][\w.]+|\bu/\w{3,}"
        rf"|\b(?:{_PLATFORMS})\b(?:\s+(?:handle|name|user|username|account|is|me|at|:))*\s*[:=@]?\s*(?=[\w.]*[_\d.]\w)[a-z][\w.]{{2,}}"
    ),
    "date": (
        r"\b(?:born|dob|d\.o\.b\.?|date of birth|birthday|geboren|née?)\b[\s:]*(?:on|is|am|le)?\s*"
        r"\d{1,4}[./\-\s]\w{1,9}[./\-\s]\d{2,4}"
    ),
    "reference": (
        rf"\b(?:{_REFERENCES})\b\s*(?:(?:{_NUMBER_WORD})\s*){{0,4}}(?=[\w/\-]*\d)[a-z0-9][\w/\-]{{2,}}"
        r"(?: \d{4,}\b)*|#\s?\d{3,}\b"
    ),
    "mixed": r"\b(?=[a-z0-9_/\-]*\d)(?=[0-9_/\-]*[a-z])[a-z0-9]+(?:[\-/_][a-z0-9]+)*\b",
    "spelled": rf"(?:\b(?:{_DIGIT_WORD})\b[\s,.\-]*){{7,}}",
    "number": (
        rf"(?<![\w,£$€])(?<!\d\.)(?:{_FIRST}(?:{_GAP}{{0,3}}\d){{8,}}(?={_GLUED})"
        rf"|{_FIRST}(?:{_GAP}{{0,3}}\d)+(?!\w))(?:\s?(?:{_EXTENSION})\.?\s?\d{{1,6}}\b)?"
    ),
}


_PERSONAL = re.compile("|".join(f"(?P<{kind}>{part})" for kind, part in _PARTS.items()), re.IGNORECASE)
_TIME = re.compile(
    r"\d{1,4}[./\-]\d{1,2}([./\-]\d{1,4})?|\d{1,2}[./]\d{2}\s*-\s*\d{1,2}[./]\d{2}|(19|20)\d\d\s?[/\-]\s?(19|20)?\d\d"
)
_PAIRS = re.compile(r"\d\d([ .\-])\d\d(?:\1\d\d){2,}")  # as Danes write a telephone number


def without_numbers(text: str) -> str:
    """Put placeholders in place of numbers, addresses and the like; account numbers first, for they are checked."""
    return _PERSONAL.sub(_placeholder, _IBAN.sub(lambda match: _iban(match.group()), text))


def _placeholder(match: re.Match[str]) -> str:
    """What stands in place of a find: a placeholder, or the find itself if it is no personal datum after all."""
    kind = str(match.lastgroup)
    return _CHECKS.get(kind, lambda _: f"[{kind}]")(match.group())


def _iban(found: str) -> str:
    """Check digits by ISO 7064 over the length that the country uses; what follows the number stays."""
    length = _IBAN_LENGTH[found[:2].upper()]
    places = [place for place, character in enumerate(found) if character.isalnum()]
    end = places[min(length, len(places)) - 1] + 1
    compact = re.sub(r"\W", "", found[:end]).upper()
    digits = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    if len(compact) == length and int(digits) % 97 == 1:
        return "[iban]" + found[end:]
    return found


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others, as on payment cards."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _number(found: str) -> str:
    groups = re.findall(r"\d+", found)
    digits = "".join(groups)
    if len(digits) < 6 or _TIME.fullmatch(found.strip()):
        return found
    if all(len(group) == 4 and group[:2] in ("19", "20") for group in groups):
        return found
    if 13 <= len(digits) <= 19 and luhn(digits):
        return "[card]"
    if len(groups) == 1:
        return "[phone]" if found.lstrip("(").startswith(("0", "+")) and len(digits) >= 9 else "[id]"
    if _PAIRS.fullmatch(found):
        return "[phone]"
    written_apart = max(map(len, groups)) >= 3 or (found.lstrip("(")[0] in "0+" and len(digits) >= 9)
    return "[phone]" if len(digits) >= 7 and written_apart else found


def _mixed(found: str) -> str:
    """Letters and digits in one: an order or account number if there is much of it, else a model or a size."""
    digits = sum(character.isdigit() for character in found)
    return "[id]" if digits >= 5 or (digits >= 4 and len(found) >= 8) else found


def _reference(found: str) -> str:
    """Keep the word, take out what follows it, unless that is a short plain number such as one's place in a queue."""
    token = re.search(r"(?=[\w/\-]*\d)[\w/\-]+(?: \d{4,})*$", found)
    if token is None:
        return found
    value = token.group().lstrip("-/")
    digits = sum(character.isdigit() for character in value)
    long_enough = digits >= 4 or (digits >= 2 and not value.isdigit() and len(value) >= 4)
    ordinal = re.fullmatch(r"\d+(?:st|nd|rd|th|am|pm|mins?|hrs?|days?|weeks?|gb|kg|km)", value, re.IGNORECASE)
    explicit = digits >= 3 and bool(
        re.search(r"[:#]|\b(?:no|nr|number|nummer|id)\b", found[: token.start()], re.IGNORECASE)
    )
    return f"{found[: token.start()]}[id]" if (long_enough or explicit) and not ordinal else found


def _postcode(found: str) -> str:
    return found if re.fullmatch(r"[a-z]{1,2}\d+\s\d(?:st|nd|rd|th)", found) else "[postcode]"


_CHECKS: dict[str, Callable[[str], str]] = {
    "number": _number, "mixed": _mixed, "reference": _reference, "postcode": _postcode,
    "spelled": lambda _: "[phone] ",
}  # fmt: skip

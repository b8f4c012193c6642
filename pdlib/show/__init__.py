"""What a person sees: figures, tables, wording and cards. Takes frames and plain values, knows no statistics."""

from pdlib.show import figures, formats, wording
from pdlib.show.blocks import caveats, findings, glossary, kicker, overview, quote, result, standfirst
from pdlib.show.cards import Side, practice_card, twin_card
from pdlib.show.formats import OutcomeFormat
from pdlib.show.html import Html, element, text
from pdlib.show.sheets import Station, printable, visit_sheet
from pdlib.show.svg import figure
from pdlib.show.tables import table

__all__ = [
    "Html",
    "OutcomeFormat",
    "Side",
    "Station",
    "caveats",
    "element",
    "figure",
    "figures",
    "findings",
    "formats",
    "glossary",
    "kicker",
    "overview",
    "practice_card",
    "printable",
    "quote",
    "result",
    "standfirst",
    "table",
    "text",
    "twin_card",
    "visit_sheet",
    "wording",
]

"""Which way is good: asked where it is not declared and what is counted is mostly unwelcome."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pdlib.observations.durations import SPANS
from pdlib.study import Answer, Outcome, Study

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

# Beginnings of words for what one wants less of: English, German, French, Spanish.
_STEMS = (
    "complain", "delay", "error", "fault", "waiting", "waited", "queue", "defect", "churn", "sick", "infect", "readmi",
    "overdue", "cancel", "incident", "accident", "injur", "mortal", "death", "died", "damage", "absen", "outage",
    "breakdown", "refund", "failure", "failed", "reject", "abandon", "dropout", "rework", "scrap", "waste", "theft",
    "shrink", "arrear", "escalat", "dissatisf", "unhappy", "detractor", "attrition", "no_show", "violation", "crime",
    "mistake", "fehl", "warte", "mangel", "mängel", "krank", "infekt",
    "unfall", "unfäll", "verlust", "kosten", "sturz", "stürz",
    "rückstand", "retour", "plainte", "réclam", "reclam", "retard", "erreur", "défaut", "attente", "annul", "panne",
    "coût", "maladie", "chute", "queja", "retraso", "caída", "avería", "ausen", "demora",
    "turnaround", "downtime", "durchlauf", "verweildauer", "liegezeit", "délai",
)  # fmt: skip
# German ones that stand within a word too: Kundenbeschwerden, Lieferverspätung.
_WITHIN = (
    "beschwerde", "verspät", "verspaet", "wartezeit", "ausfall", "ausfäll", "reklam", "kündig", "kuendig", "storn",
)  # fmt: skip
# Words that mean so only as a whole: "fall" and not "fallback".
_WHOLE = (
    "wait", "waits", "espera", "late", "lateness", "fall", "falls", "fallen", "cost", "costs", "return", "returns",
    "returned", "lost", "losses", "debt", "missed", "bugs", "response_time", "lead_time", "handling_time",
    "length_of_stay", "cycle_time", "processing_time", "waiting_time", "time_to", "spät",
)  # fmt: skip
# Words that turn it round: complaints answered, free of errors, customers who returned.
_TURNED = re.compile(
    r"\b(no|not|without|free|less|fewer|under|within|below|resolved|solved|answered|avoided|prevented|saved|handled|"
    r"recovered|reduced|closed|on_time|customers?|guests?|visitors?|visits?|investment|kein\w*|ohne|frei|gelöst|"
    r"sans|résolu\w*|évité\w*|sin|resuelt\w*|evitad\w*)\b"
)
_BAD = re.compile(rf"\b(?:{'|'.join(_STEMS)})\w*|\b(?:{'|'.join(_WHOLE)})\b|\b\w*(?:{'|'.join(_WITHIN)})\w*")
# Length of stay; in Spanish "los" is an article.
_STAY = re.compile(r"(?<![A-Za-z])LOS(?![A-Za-z])")
_STAY_ALONE = re.compile(r"(?:(?:avg|mean|median|average) )?los(?: (?:avg|mean|median|average|days?|hours?|h))?")
# Who may return, and is welcome.
_WHO = frozenset(["customer", "customers", "guest", "guests", "visitor", "visitors", "visit", "visits", "investment"])
_ONLY_RETURNS = re.compile(r"\breturn(s|ed)?\b")


def unwelcome(text: str) -> str:
    """The word in a label or column for what one wants less of; "" if there is none, or another word turns it round."""
    spaced = re.sub(r"(?<=[a-zäöüßé])(?=[A-ZÄÖÜ])", " ", text).lower()
    words = re.sub(r"[\W_]+", " ", spaced)
    if _STAY.search(text) or _STAY_ALONE.fullmatch(words.strip()):
        words = re.sub(r"\blos\b", "length of stay", words)
    for phrase in (
        "on time", "no show", "response time", "lead time", "handling time", "length of stay", "cycle time",
        "processing time", "waiting time", "time to",
    ):  # fmt: skip
        words = re.sub(rf"\b{phrase}\b", phrase.replace(" ", "_"), words)
    found = _BAD.search(words)
    if found is None:
        return ""
    rest = words[: found.start()] + words[found.end() :]
    turned = _TURNED.search(rest)
    welcome = turned and (turned.group(1) not in _WHO or _ONLY_RETURNS.match(found.group()))
    return "" if welcome else found.group().replace("_", " ")


def ask_direction(study: Study, sheet: Sheet) -> None:
    """Ask for ``better`` where events are counted, or the name is of what one wants less of; doubt "higher" there."""
    for outcome in study.outcome:
        spans = any(note.startswith(SPANS) for note in sheet.notes.get(outcome.amount, ()))
        word = next((w for text in (outcome.label, outcome.name, outcome.amount) if (w := unwelcome(text))), "")
        if outcome.better is None and (outcome.kind == "rate" or word or spans):
            _ask(sheet, outcome, word, spans=spans)
        elif outcome.better == "higher" and word:
            found = f"{outcome.label!r} is declared to be better the higher it is, and {word!r} sounds otherwise."
            answer = Answer("outcome", {"better": "lower"}, of=outcome.name, meaning="if fewer are better")
            sheet.doubt(outcome.amount, found, "If it is not so:", code="direction", answers=[answer])


def _ask(sheet: Sheet, outcome: Outcome, word: str, *, spans: bool) -> None:
    why = "a long span of time" if spans else "what is counted as events"
    why = f"{repr(word) if word else why} is usually unwelcome"
    found = f"the study does not say whether more or less of {outcome.label!r} is better, and {why}."
    answers = [
        Answer("outcome", {"better": better}, of=outcome.name, meaning=f"{better} is better")
        for better in ("lower", "higher")
    ]
    sheet.ask(outcome.amount, found, answers, fix="Say", code="direction")

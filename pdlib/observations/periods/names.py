"""Names of months, weekdays, seasons and sums, as people write them in six languages."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "nl": "Dutch", "it": "Italian",
}  # fmt: skip

# Twelve names a language, each with its short forms behind it; without dots and in lower case.
_NAMES = {
    "en": "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|"
    "october oct|november nov|december dec",
    "de": "januar jan jän jänner|februar feb feber|märz mär mrz maerz|april apr|mai|juni jun|juli jul|august aug|"
    "september sep sept|oktober okt|november nov|dezember dez",
    "fr": "janvier janv jan|février févr fév fevrier fevr fev|mars mar|avril avr|mai|juin|juillet juil|août aout aoû|"
    "septembre sept sep|octobre oct|novembre nov|décembre déc decembre dec",
    "es": "enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|agosto ago|septiembre setiembre sep "
    "sept set|octubre oct|noviembre nov|diciembre dic",
    "nl": "januari jan|februari feb|maart mrt maa|april apr|mei|juni jun|juli jul|augustus aug|september sep sept|"
    "oktober okt|november nov|december dec",
    "it": "gennaio gen|febbraio feb|marzo mar|aprile apr|maggio mag|giugno giu|luglio lug|agosto ago|"
    "settembre set sett|ottobre ott|novembre nov|dicembre dic",
}
MONTHS: dict[str, dict[str, int]] = {}  # by name: the month in each language that has it
for _language, _names in _NAMES.items():
    for _number, _spellings in enumerate(_names.split("|"), start=1):
        for _name in _spellings.split():
            MONTHS.setdefault(_name, {})[_language] = _number

SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

WEEKDAYS = _words(
    "mon tue tues wed weds thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday "
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
    "lun mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche "
    "mié jue vie sáb dom lunes martes miércoles jueves viernes sábado domingo "
    "ma wo vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "
    "gio lunedì martedì mercoledì giovedì venerdì sabato domenica mar"
)
SEASONS = _words(
    "spring summer autumn fall winter frühling frühjahr sommer herbst printemps été automne hiver primavera verano "
    "otoño invierno lente zomer herfst estate autunno inverno"
)
SUMS = _words(
    "total totals sum average avg mean overall all ytd mtd qtd year-to-date gesamt summe insgesamt durchschnitt "
    "ensemble moyenne suma totaal totale gemiddelde media promedio"
)

"""Which way is good is asked where it is not said and what is measured is mostly unwelcome."""

from typing import Any

import pandas as pd
import pytest

from pdlib.errors import DataError
from pdlib.observations import read
from pdlib.observations.meaning.direction import unwelcome
from tests.observations.stores import COMPLAINTS, HAPPY, SALES, SCORE, accepted, months, study, told


def undeclared(outcome: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {key: value for key, value in outcome.items() if key != "better"} | more


@pytest.mark.parametrize("label", ["complaints", "orders", "bookings per visit"])
def test_events_without_a_direction_are_asked(label: str) -> None:
    (asked,) = told(months(), study(undeclared(COMPLAINTS, label=label)))
    assert (asked.level, asked.code, asked.column) == ("question", "direction", "complaints")
    assert [answer.said("toml") for answer in asked.answers] == [
        f'[[outcome]] name = "complaints": better = "{better}"' for better in ("lower", "higher")
    ]


def test_the_single_table_asks_in_keywords() -> None:
    given = {"unit": "store", "period": "month", "outcome": "complaints", "n": "visits", "kind": "rate"}
    with pytest.raises(DataError, match='Say better="lower"'):
        read(months(), **given)
    assert read(months(), better="lower", **given).study.primary.sign == -1


UNWELCOME = [
    "complaints per 1,000 jobs", "share late", "late_arrivals", "lateArrivals", "minutes waited", "returned goods",
    "Kundenbeschwerden", "Lieferverspätung", "Fehlzeiten", "taux de réclamations", "temps d'attente", "quejas",
    "readmissions", "cancellations", "patient falls", "cost per visit", "no-show share", "sick days", "customers lost",
    "shrink", "mean LOS", "avg_los", "turnaround (hours)", "cycle time", "time to answer", "Durchlaufzeit",
]  # fmt: skip
WELCOME = [
    "very satisfied customers", "customers who came back", "customers who returned", "return visits", "on time",
    "not late", "sales per staffed hour (pounds)", "complaints resolved", "defect-free orders", "csat", "translated",
    "waiters", "waiting under 4 hours", "return on investment", "default", "plates", "cases solved at first contact",
    "satisfacción de los clientes", "closing sales", "delivered on time to customers",
]  # fmt: skip


@pytest.mark.parametrize("label", UNWELCOME)
def test_unwelcome_labels_are_asked_in_other_kinds(label: str) -> None:
    assert unwelcome(label)
    (asked,) = told(months(), study(undeclared(HAPPY, label=label)))
    assert asked.level == "question" and asked.answers[0].entries == {"better": "lower"}


@pytest.mark.parametrize("label", WELCOME)
def test_other_labels_are_not(label: str) -> None:
    assert not unwelcome(label)
    assert accepted(months(), study(undeclared(SALES, label=label))).study.primary.direction == "higher"


def test_higher_for_such_a_label_is_doubted_and_lower_is_not() -> None:
    (doubt,) = told(months(), study(COMPLAINTS | {"better": "higher"}))
    assert doubt.level == "doubt" and "'complaints' sounds otherwise" in doubt.found
    accepted(months(), study(COMPLAINTS))
    accepted(months(), study(COMPLAINTS | {"better": "higher", "label": "compliments", "name": "praise"}
                             | {"events": "happy"}))  # fmt: skip


@pytest.mark.parametrize("unit", ["minutes", "Stunden"])
def test_spans_of_time_without_a_direction_are_asked(unit: str) -> None:
    frame = months().assign(csat=lambda f: pd.to_timedelta(f["csat"], unit="h"))
    spans = SCORE | {"unit": unit}
    (asked,) = told(frame, study(undeclared(spans)))
    assert asked.code == "direction" and "a long span of time" in asked.found
    panel = accepted(frame, study(spans | {"better": "lower"})).panel
    assert panel["csat"].mean() == pytest.approx(months()["csat"].mean() * (60 if unit == "minutes" else 1))
    accepted(months(), study(undeclared(SCORE)))

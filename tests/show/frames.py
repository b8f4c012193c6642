"""Frames to draw, all invented."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdlib.show import figures
from pdlib.show.formats import OutcomeFormat, share

SATISFIED = OutcomeFormat("proportion", "very satisfied customers")
NAMES = [
    "Elm Retail Park",
    "A$^$B",
    "Tom & Co <b>",
    "😀 Quay",
    "修理店 渋谷 駅前",
    "متجر الإصلاح",
    "n" * 200,
    "\u202eliam",
    'O\'Hara "x"',
]


def units(n: int = 500, named: int = 9) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """A funnel's table, its limits and the names to show."""
    rng = np.random.default_rng(4)
    exposure = np.exp(rng.normal(5.3, 0.65, n)).clip(20, 1100)
    noise = np.sqrt(0.0004 + 0.2176 / exposure)
    adjusted = 0.68 + rng.normal(0, 1, n) * noise
    top = np.argsort(-(adjusted - 0.68) / noise)[:named]
    adjusted[top] += 0.03
    table = pd.DataFrame({"unit": [f"S{i:04d}" for i in range(n)], "exposure": exposure, "adjusted": adjusted})
    size = np.linspace(15, 1150, 80)
    spread = np.sqrt(0.0006 + 0.2176 / size)
    limits = pd.DataFrame({"exposure": size, "centre": 0.68})
    for name, z in (("lower95", -1.96), ("upper95", 1.96), ("lower998", -3.09), ("upper998", 3.09)):
        limits[name] = 0.68 + z * spread
    return table, limits, {table["unit"][i]: NAMES[k % len(NAMES)] for k, i in enumerate(top)}


def ranges(n: int = 40) -> pd.DataFrame:
    value = np.linspace(0.08, -0.02, n)
    frame = pd.DataFrame(
        {"unit": [f"S{i:04d}" for i in range(n)], "value": value, "lower": value - 0.03, "upper": value + 0.03}
    )
    return frame.assign(label=[*NAMES, *[None] * (n - 9)][:n], group=[*["confident"] * 9, *["likely"] * (n - 9)][:n])


def practices() -> pd.DataFrame:
    columns = [
        "label",
        "grade",
        "contrast",
        "contrast_lower",
        "contrast_upper",
        "prevalence_deviants",
        "prevalence_peers",
    ]
    return pd.DataFrame(
        [
            ("Manager on the counter on Saturdays", "promising", 0.014, 0.007, 0.021, 0.62, 0.18),
            (
                "Name before hello, together with one complaint read at the huddle",
                "strong",
                0.010,
                0.003,
                0.017,
                0.47,
                0.09,
            ),
            ("Kiosk with a way to Sam", "worth a visit", np.nan, np.nan, np.nan, 0.22, 0.04),
            ("Smile Academy <paid> & $x$", "cannot tell", 0.0005, -0.005, 0.006, 0.97, 0.98),
        ],
        columns=columns,
    )


def leads() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    league = pd.DataFrame(
        {"list": "league table", "earlier": rng.uniform(0.07, 0.12, 12), "later": rng.normal(0.03, 0.02, 12)}
    )
    ours = pd.DataFrame({"list": "ours", "earlier": rng.uniform(0.05, 0.09, 9), "later": rng.normal(0.055, 0.01, 9)})
    both = pd.concat([league, ours], ignore_index=True)
    return both.assign(unit=[f"S{i:04d}" for i in range(len(both))])


def conditions(n: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        {"condition": [f"Condition {i}" for i in range(n)], "contribution": np.linspace(-0.02, 0.015, n)}
    )


def periods() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"period": [f"2025-{m:02d}" for m in range(1, 13)], "observed": 0.78 + rng.normal(0, 0.01, 12)}
    )
    frame = frame.assign(expected=0.7, expected_lower=0.66, expected_upper=0.74, twin=0.71 + rng.normal(0, 0.01, 12))
    frame.loc[5, "observed"] = np.nan
    return frame


def doers(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    return pd.DataFrame(
        {"unit": [f"S{i:04d}" for i in range(n)], "does": np.arange(n) < n // 4, "excess": rng.normal(0, 0.03, n)}
    )


def terms() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["by name", NAMES[0], "queue $5$ <b>", "rang"],
            "voice": ["customer", "employee", "customer", "customer"],
            "grade": ["said more", "cannot tell", "said less", "cannot tell"],
            "contrast": [0.52, 0.1, -0.3, 0.02],
            "contrast_lower": [0.3, -0.2, -0.5, np.nan],
            "contrast_upper": [0.8, 0.4, -0.1, np.nan],
            "share_deviants": [0.034, np.nan, 0.010, 0.02],
            "share_peers": [0.006, np.nan, 0.021, 0.018],
        }
    )


def draws() -> dict:
    """Every figure, ready to draw on the axes it is given."""
    table, limits, labels = units()
    row = practices().iloc[0]
    tick, difference = SATISFIED.tick, SATISFIED.difference_tick
    return {
        "dots": lambda ax: figures.dots(
            ranges(),
            value="value",
            lower="lower",
            upper="upper",
            groups="group",
            value_format=SATISFIED.difference,
            value_label="points above expected",
            ax=ax,
        ),
        "estimation": lambda ax: figures.estimation(
            doers(), row, difference_format=difference, value_label="points", ax=ax
        ),
        "forest": lambda ax: figures.forest(practices(), difference_format=difference, value_label="points", ax=ax),
        "funnel": lambda ax: figures.funnel(
            table, limits, labels=labels, exposure_label="answers <a month>", value_format=tick, ax=ax
        ),
        "luck": lambda ax: figures.luck(leads(), value_format=SATISFIED.excess, ax=ax),
        "terms": lambda ax: figures.terms(terms(), ax=ax),
        "trend": lambda ax: figures.trend(periods(), name=NAMES[2], value_format=share, ax=ax),
        "why": lambda ax: figures.why(
            conditions(), start=0.68, observed=0.79, value_format=share, difference_format=SATISFIED.difference, ax=ax
        ),
    }

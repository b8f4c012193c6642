"""Columns that hold something else than their name says, and evidence that is not fresh."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.corpus.world import HAPPY, RATE, SCORE, STORES, Case

S = r"(?i)"


def _some(frame: pd.DataFrame, column: str, value: object, every: int = 40) -> pd.DataFrame:
    frame = frame.astype({column: object})
    frame.loc[frame.index % every == 7, column] = value
    return frame.infer_objects()


def _with_total(frame: pd.DataFrame, name: str, how: str = "sum", column: str = "visits") -> pd.DataFrame:
    total = frame.groupby("month", as_index=False)[["happy", "answers", "complaints", "visits", "score"]].agg(how)
    return pd.concat([frame, total.assign(store=name)], ignore_index=True)


def _with_regions(frame: pd.DataFrame) -> pd.DataFrame:
    region = frame["store"].map({s: "NSE"[k % 3] for k, s in enumerate(STORES)})
    parts = [
        frame[region == r].groupby("month", as_index=False)[["complaints", "visits"]].sum().assign(store=f"Region {r}")
        for r in "NSE"
    ]
    return pd.concat([_with_total(frame, "All"), *parts], ignore_index=True)


def _year_to_date(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["happy", "answers", "complaints", "visits"]
    return frame.assign(**{c: frame.groupby("store")[c].cumsum() for c in columns})


def _nobody_named(observations: object) -> bool:
    import pdlib

    expected = pdlib.expect(observations, challenger=None)  # type: ignore[arg-type]
    return pdlib.find_deviants(expected).confident.empty and "luck alone" not in expected.silence


def _to_date(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(score=frame.groupby("store")["score"].expanding().mean().round(2).to_numpy())


def _carried(frame: pd.DataFrame) -> pd.DataFrame:
    known = (np.random.default_rng(3).random(len(frame)) < 0.15) | (frame["month"] == "2024-01")
    return frame.assign(score=frame["score"].where(known).ffill())


ONE = {**HAPPY, "outcome": "score", "kind": "mean"}
CASES = [
    Case("a grand total", lambda f: _with_total(f, "Grand Total"), r"Grand Total", RATE),
    Case("a total of another name", lambda f: _with_total(f, "England"), r"England", RATE),
    Case("a total that is excluded", lambda f: _with_total(f, "Grand Total"), lambda o: "Grand Total" not in set(o.panel["unit"]) and o.panel["unit"].nunique() == 36, {**RATE, "unit": {"column": "store", "exclude": ["Grand Total"]}}),
    Case("a total that is kept", lambda f: _with_total(f, "Grand Total"), lambda o: o.panel["unit"].nunique() == 37, {**RATE, "unit": {"column": "store", "keep": ["Grand Total"]}}),
    Case("an average of all", lambda f: _with_total(f, "Average", "mean").round({"score": 2}), r"Average", SCORE),
    Case("subtotals and a total", _with_regions, r"(?s)(Region N.*All|All.*Region N)", RATE),
    Case("-999 for missing", lambda f: _some(f, "score", -999.0), r"-999", SCORE),
    Case("-999 for missing, said", lambda f: _some(f, "score", -999.0), lambda o: o.panel["score"].min() > 0, {**SCORE, "outcome": {"column": "score", "missing": [-999]}}),
    Case("99 in a score up to 10", lambda f: _some(f, "score", 99.0), r"\b99\b", SCORE),
    Case("9999 in a condition", lambda f: _some(f, "footfall", 9999.0), r"9999"),
    Case("-1 for missing in a condition", lambda f: _some(f, "staff", -1.0), r"-1\b"),
    Case("one -999 alone", lambda f: _some(f, "score", -999.0, every=400), r"-999", SCORE),
    Case("a rate without a direction", lambda f: f, r"better", {k: v for k, v in RATE.items() if k != "better"}),
    Case("late ones counted as successes", lambda f: f.rename(columns={"happy": "late_deliveries"}), r"better", {**{k: v for k, v in HAPPY.items() if k != "better"}, "outcome": "late_deliveries"}),
    Case("shares named as successes", lambda f: f.assign(happy=(f["happy"] / f["answers"]).round(3)), S + r"share|whole"),
    Case("percentages named as successes", lambda f: f.assign(happy=(100 * f["happy"] / f["answers"]).round(1)), S + r"share|percent|whole"),
    Case("whole percentages named as successes", lambda f: f.assign(answers=f["answers"] * 3, happy=(100 * f["happy"] / f["answers"]).round().astype(int)), S + r"percentage"),
    Case("successes that are not whole", lambda f: f.assign(happy=f["happy"] + 0.5), S + r"whole|share"),
    Case("weighted counts, said", lambda f: f.assign(happy=f["happy"] - 0.5), lambda o: len(o.panel) == 432, {**HAPPY, "outcome": {"column": "happy", "weighted": True}}),
    Case("a count of answers that is not whole", lambda f: f.assign(answers=f["answers"] + 0.25), S + r"whole"),
    Case("more successes than answers", lambda f: f.assign(happy=f["answers"] + 1), S + r"more than answers"),
    Case("an infinite number", lambda f: _some(f, "footfall", np.inf), S + r"infinite"),
    Case("negative successes", lambda f: _some(f, "happy", -3), S + r"negative|-3"),
    Case("hidden small counts", lambda f: _some(f, "complaints", "<5"), S + r"suppressed|hidden", RATE),
    Case("stars for small counts", lambda f: _some(f, "complaints", "*"), S + r"suppressed|hidden", RATE),
    Case("hidden small counts, said", lambda f: _some(f, "complaints", "<5"), lambda o: len(o.panel) == 432, {**RATE, "outcome": {"column": "complaints", "suppressed": {"<5": [1, 4]}}}),
    Case("a hidden n", lambda f: _some(f, "visits", "<5"), S + r"visits", RATE),
    Case("NA for missing in numbers", lambda f: _some(f, "score", "NA"), lambda o: len(o.set_aside) == 11, SCORE, doubt=r"NA"),
    Case("stores called NA and None", lambda f: f.replace({"store": {"S001": "NA", "S002": "None", "S003": "-"}}), lambda o: {"NA", "None", "-"} <= set(o.panel["unit"]) and o.panel["unit"].nunique() == 36),
    Case("two stores that differ by case", lambda f: f.replace({"store": {"S001": "Elm", "S002": "ELM"}}), S + r"Elm"),
    Case("two stores that look the same", lambda f: f.replace({"store": {"S001": "Oslo", "S002": "Osl\u043e"}}), S + r"U\+043E|look"),
    Case("blanks around some ids", lambda f: f.assign(store=[s + (" " if k % 5 else "\u00a0") * (k % 2) for k, s in enumerate(f["store"])]), "same"),
    Case("zero-width marks in some ids", lambda f: f.assign(store=[s + "\u200b" * (k % 2) for k, s in enumerate(f["store"])]), "same"),
    Case("leading zeros", lambda f: f.assign(store=f["store"].str[1:]), lambda o: "001" in set(o.panel["unit"])),
    Case("a constant condition", lambda f: f.assign(staff=3.0), lambda o: len(o.panel) == 432, doubt=S + r"staff"),
    Case("a condition that counts the rows", lambda f: f.assign(staff=range(len(f))), lambda o: len(o.panel) == 432, doubt=S + r"staff"),
    Case("counts taken for a mean", lambda f: f, S + r"count of answers, or a mean", {k: v for k, v in {**SCORE, "outcome": "happy"}.items() if k != "kind"}),
    Case("a row given twice", lambda f: pd.concat([f, f.iloc[[5]]]), S + r"already given"),
    Case("durations", lambda f: f.assign(wait=pd.to_timedelta(f["score"], unit="min")), lambda o: abs(o.panel["wait"].mean() / o.panel["score"].mean() - 1) < 1e-6, {**SCORE, "outcome": "wait", "better": "lower"}),
    Case("hours or minutes", lambda f: f.assign(wait="1:" + (f["score"] * 5).astype(int).astype(str).str.zfill(2)), S + r"minutes", {**SCORE, "outcome": "wait", "better": "lower"}),
    Case("counts that run up through the year", _year_to_date, S + r"cumulative|run up"),
    Case("rates that run up through the year", _year_to_date, S + r"cumulative|run up", RATE),
    Case("a yearly score in every month", lambda f: f.assign(score=f.groupby("store")["score"].transform("first")), _nobody_named, SCORE),
    Case("a mean since opening", _to_date, _nobody_named, SCORE),
    Case("a mean since opening, without n", _to_date, _nobody_named, {k: v for k, v in SCORE.items() if k != "n"}),
    Case("the last score carried forward", _carried, _nobody_named, SCORE),
    Case("one period of means", lambda f: f[f["month"] == "2024-03"], _nobody_named, SCORE),
    Case("one row for each store and no period", lambda f: f[f["month"] == "2024-03"], _nobody_named, {k: v for k, v in SCORE.items() if k != "period"}),
    Case("a code of the score that is a real n", lambda f: _some(f.assign(answers=f["answers"] % 60 + 60), "score", 99.0), lambda o: len(o.set_aside) == 11 and (o.panel["answers"] == 99).any(), {**SCORE, "outcome": {"column": "score", "missing": [99]}}),
    Case("yes and blanks", lambda f: f.assign(huddle=np.where(f["store"] < "S020", "ja", None)), S + r"what an empty cell means", {**HAPPY, "practices": ["huddle"]}),
    Case("ones and blanks", lambda f: f.assign(huddle=np.where(f["store"] < "S020", 1, np.nan)), S + r"what an empty cell means", {**HAPPY, "practices": ["huddle"]}),
    Case("yes, no and a question mark", lambda f: f.assign(huddle=f["store"].str[-1:].map(lambda k: "jn?"[int(k) % 3])), S + r"\('\?'\).*missing", {**HAPPY, "practices": ["huddle"]}),
    Case("100% and 0%", lambda f: f.assign(huddle=np.where(f["store"] < "S020", "100%", "0%")), r'"yes": "100%"', {**HAPPY, "practices": ["huddle"]}),
    Case("many zeros below all scores", lambda f: _some(f, "score", 0.0, every=17), r"exactly 0", SCORE),
    Case("nines beside a scale of five", lambda f: _some(f.assign(score=(f["score"] - 4).round().clip(1, 5)), "score", 9.0), r"exactly 9", SCORE),
    Case("nines in a graded condition", lambda f: f.assign(staff=f["store"].str[1:].astype(int).map(lambda k: 9 if k % 11 == 0 else k % 4 + 1)), r"exactly 9"),
    Case("two kinds of apostrophes", lambda f: f.assign(store=["O" + "'\u2019"[k % 2] + s for k, s in enumerate(f["store"])]), S + r"look alike"),
    Case("a unit of time in German", lambda f: f.assign(wait=pd.to_timedelta(f["score"], unit="h")), lambda o: abs(o.panel["wait"].mean() / o.panel["score"].mean() - 1) < 1e-6, {**SCORE, "outcome": {"column": "wait", "unit": "Stunden"}, "better": "lower"}),
    Case("a unit that is none of time", lambda f: f.assign(wait=pd.to_timedelta(f["score"], unit="h")), r"none of time", {**SCORE, "outcome": {"column": "wait", "unit": "bottles"}, "better": "lower"}),
    Case("spans of time without a direction", lambda f: f.assign(span=pd.to_timedelta(f["score"], unit="h")), r"better", {k: v for k, v in {**SCORE, "outcome": "span"}.items() if k != "better"}),
    Case("hours and minutes in one column", lambda f: f.assign(score=[f"{x:.1f} h" if k % 3 else f"{60 * x:.0f} min" for k, x in enumerate(f["score"])]), r"several units \(min, h\)", {**SCORE, "better": "lower"}),
    Case("whole percentages with even n", lambda f: f.assign(answers=f["answers"] // 2 + 200, happy=(100 * f["happy"] / f["answers"]).round().astype(int)), S + r"percentage"),
    Case("shares among percentages", lambda f: f.assign(score=np.where(f["store"] < "S020", f["score"] / 10, f["score"] * 10).round(3)), r"a share where", SCORE),
    Case("an average rounded to one decimal", lambda f: pd.concat([f, f.groupby("month", as_index=False)[["score", "footfall", "staff"]].mean().round(1).assign(store="Chain")]), r"Chain", {k: v for k, v in SCORE.items() if k != "n"}),
    Case("hidden small counts in words", lambda f: f.assign(complaints=f["complaints"].map(lambda k: k if k > 9 else "fewer than 10")), r'"suppressed": \{"fewer than 10": \[1, 9\]', RATE),
    Case("numbers with a mark, more than a few", lambda f: f.assign(complaints=f["complaints"].map(lambda k: k if k > 30 else f"{k}r")), r'a number with a mark[\s\S]*"30r": \[30, 30\]', RATE),
    Case("one mean for each store without n", lambda f: f[f["month"] == "2024-03"], _nobody_named, {k: v for k, v in SCORE.items() if k not in ("period", "n")}),
]  # fmt: skip

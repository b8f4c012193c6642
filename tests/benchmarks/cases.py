"""What is timed. Each case makes its data, then times the work alone; it runs in a process of its own."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd

import pdlib
from pdlib.simulate import simulate_chain, simulate_voices
from pdlib.stats.basis import fit_basis
from pdlib.stats.contrast import adjusted_contrasts
from pdlib.stats.excess import fit_excess
from pdlib.stats.family import romano_wolf
from pdlib.stats.mixed import random_intercept_reml
from pdlib.stats.posterior import top_probability
from pdlib.stats.shuffles import shuffle_test
from pdlib.voices import redact

PERIODS, CONDITIONS, ROWS_A_UNIT = 12, 8, 12
BY_CHANCE = 0.03  # shares of 10,000 draws differ by less: four standard errors at one half


@dataclass(frozen=True)
class Timing:
    """One case, timed.

    Attributes
    ----------
    name : str
    cpu, wall : float
        Median seconds of the runs.
    memory : float
        Peak of the process in MB, its data included.
    data : float
        Peak in MB once the data were made and nothing was computed yet.
    answer : list of float
        What was computed, for those that must agree.
    within : float
        How nearly, relative to a value or to 1 if that is more.
    """

    name: str
    cpu: float
    wall: float
    memory: float
    data: float
    answer: list[float]
    within: float = 1e-3


def measured(
    name: str, work: Callable[[], Any], answer: Callable[[Any], list[float]], runs: int, within: float = 1e-3
) -> Timing:
    """Run the work a few times; the median is hardly moved by what else the machine does."""
    data = peak()
    cpu, wall, result = [], [], None
    for _ in range(runs):
        started, clock = process_time(), perf_counter()
        result = work()
        cpu.append(process_time() - started)
        wall.append(perf_counter() - clock)
    return Timing(name, float(np.median(cpu)), float(np.median(wall)), peak(), data, answer(result), within)


def peak() -> float:
    """Peak memory of this process in MB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 2**10


# -- reading ----------------------------------------------------------------------------------------------------


def read(count: int, ending: str, runs: int) -> Timing:
    """A table of five columns from a file to checked observations."""
    with tempfile.TemporaryDirectory() as folder:
        path = _table_of_counts(Path(folder), count, ending)
        given = {"unit": "unit", "period": "month", "outcome": "happy", "n": "answers", "kind": "proportion"}
        return measured(
            f"read, {24 * count:,} rows of {ending}",
            lambda: pdlib.read(path, **given, better="higher", context=["footfall"]),
            lambda observations: [float(observations.panel["happy"].sum())],
            runs,
        )


def pandas_read(count: int, ending: str, runs: int) -> Timing:
    """The same file parsed by pandas, and nothing checked."""
    with tempfile.TemporaryDirectory() as folder:
        path = _table_of_counts(Path(folder), count, ending)
        load = pd.read_csv if ending == "csv" else pd.read_parquet
        return measured(
            f"read, {24 * count:,} rows of {ending}, pandas alone",
            lambda: load(path),
            lambda frame: [float(frame["happy"].sum())],
            runs,
        )


def _table_of_counts(folder: Path, count: int, ending: str) -> Path:
    """Successes of n in 24 months of so many units, written by a process of its own so that memory is not counted."""
    path = folder / f"months.{ending}"
    code = f"from tests.benchmarks.cases import write_counts; write_counts({str(path)!r}, {count})"
    subprocess.run([sys.executable, "-c", code], check=True)
    return path


def write_counts(path: str, count: int) -> None:
    """Write the table that `read` reads."""
    rng = np.random.default_rng(1)
    months = [f"{2023 + k // 12}-{k % 12 + 1:02d}" for k in range(24)]
    units = [f"U{number:06d}" for number in range(count)]
    frame = pd.DataFrame({"unit": np.repeat(units, 24), "month": np.tile(months, count)})
    frame["answers"] = rng.integers(20, 400, len(frame))
    frame["happy"] = rng.binomial(frame["answers"], 0.7)
    frame["footfall"] = np.repeat(np.round(rng.lognormal(4, 0.6, count), 1), 24)
    if path.endswith(".csv"):
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)


# -- the classical random-intercept model ---------------------------------------------------------------------


def items(n_units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make items within units: one value, two fixed effects and the unit of each."""
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(n_units), ROWS_A_UNIT)
    features = np.column_stack([np.ones(len(unit)), rng.standard_normal((len(unit), 2))])
    effect = 0.5 * rng.standard_normal(n_units)
    return features @ [1.0, 0.4, -0.2] + effect[unit] + rng.standard_normal(len(unit)), features, unit


def closed_form(n_units: int, *, runs: int) -> Timing:
    """Fit by pdlib."""
    y, features, unit = items(n_units)
    return measured(
        f"random intercept, {n_units:,} units, pdlib",
        lambda: random_intercept_reml(y, features, unit),
        lambda fit: [*fit.beta, fit.tau2, fit.sigma2],
        runs,
    )


def mixed_lm(n_units: int, *, runs: int) -> Timing:
    """Fit by statsmodels."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, features, unit = items(n_units)

    def work() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return MixedLM(y, features, groups=unit).fit(reml=True)

    return measured(
        f"random intercept, {n_units:,} units, statsmodels",
        work,
        lambda fit: [*fit.fe_params, float(np.asarray(fit.cov_re)[0, 0]), float(fit.scale)],
        runs,
    )


LMER = """
suppressMessages(library(lme4))
d <- read.csv(commandArgs(TRUE)[1])
runs <- as.integer(commandArgs(TRUE)[2])
cpu <- wall <- numeric(runs)
for (k in seq_len(runs)) {
  t <- system.time(m <- lmer(y ~ a + b + (1 | unit), d))
  cpu[k] <- t[["user.self"]] + t[["sys.self"]]
  wall[k] <- t[["elapsed"]]
}
answer <- sprintf("%.9g", c(fixef(m), as.data.frame(VarCorr(m))$vcov))
cat(sprintf("[%.9g, %.9g, [%s]]", median(cpu), median(wall), paste(answer, collapse = ", ")))
"""


def lmer(n_units: int, *, runs: int) -> Timing | None:
    """Fit by lme4 in R, timed within R without reading the data; None where there is no R with lme4."""
    r = shutil.which("Rscript")
    if r is None or subprocess.run([r, "-e", "library(lme4)"], capture_output=True).returncode:
        return None
    y, features, unit = items(n_units)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "items.csv"
        rows = np.column_stack([y, features[:, 1:], unit])
        np.savetxt(data, rows, delimiter=",", header="y,a,b,unit", comments="", fmt="%.17g")
        done = subprocess.run([r, "-e", LMER, str(data), str(runs)], stdout=subprocess.PIPE, text=True, check=True)
    cpu, wall, answer = json.loads(done.stdout)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    return Timing(f"random intercept, {n_units:,} units, lme4", cpu, wall, used, used, answer)


# -- the find step --------------------------------------------------------------------------------------------


def find(n_units: int, kind: Any = "mean", *, runs: int) -> Timing:
    """Find the likeliest units: working values, periods, expectation, posterior, probability."""
    y, n, context = months(n_units, kind)
    nothing = np.empty((n_units, 0), dtype=int)

    def work() -> Any:
        fit = fit_excess(kind, y, n, context, nothing, item_variance=9.0 if kind == "mean" else None)
        return fit, top_probability(fit.effect, fit.sd)[0]

    return measured(
        f"find, {kind}, {n_units:,} units x {PERIODS}",
        work,
        lambda found: [found[0].reml.tau2, found[0].collapsed.transient_variance, float(found[1].sum())],
        runs,
    )


def months(n_units: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make outcomes and exposure of units over periods, and eight numeric conditions."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n_units, CONDITIONS))
    given = 0.45 * x[:, 0] - 0.4 * x[:, 1] + 0.45 * np.sin(1.5 * x[:, 2]) + 0.2 * x[:, 3] ** 2 + 0.4 * x[:, 0] * x[:, 4]
    level = (given + 0.5 * rng.standard_normal(n_units))[:, None] + 0.3 * rng.standard_normal((n_units, PERIODS))
    n = np.maximum(rng.poisson(30 * np.exp(rng.standard_normal(n_units))[:, None], (n_units, PERIODS)), 3)
    if kind == "mean":
        return level + 3 / np.sqrt(n) * rng.standard_normal(n.shape), n.astype(float), x
    return rng.binomial(n, 1 / (1 + np.exp(-0.85 - 0.5 * level))) / n, n.astype(float), x


# -- the practice step ----------------------------------------------------------------------------------------


def compare(n_units: int, n_practices: int, *, runs: int, draws: int = 2000) -> Timing:
    """Compare practices: contrasts free of context, step-down test of the whole family."""
    rng = np.random.default_rng(1)
    numeric, nothing = rng.standard_normal((n_units, CONDITIONS)), np.empty((n_units, 0), dtype=int)
    features = fit_basis(numeric, nothing).columns(numeric, nothing)
    done = (rng.random((n_units, n_practices)) < 0.3).astype(float)
    response = numeric[:, 0] + 0.3 * done[:, 0] + rng.standard_normal(n_units)
    done[rng.random(done.shape) < 0.1] = np.nan
    weights = rng.random(n_units) + 0.5

    def work() -> Any:
        contrasts = adjusted_contrasts(response, weights, features, done)
        return contrasts, romano_wolf(contrasts, draws=draws)

    return measured(
        f"compare, {n_units:,} units, {n_practices} practices, {draws:,} draws",
        work,
        lambda found: [float(found[0].estimate[0]), float(found[0].se[0])],
        runs,
    )


# -- the voices -----------------------------------------------------------------------------------------------


def hear(n_comments: int, *, runs: int, n_units: int = 500) -> Timing:
    """Hear comments: personal data out, single words and themes counted, all of them tested by unit."""
    simulated = simulate_voices(n_units, n_comments, seed=1)
    texts = simulated.comments["text"].to_numpy(dtype=object)
    for every, more in (
        (25, " call 07700 900 %03d"),
        (30, " thanks Dave%.0s"),
        (40, " a.b%d@example.org"),
        (7, " %d mins"),
    ):
        texts[::every] = [text + more % (place % 1000) for place, text in enumerate(texts[::every])]
    comments, staff = simulated.comments.assign(text=texts), pd.DataFrame({"name": ["Dave", "Priya Nowak", "Will"]})
    declared = simulated.study()
    study = pdlib.Study(**{**declared, "voices": {**declared["voices"], "staff": "name"}})
    tables = {"observations": simulated.panel.panel, "comments": comments, "staff": staff}
    observations = pdlib.read(study, tables)
    deviants = pdlib.find_deviants(pdlib.expect(observations, challenger=None))
    del simulated, texts, comments, tables

    return measured(
        f"hear, {n_comments:,} comments of {n_units} units",
        lambda: pdlib.hear(observations, deviants, longest=1),
        lambda voices: [float(sum(voices.settings["redacted"].values())), float(voices.family_size)],
        runs,
    )


def redaction(n_comments: int, *, runs: int) -> Timing:
    """Take personal data out of comments of the repair shops."""
    texts = simulate_chain(n_comments=n_comments, seed=1).comments["comment"].astype("str")
    return measured(
        f"redact, {n_comments:,} comments", lambda: redact(texts, ["Dave", "Priya"]), lambda done: [done.touched], runs
    )


# -- what chance alone would show -----------------------------------------------------------------------------


def habits(n_units: int, n_practices: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make a response, practices of which the first goes with it, and four strata."""
    rng = np.random.default_rng(1)
    done = (rng.random((n_units, n_practices)) < 0.3).astype(float)
    return 0.5 * done[:, 0] + rng.standard_normal(n_units), done, np.arange(n_units) % 4


def shuffle(n_units: int, n_practices: int, draws: int, strata: bool, *, runs: int) -> Timing:
    """Shuffle the response, within strata or among all, and compare every practice and the largest of all."""
    response, done, stratum = habits(n_units, n_practices)
    return measured(
        _shuffles(n_units, n_practices, draws) + (" in strata" if strata else ", pdlib"),
        lambda: shuffle_test(response, done, stratum if strata else np.zeros(n_units, dtype=int), draws=draws),
        lambda found: [*found[0], found[1].min()],
        runs,
        BY_CHANCE,
    )


def scipy_shuffle(n_units: int, n_practices: int, draws: int, *, runs: int) -> Timing:
    """The same by scipy: one vectorised permutation test a practice, and one of the largest of all."""
    from scipy.stats import permutation_test

    response, done, _ = habits(n_units, n_practices)
    x = (done - done.mean(axis=0)) / (done - done.mean(axis=0)).std(axis=0)

    def p_value(statistic: Callable[..., Any]) -> float:
        return float(permutation_test(
            (response,), statistic, permutation_type="pairings", n_resamples=draws, vectorized=True, batch=500,
            alternative="greater", rng=1,
        ).pvalue)  # fmt: skip

    def work() -> list[float]:
        alone = [p_value(lambda y, axis, column=column: np.abs((y * column).sum(axis=axis))) for column in x.T]
        return [*alone, p_value(lambda y, axis: np.abs(np.moveaxis(y, axis, -1) @ x).max(axis=-1))]

    name = _shuffles(n_units, n_practices, draws) + ", scipy"
    return measured(name, work, lambda p_values: p_values, runs, BY_CHANCE)


def _shuffles(n_units: int, n_practices: int, draws: int) -> str:
    return f"{draws:,} shuffles, {n_units:,} units, {n_practices} practices"

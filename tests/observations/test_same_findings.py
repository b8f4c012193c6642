"""The shop chain written in other ways is the same chain to the last digit, and so are its findings."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

import pdlib
from pdlib import Observations

CHAIN = Path(__file__).parents[2] / "data" / "service_chain"
PERIODS = {"shop_months.csv": "month", "practice_audit.csv": "wave", "comments.csv": "month"}
ROLES = ("outcome", "n", "exposure", "spread", "condition")
TEXTS = {"shop": str, "month": str, "wave": str, "comment": str}


def _dates(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column + "-01")


def _excel(frame: pd.DataFrame, path: Path) -> None:
    frame.to_excel(path.with_suffix(".xlsx"), index=False)


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path.with_suffix(".parquet"))


def _semicolons(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, sep=";", decimal=",")


def _utf16(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, sep="\t", encoding="utf-16")


WAYS: dict[str, tuple[Callable[[pd.Series], pd.Series], Callable[[pd.DataFrame, Path], None]]] = {
    "Excel with dates": (_dates, _excel),
    "Parquet with dates": (_dates, _parquet),
    "semicolons, decimal commas, month ends with points": (
        lambda c: (_dates(c) + pd.offsets.MonthEnd(0)).dt.strftime("%d.%m.%Y"), _semicolons,
    ),
    "UTF-16, months by name": (lambda c: _dates(c).dt.strftime("%b %Y"), _utf16),
}  # fmt: skip


def written(folder: Path, spelt: Callable[[pd.Series], pd.Series], write: Callable[[pd.DataFrame, Path], None]) -> Path:
    """A copy of the chain whose tables of months are written in another way; returns its study."""
    shutil.copytree(CHAIN, folder)
    toml = (folder / "study.toml").read_text(encoding="utf-8")
    for name, column in PERIODS.items():
        frame = pd.read_csv(folder / name, dtype=TEXTS, keep_default_na=False, na_values=[""])
        (folder / name).unlink()
        write(frame.assign(**{column: spelt(frame[column])}), folder / name)
        made = next(folder.glob(Path(name).stem + ".*"))
        toml = toml.replace(name, made.name)
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    return folder / "study.toml"


@pytest.fixture(scope="module")
def shipped() -> Observations:
    return pdlib.read(pdlib.load_study(CHAIN))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_the_chain_reads_the_same(way: str, shipped: Observations, tmp_path: Path) -> None:
    read = pdlib.read(pdlib.load_study(written(tmp_path / "chain", *WAYS[way])))
    declared = ["unit", "period", *dict.fromkeys(shipped.reading.query("role in @ROLES")["column"])]
    assert_frame_equal(read.panel[declared], shipped.panel[declared], check_dtype=False, check_exact=True)
    for name in ("units", "practices", "codebook", "comments", "set_aside", "hypotheses"):
        assert_frame_equal(getattr(read, name), getattr(shipped, name), check_dtype=False, check_exact=True)
    assert_series_equal(read.staff, shipped.staff)
    assert read.periods == shipped.periods


@pytest.mark.slow
def test_its_findings_are_the_same_to_the_last_digit(shipped: Observations, tmp_path: Path) -> None:
    read = pdlib.read(pdlib.load_study(written(tmp_path / "chain", *WAYS["Parquet with dates"])))
    tables = []
    for observations in (shipped, read):
        deviants = pdlib.find_deviants(pdlib.expect(observations))
        tables.append((deviants.table, pdlib.compare_practices(observations, deviants).table))
    for one, other in zip(*tables, strict=True):
        assert_frame_equal(one, other, check_exact=True)

"""The funnel as a result: what its limits allow for, who is outside, and that it names nobody."""

import numpy as np
import pandas as pd
import pytest

from pdlib.deviants import Deviants, find_deviants
from pdlib.expected import expect
from tests.panels import ALL_CONTEXT, declared, panel

COLUMNS = [
    "unit", "label", "exposure", "adjusted", "centre", "lower95", "upper95", "lower998", "upper998", "outside95",
    "outside998", "side", "group",
]  # fmt: skip
CASES = [
    ("mean", "overdispersed"), ("mean", "exact"), ("proportion", "overdispersed"), ("proportion", "exact"),
    ("proportion", "PR"), ("rate", "overdispersed"), ("rate", "exact"), ("rate", "SHMI"), ("rate", "CQC"),
]  # fmt: skip


def found(kind: str, **more: object) -> Deviants:
    return find_deviants(expect(declared(panel(200, 4, kind, **more), kind, context=ALL_CONTEXT)))


@pytest.fixture(scope="module")
def lists() -> dict[str, Deviants]:
    return {kind: found(kind) for kind in ("mean", "proportion", "rate")}


@pytest.mark.parametrize(("kind", "convention"), CASES)
def test_the_table(lists: dict[str, Deviants], kind: str, convention: str) -> None:
    deviants = lists[kind]
    funnel = deviants.funnel(convention)
    table = funnel.table
    assert list(table.columns) == COLUMNS
    ordered = table[["lower998", "lower95", "centre", "upper95", "upper998"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    outside = (table["adjusted"] > table["upper95"]) | (table["adjusted"] < table["lower95"])
    assert (table["outside95"] == outside).all()
    assert (table["outside998"] <= table["outside95"]).all()
    assert f"{int(outside.sum())} of 200" in funnel.finding
    assert "not a list" in funnel.finding
    assert list(table["unit"]) == list(deviants.table["unit"])
    # The lines of the picture run through the limits of the units.
    line = np.interp(table["exposure"], funnel.limits["exposure"], funnel.limits["upper95"])
    assert np.median(np.abs(line / table["upper95"] - 1)) < 0.03
    assert funnel.settings["convention"] == convention


def test_the_side_is_signed_so_that_better_is_better(lists: dict[str, Deviants]) -> None:
    table = lists["rate"].funnel().table
    assert (table.loc[table["adjusted"] < table["centre"], "side"] == "better").all()


@pytest.mark.parametrize("kind", ["mean", "proportion", "rate"])
def test_luck_alone_leaves_ordinary_units_outside_and_reml_does_not(lists: dict[str, Deviants], kind: str) -> None:
    exact, wide = lists[kind].funnel("exact"), lists[kind].funnel()
    assert exact.table["outside95"].mean() > wide.table["outside95"].mean() + 0.05  # one unit in twenty more
    assert wide.table["outside95"].mean() < 0.12
    assert exact.variance == 0


@pytest.mark.parametrize(("kind", "convention"), [("proportion", "exact"), ("rate", "exact"), ("mean", "exact")])
def test_exact_limits_hold_units_that_do_not_differ(kind: str, convention: str) -> None:
    still = found(kind, null=True, shock_sd=0.0)
    assert still.funnel(convention).table["outside95"].mean() < 0.10


def test_trimming_gives_narrower_limits_than_reml(lists: dict[str, Deviants]) -> None:
    """The published rules take real differences for luck to be cut off; the CQC limits are squared back."""
    rate = lists["rate"]
    wide = rate.funnel().table
    for convention in ("SHMI", "CQC"):
        table = rate.funnel(convention).table
        assert (table["upper95"] - table["lower95"]).median() < (wide["upper95"] - wide["lower95"]).median()
    cqc = rate.funnel("CQC")
    centre, size = cqc.table["centre"], cqc.table["exposure"]
    width = 1.959963984540054 * np.sqrt(1 / (4 * size * centre) + cqc.variance)
    assert cqc.table["upper95"].to_numpy() == pytest.approx((centre * (1 + width) ** 2).to_numpy())


def test_a_convention_for_another_kind_is_refused(lists: dict[str, Deviants]) -> None:
    with pytest.raises(ValueError, match="for a mean it must be one of overdispersed, exact"):
        lists["mean"].funnel("SHMI")
    with pytest.raises(ValueError, match="for a rate it must be one of overdispersed, exact, SHMI, CQC"):
        lists["rate"].funnel_limits(convention="PR")


def test_the_picture_and_the_page(lists: dict[str, Deviants]) -> None:
    funnel = lists["proportion"].funnel("exact")
    assert funnel.plot().get_figure() is not None
    assert "luck alone" in funnel._repr_html_()
    table = funnel.table
    table["adjusted"] = 0.0
    assert not pd.Series(funnel.table["adjusted"] == 0.0).any()


@pytest.mark.parametrize("view", ["funnel", "caterpillar", "ranks"])
def test_the_familiar_views(lists: dict[str, Deviants], view: str) -> None:
    from pdlib.show import canvas

    ax = lists["mean"].plot(view, ax=canvas.sheet(canvas.WIDE))
    assert {text.get_text() for text in ax.texts} >= set(lists["mean"].confident["label"])
    assert len(lists["mean"].confident)


def test_a_view_that_is_not_there_is_refused(lists: dict[str, Deviants]) -> None:
    with pytest.raises(ValueError, match="must be funnel, caterpillar or ranks"):
        lists["mean"].plot("league")

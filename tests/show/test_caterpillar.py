"""The caterpillar: every unit once, in order, with its range; the named numbered in the order of the key."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pdlib.show import canvas, figure, figures, style

NAMES = {"S0003": "Elm <Retail> Park", "S0000": "Harbour", "S0010": "Old Mill"}


def rows(count: int = 40) -> pd.DataFrame:
    value = np.linspace(0.08, -0.02, count)
    frame = pd.DataFrame({"unit": [f"S{i:04d}" for i in range(count)], "value": value})
    return frame.assign(lower=value - 0.03, upper=value + 0.02).sample(frac=1, random_state=1)


def draw(ax: Axes | None = None, table: pd.DataFrame | None = None, **more: object) -> Axes:
    table = rows() if table is None else table
    settings = {"labels": NAMES, **more}
    return figures.caterpillar(table, value="value", lower="lower", upper="upper", ax=ax, **settings)


def ranges_of(ax: Axes, colour: str) -> np.ndarray:
    """Lower and upper end of each range of a colour, from left to right."""
    lines = [line for line in ax.lines if mpl.colors.same_color(line.get_color(), colour)]
    broken = [line for line in lines if np.isnan(line.get_ydata()).any()]
    return np.asarray(broken[0].get_ydata(), dtype=float).reshape(-1, 3)[:, :2]


def test_every_unit_has_its_range_from_best_to_last():
    ax = draw(canvas.sheet(canvas.WIDE))
    named, others = ranges_of(ax, style.BRIGHT), ranges_of(ax, style.DIM)
    assert len(named) == 3
    assert len(others) == 37
    order = rows().sort_values("value", ascending=False)
    ends = order.loc[order["unit"].isin(NAMES), ["lower", "upper"]].to_numpy()
    assert named == pytest.approx(ends)
    assert (np.diff(others[:, 0]) < 0).all()


@pytest.mark.parametrize("width", [canvas.WIDE, canvas.NARROW])
def test_the_named_are_numbered_as_in_the_key(width):
    words = [text.get_text() for text in draw(canvas.sheet(width)).texts]
    assert words.count("2") == 2  # above its range, and in the key
    assert words.index("Harbour") < words.index("Elm <Retail> Park") < words.index("Old Mill")


def test_small_values_are_best_where_the_caller_says_so():
    ax = draw(canvas.sheet(canvas.WIDE), best="low", reference=None)
    assert (np.diff(ranges_of(ax, style.DIM)[:, 0]) > 0).all()
    low, high = ax.get_ylim()
    assert low > high


def test_axes_that_are_handed_in_stay_and_no_rows_are_no_error():
    ax = Figure(figsize=(8, 4)).add_subplot()
    before = ax.get_position().bounds
    draw(ax)
    assert ax.get_position().bounds == before
    draw(Figure().add_subplot(), rows().iloc[:0])
    draw(canvas.sheet(canvas.NARROW), rows(1), labels={"S0000": "Only"})


def test_a_missing_column_is_named():
    with pytest.raises(KeyError, match="upper"):
        draw(Figure().add_subplot(), rows().drop(columns="upper"))


def test_five_hundred_units_stay_small_and_names_are_text():
    table = rows(500)
    markup = figure(
        lambda ax: draw(ax, table), title="All in order", subtitle="x", description="All 500 units in order of excess."
        " The three named lead.",
    ).__html__()  # fmt: skip
    assert len(markup.encode()) <= 60_000
    assert "<Retail>" not in markup

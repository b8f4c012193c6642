"""Figures draw what they are given, on the axes they are given."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pdlib.show import canvas, figures, style
from pdlib.show.figures.axes import even_ticks, root_ticks
from pdlib.show.figures.estimation import swarm
from pdlib.show.labels import Box, place, shorten, width, wrap

from . import frames

DRAWS = frames.draws()


def dots_of(ax: Axes, colour: str) -> np.ndarray:
    wanted = mpl.colors.to_rgba(colour)
    found = [
        c.get_offsets() for c in ax.collections if len(c.get_facecolor()) and tuple(c.get_facecolor()[0]) == wanted
    ]
    return np.vstack(found) if found else np.empty((0, 2))


def words_of(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(10, 6)).add_subplot()


@pytest.fixture
def pyplot():
    mpl.use("agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")


@pytest.mark.parametrize("name", DRAWS)
def test_draws_on_the_axes_given_and_gives_axes_back(ax, name):
    settings, place_before = dict(mpl.rcParams), ax.get_position().bounds
    drawn = DRAWS[name](ax)
    assert isinstance(drawn, Axes)
    assert drawn.get_figure(root=True) is ax.get_figure(root=True)
    assert ax.get_position().bounds == place_before
    assert dict(mpl.rcParams) == settings


@pytest.mark.parametrize("name", DRAWS)
def test_makes_a_figure_that_jupyter_shows(pyplot, name):
    drawn = DRAWS[name](None)
    assert pyplot.get_fignums() == [drawn.get_figure(root=True).number]


def test_pyplot_is_left_alone_until_a_figure_is_drawn():
    code = "import sys; from pdlib.show import figures; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_title_is_the_message(ax, pyplot):
    message = "Nine shops satisfy more customers than their means explain"
    figures.trend(frames.periods(), title=message, ax=ax)
    assert ax.get_title(loc="left").replace("\n", " ") == message
    own = figures.trend(frames.periods(), title=message).get_figure(root=True)
    assert [text.get_text() for text in own.texts] == [message]


def test_funnel_shows_every_unit_once_and_names_some(ax):
    table, limits, labels = frames.units()
    figures.funnel(table, limits, labels=labels, ax=ax)
    bright = dots_of(ax, style.BRIGHT)
    assert len(dots_of(ax, style.DOT)) == 491
    named = table[table["unit"].isin(list(labels))]
    assert {tuple(row) for row in bright} == set(zip(named["exposure"], named["adjusted"], strict=True))
    assert "Elm Retail Park" in words_of(ax)


def test_funnel_draws_the_limits_as_given(ax):
    table, limits, labels = frames.units()
    figures.funnel(table, limits, labels=labels, ax=ax)
    lines = [np.column_stack(line.get_data()) for line in ax.lines if len(line.get_xdata()) > 50]
    assert len(lines) == 5
    for name in ("lower95", "upper95", "lower998", "upper998", "centre"):
        level = np.interp(500, limits["exposure"], limits[name])
        assert any(np.isclose(np.interp(500, line[:, 0], line[:, 1]), level, atol=2e-4) for line in lines)
    low, high = ax.get_ylim()
    assert all(np.nanmin(line[:, 1]) >= low and np.nanmax(line[:, 1]) <= high for line in lines)


def test_a_funnel_is_tinted_where_ordinary_units_lie_and_begins_near_the_smallest(ax):
    table, limits, _ = frames.units()
    large = table.assign(exposure=1000 + table["exposure"] / 10)
    figures.funnel(large, limits.assign(exposure=1000 + limits["exposure"] / 10), labels={}, ax=ax)
    assert 0 < ax.get_xlim()[0] < large["exposure"].min()
    (band,) = [artist for artist in ax.collections if artist.get_zorder() == 0]
    up = band.get_paths()[0].vertices[:, 1]
    assert up.min() >= max(ax.get_ylim()[0], limits["lower95"].min()) - 1e-9
    assert up.max() <= min(ax.get_ylim()[1], limits["upper95"].max()) + 1e-9


@pytest.mark.parametrize(("name", "has_key"), [("Elm", False), ("Elm Retail Park at the Old Mill, " * 3, True)])
def test_names_that_would_lie_on_others_stand_in_a_key(name, has_key):
    table, limits, labels = frames.units(named=3)
    sheet = canvas.sheet(canvas.WIDE)
    figures.funnel(table, limits, labels={unit: f"{name}{i}" for i, unit in enumerate(labels)}, ax=sheet)
    assert ({"1", "2", "3"} <= {words.get_text() for words in sheet.texts}) == has_key


def test_funnel_without_anyone_to_name(ax):
    table, limits, _ = frames.units(60)
    figures.funnel(table, limits, labels={}, ax=ax)
    assert len(dots_of(ax, style.BRIGHT)) == 0
    assert len(dots_of(ax, style.DOT)) == 60


def test_dots_come_in_order_with_their_ranges(ax):
    rows = frames.ranges().sample(frac=1, random_state=1)
    figures.dots(rows, value="value", lower="lower", upper="upper", groups="group", ax=ax)
    bright, dim = dots_of(ax, style.BRIGHT), dots_of(ax, style.DIM)
    assert (len(bright), len(dim)) == (9, 16)
    both = np.vstack([bright, dim])
    assert (np.diff(both[np.argsort(both[:, 1]), 0]) < 0).all()
    assert "and 15 more below" in words_of(ax)
    first = frames.ranges().iloc[0]
    assert any(np.allclose(line.get_xdata(), first[["lower", "upper"]].to_list()) for line in ax.lines)


def test_forest_tells_supported_practices_from_the_rest(ax):
    figures.forest(frames.practices(), ax=ax)
    assert sorted(dots_of(ax, style.EVIDENCE)[:, 0]) == [0.010, 0.014]
    assert dots_of(ax, style.DIM)[:, 0].tolist() == [0.0005]
    assert "not tested" in words_of(ax)
    panel = ax.child_axes[0]
    assert sorted(dots_of(panel, style.BRIGHT)[:, 0]) == [0.22, 0.47, 0.62, 0.97]
    assert "62\u00a0% · 18\u00a0%" in words_of(panel)


def test_terms_show_shares_of_comments_on_their_own_scale(ax):
    figures.terms(frames.terms(), most=3, ax=ax)
    assert sorted(dots_of(ax, style.EVIDENCE)[:, 0]) == [-0.3, 0.52]
    assert "by name (customer)" in words_of(ax)
    panel = ax.child_axes[0]
    assert panel.get_xlim() == (0, 0.034)
    assert "3.4\u00a0% · 0.6\u00a0%" in words_of(panel)
    alone = figures.terms(frames.terms().query("voice == 'customer'"), ax=Figure().add_subplot())
    assert "by name" in words_of(alone)


def test_luck_averages_what_is_left(ax):
    leads = frames.leads()
    first = figures.luck(leads, value_format=frames.SATISFIED.excess, ax=ax)
    second = ax.child_axes[1]
    for panel, name in ((first, "league table"), (second, "ours")):
        part = leads[leads["list"] == name]
        assert frames.SATISFIED.excess(part["later"].mean()) in words_of(panel)
        kept = round(100 * part["later"].mean() / part["earlier"].mean())
        assert f"{kept} % of the claim" in words_of(panel)
        assert len(panel.lines) == len(part) + 2


def test_luck_on_two_axes_and_with_nobody_named():
    two = Figure().subplots(1, 2)
    leads = frames.leads()
    assert figures.luck(leads[leads["list"] == "league table"], ax=two) is two[0]
    assert "none named" in words_of(two[1])
    with pytest.raises(ValueError, match="two axes, 3 were given"):
        figures.luck(leads, ax=list(Figure().subplots(1, 3)))


def test_why_walks_from_the_average_to_the_observed(ax):
    figures.why(frames.conditions(), start=0.68, observed=0.79, ax=ax)
    expected = 0.68 + frames.conditions()["contribution"].sum()
    bars = [line for line in ax.lines if line.get_linewidth() > 8]
    assert len(bars) == 7
    assert np.allclose(bars[0].get_xdata()[0], 0.68)
    assert np.allclose(bars[-1].get_xdata(), [expected, 0.79])


def test_why_draws_many_conditions_as_few(ax):
    figures.why(frames.conditions(20), start=0.5, ax=ax)
    bars = [line.get_xdata() for line in ax.lines if line.get_linewidth() > 8]
    assert len(bars) == 8
    assert np.isclose(bars[-1][1], 0.5 + frames.conditions(20)["contribution"].sum())
    assert "all other conditions" in words_of(ax)


def test_trend_leaves_a_gap_and_names_its_lines(ax):
    figures.trend(frames.periods(), name="Elm", ax=ax)
    observed = next(line for line in ax.lines if line.get_color() == style.BRIGHT)
    assert np.isnan(observed.get_ydata()).sum() == 1
    assert {"Elm", "expected", "its twin"} <= set(words_of(ax))


def test_trend_shows_a_value_between_gaps(ax):
    frame = frames.periods().assign(observed=[0.7, np.nan, 0.71, 0.72, np.nan, 0.73, np.nan, *[0.74] * 4, np.nan])
    figures.trend(frame, ax=ax)
    dots = next(line for line in ax.lines if line.get_color() == style.BRIGHT and line.get_marker() == "o")
    assert dots.get_xydata().tolist() == [[0, 0.7], [5, 0.73]]


def test_trend_without_range_or_twin(ax):
    figures.trend(frames.periods()[["period", "observed", "expected"]], ax=ax)
    assert len(ax.collections) == 0
    assert "its twin" not in words_of(ax)


def test_estimation_shows_every_unit_and_the_contrast(ax):
    figures.estimation(frames.doers(), frames.practices().iloc[0], units="shops", ax=ax)
    assert len(dots_of(ax, style.EVIDENCE)) == 75
    assert len(dots_of(ax, style.DOT)) == 225
    assert dots_of(ax, style.INK)[:, 0].tolist() == [0.014]
    assert {"75 shops", "225 shops"} <= set(words_of(ax))


@pytest.mark.parametrize(
    ("draw", "missing"),
    [
        (lambda: figures.funnel(pd.DataFrame({"unit": []}), pd.DataFrame(), labels={}), "exposure"),
        (lambda: figures.forest(pd.DataFrame({"label": []})), "grade"),
        (lambda: figures.luck(pd.DataFrame({"unit": []})), "list"),
        (lambda: figures.why(pd.DataFrame({"condition": []})), "contribution"),
        (lambda: figures.trend(pd.DataFrame({"period": []})), "observed"),
        (lambda: figures.terms(pd.DataFrame({"label": []})), "share_peers"),
    ],
)
def test_a_missing_column_is_named(draw, missing):
    with pytest.raises(KeyError, match=missing):
        draw()


def test_no_rows_are_no_error(ax):
    empty = frames.ranges().iloc[:0]
    figures.dots(empty, value="value", lower="lower", upper="upper", ax=ax)
    figures.forest(frames.practices().iloc[:0], ax=Figure().add_subplot())
    figures.luck(frames.leads().iloc[:0], ax=Figure().add_subplot())
    figures.terms(frames.terms().iloc[:0], ax=Figure().add_subplot())
    table, limits, _ = frames.units(3, 0)
    figures.funnel(table.iloc[:0], limits, labels={}, ax=Figure().add_subplot())
    figures.funnel(table.iloc[:1], limits, labels={}, ax=Figure().add_subplot())
    figures.estimation(frames.doers().iloc[:0], frames.practices().iloc[2], ax=Figure().add_subplot())
    assert len(ax.collections) == 0


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.9), (-0.013, 0.021), (0, 12000), (3.1, 3.2)])
def test_even_ticks_are_few_inside_and_evenly_spaced(low, high):
    ticks = even_ticks(low, high, 5)
    assert 2 <= len(ticks) <= 5
    assert low <= ticks[0] < ticks[-1] <= high
    assert np.allclose(np.diff(ticks), np.diff(ticks)[0])


@pytest.mark.parametrize("high", [3.0, 80.0, 1100.0, 250_000.0])
def test_root_ticks_keep_apart(high):
    ticks = root_ticks(0, high, 400, 50)
    assert len(ticks) >= 3
    assert (np.diff(np.sqrt(ticks)) * 400 / np.sqrt(high) >= 50).all()


def test_a_swarm_hides_nothing():
    along = np.random.default_rng(1).normal(0, 30, 300)
    spots = np.column_stack([along, swarm(along, 2.0)])
    gaps = np.hypot(*(spots[:, None] - spots).transpose(2, 0, 1)) + 99 * np.eye(300)
    assert gaps.min() > 3.6


def test_labels_never_cover_each_other_or_a_named_dot():
    points = [(100.0 + 12 * i, 200.0 - 3 * i) for i in range(9)]
    placed = place(points, [80.0] * 9, 14.0, Box(0, 0, 600, 300), np.empty((0, 2)))
    boxes = [spot.box for spot in placed]
    assert all(a.overlap(b) == 0 for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(not (b.left < x < b.right and b.bottom < y < b.top) for b in boxes for x, y in points)
    assert all(box.outside(Box(0, 0, 600, 300)) == 0 for box in boxes)


def test_a_label_stands_nearest_to_its_own_dot():
    points = [(100.0, 100.0), (112.0, 96.0), (300.0, 50.0)]
    placed = place(points, [90.0, 90.0, 60.0], 14.0, Box(0, 0, 400, 200), np.empty((0, 2)))
    for own, spot in enumerate(placed):
        assert int(np.argmin([spot.box.distance(point) for point in points])) == own


def test_names_are_cut_and_broken_to_fit():
    assert shorten("Elm Retail Park", 12, 500) == "Elm Retail Park"
    cut = shorten("Northfield Interchange West", 12, 100)
    assert cut.endswith("…")
    assert width(cut, 12) <= 100
    lines = wrap("Name before hello, with one complaint read at the morning huddle", 12, 220)
    assert len(lines) == 2
    assert all(width(line, 12) <= 220 for line in lines)
    assert wrap("", 12, 100) == [""]
    assert width("修理店", 10) == 30

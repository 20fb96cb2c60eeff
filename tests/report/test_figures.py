"""Geometry: axes cover the data, labels keep apart, coordinates are those worked out by hand."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tutelage.report.axes import number, shorten, spread, ticks
from tutelage.report.figures import DASHES, STYLES, Line, curves, style

NONE = [math.nan] * 3
REAL = st.floats(-1e4, 1e4, allow_nan=False)


@given(REAL, REAL, st.integers(3, 9))
def test_ticks_cover_the_values_with_few_round_numbers(a, b, most) -> None:
    low, high = min(a, b), max(a, b)
    made = ticks(low, high, most)
    assert made[0] <= low + 1e-6 and made[-1] >= high - 1e-6
    assert 2 <= len(made) <= most + 2 and list(made) == sorted(set(made))


def test_whole_ticks_are_whole() -> None:
    assert ticks(1.0, 2.0, 8, whole=True) == (1.0, 2.0)
    assert ticks(7.0, 7.0, 8, whole=True)[0] >= 0


@given(st.lists(st.floats(0, 300), min_size=1, max_size=12))
def test_labels_keep_their_distance_and_their_order(heights) -> None:
    made = spread(heights, 18.0, 0.0, 300.0)
    order = sorted(range(len(heights)), key=lambda k: (heights[k], made[k]))
    apart = [made[b] - made[a] for a, b in zip(order, order[1:], strict=False)]
    assert all(gap >= 18.0 - 0.11 for gap in apart)  # rounded to a tenth
    assert min(made) >= -0.06 and max(made) <= 300.06


def test_a_label_with_room_stays_where_it_is() -> None:
    assert spread([50.0, 150.0, 250.0], 18.0, 0.0, 300.0) == [50.0, 150.0, 250.0]


def test_coordinates_by_hand() -> None:
    """Costs 0..100 over 46..right, scores 0..100 over bottom..top: (50, 50) is the middle of the frame."""
    made = curves([Line("one", [0.0, 50.0, 100.0], [0.0, 50.0, 100.0], NONE, NONE)], 880, "labels", "accuracy (%)")
    assert made is not None
    first, middle, last = made.lines[0].dots
    assert (first.x, first.y) == (made.left, made.bottom) and (last.x, last.y) == (made.right, made.top)
    assert abs(middle.x - (made.left + made.right) / 2) < 0.06 and abs(middle.y - (made.top + made.bottom) / 2) < 0.06
    assert made.lines[0].band == "" and [tick.text for tick in made.x_ticks][-1] == "100"


def test_the_band_goes_out_along_the_top_and_back_along_the_bottom() -> None:
    line = Line("one", [0.0, 100.0], [50.0, 50.0], [0.0, 0.0], [100.0, 100.0])
    made = curves([line], 880, "labels", "%")
    assert made is not None
    left, right, top, bottom = (f"{value:g}" for value in (made.left, made.right, made.top, made.bottom))
    assert made.lines[0].band == f"M{left},{top}L{right},{top}L{right},{bottom}L{left},{bottom}Z"


def test_one_point_with_an_interval_has_a_whisker() -> None:
    made = curves([Line("one", [10.0], [50.0], [40.0], [60.0])], 360, "labels", "%", labelled=False)
    assert made is not None and made.lines[0].band == ""
    ((x, high, low),) = made.lines[0].whiskers
    assert high < made.lines[0].dots[0].y < low and x == made.lines[0].dots[0].x


def test_every_pointer_position_inside_the_frame_finds_one_cost() -> None:
    lines = [Line("a", [15.0, 30.0, 45.0], [1, 2, 3], NONE, NONE), Line("b", [20.0, 30.0], [9, 1], NONE[:2], NONE[:2])]
    made = curves(lines, 880, "labels", "%")
    assert made is not None
    assert [column.title for column in made.columns] == ["15 labels", "20 labels", "30 labels", "45 labels"]
    assert [name for name, _ in made.columns[2].rows] == ["a", "b"]
    ends = [column.left + column.width for column in made.columns]
    assert made.columns[0].left == made.left and abs(ends[-1] - made.right) < 0.2
    assert all(abs(end - column.left) < 0.2 for end, column in zip(ends, made.columns[1:], strict=False))


def test_no_point_no_figure() -> None:
    assert curves([Line("one", [], [], [], [])], 880, "labels", "%") is None


def test_an_arm_without_points_leaves_the_others_their_style() -> None:
    made = curves([Line("one", [], [], [], []), Line("two", [1.0], [2.0], [math.nan], [math.nan])], 880, "labels", "%")
    assert made is not None and (made.lines[0].style, made.lines[0].dash) == style(1)


def test_lines_differ_by_more_than_colour() -> None:
    assert len({style(k) for k in range(STYLES * DASHES)}) == STYLES * DASHES


def test_words() -> None:
    assert (number(-0.04), number(1234.5), number(math.nan), number(10.0, 0)) == ("0", "1,234.5", "–", "10")
    assert shorten("uniform", 100) == "uniform" and shorten("a very long name", 60).endswith("…")

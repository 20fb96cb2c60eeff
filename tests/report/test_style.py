"""The style sheet's colours, worked out from its variables: readable in the light, in the dark and for every eye."""

import itertools
import re

import pytest

from tutelage.report.build import HERE
from tutelage.report.figures import STYLES

CSS = (HERE / "page.css").read_text(encoding="utf-8")
TEXT = [
    *itertools.product(("ink", "soft", "link"), ("page", "card")), ("ink", "faint"), ("soft", "faint"),
    *((word, f"{word}-soft") for word in ("better", "worse", "tie", "unclear")),
]  # fmt: skip
HEAT = [0.16, 0.32, 0.52, 0.75, 1.0]


def schemes() -> dict[str, dict[str, str]]:
    """Name of a scheme -> its variables; the dark one falls back on the light one."""
    light, dark = (
        dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})\b", block))
        for block in re.findall(r":root \{(.*?)\n *\}", CSS, re.S)[:2]
    )
    return {"light": light, "dark": {**light, **dark}}


def rgb(text: str) -> tuple[float, float, float]:
    text = text.lstrip("#")
    text = "".join(2 * c for c in text) if len(text) == 3 else text
    return tuple(int(text[k : k + 2], 16) / 255 for k in (0, 2, 4))


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of WCAG 2."""
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
    return sum(v * share for v, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def ratio(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def over(top: str, ground: str, share: float) -> tuple[float, float, float]:
    return tuple(share * a + (1 - share) * b for a, b in zip(rgb(top), rgb(ground), strict=True))


def test_the_ratio_by_hand() -> None:
    """Black on white is 21; #777 on white is known as the grey that just fails, 4.48."""
    assert ratio(rgb("#000"), rgb("#fff")) == pytest.approx(21)
    assert ratio(rgb("#777777"), rgb("#fff")) == pytest.approx(4.48, abs=0.005)


def test_the_schemes_differ() -> None:
    light, dark = schemes().values()
    assert light.keys() == dark.keys() and len(light) > 20
    assert luminance(rgb(light["page"])) > 0.9 and luminance(rgb(dark["page"])) < 0.02


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_reaches_four_and_a_half(scheme) -> None:
    colours = schemes()[scheme]
    low = {pair: round(ratio(rgb(colours[pair[0]]), rgb(colours[pair[1]])), 2) for pair in TEXT}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_marks_reach_three(scheme) -> None:
    colours = schemes()[scheme]
    low = {k: round(ratio(rgb(colours[f"c{k}"]), rgb(colours["card"])), 2) for k in range(STYLES)}
    assert {k: value for k, value in low.items() if value < 3} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_counts_on_the_map_can_be_read_on_every_shade(scheme) -> None:
    """The opacities are those of the style sheet; right answers are drawn with .08 to .58."""
    colours = schemes()[scheme]
    said = [float(share) for share in re.findall(r"\.h\d \{ fill-opacity: ([\d.]+);", CSS)]
    assert said == HEAT
    grounds = [over(colours["heat"], colours["card"], share) for share in HEAT]
    grounds += [over(colours["diag"], colours["card"], share) for share in (0.08, 0.58)]
    assert min(ratio(rgb(colours["ink"]), ground) for ground in grounds) >= 4.5


def test_every_badge_has_its_colours() -> None:
    for word in ("better", "worse", "tie", "held", "refuted", "unclear"):
        assert re.search(rf"\.chip\.{word}\b", CSS) and re.search(rf"(^|[ ,])\.{word}[ ,{{]", CSS, re.M), word


def test_paper_is_white_whatever_the_screen_is() -> None:
    paper = CSS[CSS.index("@media print") :]
    assert "color-scheme: light" in paper and "--page: #fff" in paper
    assert "@media screen and (prefers-color-scheme: dark)" in CSS and CSS.count("prefers-color-scheme") == 1

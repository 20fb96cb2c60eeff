"""A plan as text: marks, and what came otherwise than planned."""

import math

from tutelage.cli.plan_text import amount, beside, far, number, size
from tutelage.study.amounts import Amount
from tutelage.study.planned import Beside, Planned

ROWS = (
    Beside("labels", 100.0, 100.0, "exact"),
    Beside("flop", 2.0e9, 2.4e9, "estimated"),  # a fifth more: not far
    Beside("seconds", 10.0, 14.0, "estimated"),
    Beside("shares", 40.0, 20.0, "at most"),  # less than an upper bound is as planned
    Beside("bytes", None, 5e6, "unknown"),
    Beside("verdicts", 0.0, 3.0, "exact"),
)


def test_every_amount_says_how_sure_it_is() -> None:
    assert [
        amount(Amount(1540.0)),
        amount(Amount(30.0, "at most")),
        amount(Amount(2.5, "estimated")),
        amount(Amount(None, "unknown")),
    ] == ["1,540", "<= 30", "~ 2.5", "?"]
    assert amount(Amount(2e6, "estimated"), size) == "~ 2.0 MB" and number(3e9) == "3.0e+09"


def test_off_by_more_than_a_quarter_is_said_in_one_line() -> None:
    told = Planned(ROWS)
    assert [one.what for one in told.far] == ["seconds", "verdicts"]
    assert ROWS[2].off == 0.4 and ROWS[3].off == -0.5 and ROWS[5].off == math.inf and ROWS[4].off == 0
    assert far(told) == "otherwise than planned: seconds +40% (planned ~ 10 s), verdicts new (planned 0)"
    assert far(Planned(ROWS[:2])) == ""


def test_planned_beside_actual() -> None:
    lines = beside(Planned(ROWS)).splitlines()
    assert lines[0].split() == ["planned", "and", "actual", "planned", "actual", "off"]
    assert [line.split()[-1] for line in lines[1:]] == ["+0%", "+20%", "+40%", "-50%", "-", "new"]
    assert beside(Planned((), "TooLong: why")) == "planned: nothing (TooLong: why)"

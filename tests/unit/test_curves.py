"""Whether a curve grows: a rise is told from waves, single peaks and what settles."""

import math

import pytest

from tests.endurance.curves import Curve, Measure, table

MEASURE = Measure("memory", "MiB", tolerance=8, share=0.08)
SAMPLES = 120


def curve(*values: float, measure: Measure = MEASURE) -> Curve:
    found = Curve(measure)
    for number, value in enumerate(values):
        found.add(number * 5.0, value)
    return found


SHAPES = {
    "level": [80.0] * SAMPLES,
    "a wave": [80 + 10 * math.sin(n / 3) for n in range(SAMPLES)],
    "teeth of a saw": [80 + n % 30 for n in range(SAMPLES)],
    "single peaks": [300.0 if n % 40 == 39 else 80.0 for n in range(SAMPLES)],
    "a rise that ends within the first sixth": [60 + min(n, 20) * 5.0 for n in range(SAMPLES)],
    "a fall": [200.0 - n for n in range(SAMPLES)],
    "a rise within the tolerance": [80 + n / 24 for n in range(SAMPLES)],
    "one sample": [80.0],
}


@pytest.mark.parametrize("values", SHAPES.values(), ids=SHAPES)
def test_what_comes_back_or_settles_does_not_grow(values: list[float]) -> None:
    assert not curve(*values).grew


@pytest.mark.parametrize("wave", [0, 5, 10])
def test_a_steady_rise_is_found_under_waves(wave: float) -> None:
    leak = curve(*[80 + n / 4 + wave * math.sin(n / 2) for n in range(SAMPLES)])
    assert leak.grew
    assert leak.trend == pytest.approx(25, abs=3)  # of 30, in five sixths of the time


def test_what_is_not_judged_does_not_grow() -> None:
    shown = curve(*range(SAMPLES), measure=Measure("store", "MiB"))
    assert not shown.grew
    assert shown.trend > 90


def test_a_tolerance_can_be_a_share_of_what_was_there() -> None:
    large = [1000 + n / 4 for n in range(SAMPLES)]
    assert not curve(*large).grew
    assert curve(*large, measure=Measure("memory", "MiB", tolerance=8)).grew


def test_the_table_shows_each_curve_with_what_judges_it() -> None:
    leak = curve(*map(float, range(SAMPLES)))
    head, line = table([leak], width=8).splitlines()
    assert head.split()[0] == "start"
    assert line.startswith("memory, MiB")
    assert "GREW" in line
    assert line.endswith("▁▂▃▄▅▆▇█")

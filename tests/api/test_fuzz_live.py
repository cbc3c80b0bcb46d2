"""Broken requests as raw bytes: `python -m tests.endurance fuzz`, in short."""

from pathlib import Path

import pytest

from tests.conftest import BACKENDS
from tests.endurance.attempts import Attempts
from tests.endurance.fuzz import run

ATTEMPTS = 750


@pytest.mark.parametrize("backend", BACKENDS)
async def test_whatever_is_sent_the_service_answers_as_it_should(
    backend: str, tmp_path: Path
) -> None:
    report = await run(tmp_path, backend, range(ATTEMPTS), seed=1)
    assert report.problems == []
    assert report.kinds.total() == ATTEMPTS
    assert {200, 201, 400, 401, 404, 422} <= report.statuses.keys()


def test_an_attempt_can_be_made_again_by_its_seed_and_number() -> None:
    attempts = [Attempts(seed, ("a key",)) for seed in (1, 1, 2)]
    one, again, other = ([each.attempt(number) for number in range(100)] for each in attempts)
    assert one == again
    assert one != other

"""Each call of the disk fails in turn: an honest answer, nothing lost, and no restart needed."""

import asyncio
import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from httpx import AsyncClient, Response

from tests.contract.reading import findings
from tests.endurance.kill import everything
from tests.endurance.ledger import Ledger, State, state_of
from tests.filesystem.conftest import opened
from tests.patterns import pattern

SECONDS = 30
"""How long the recovery may take before a test fails."""

CALLS = ("fsync", "ftruncate", "mkdir", "replace", "unlink", "write")
MOST = 200
"""More calls than three writes make."""


@dataclass
class Fault:
    """The call to fail, counted from 1, with what, and whether those after it fail as well."""

    call: int
    code: int
    lasting: bool
    short: bool = False
    calls: int = 0

    def strikes(self) -> bool:
        """Count a call; whether it is to fail."""
        self.calls += 1
        return self.calls == self.call or (self.lasting and self.calls > self.call)


@contextmanager
def failing_calls(root: Path, fault: Fault) -> Iterator[None]:
    """A time in which calls of the disk below a folder fail, but for those of SQLite."""

    def concerned(target: Any) -> bool:
        path = os.readlink(f"/proc/self/fd/{target}") if isinstance(target, int) else str(target)
        return path.startswith(str(root))

    def failing(name: str) -> Any:
        real = getattr(os, name)

        def call(target: Any, *arguments: Any, **options: Any) -> Any:
            if concerned(target) and fault.strikes():
                if name == "write" and fault.short and fault.calls == fault.call:
                    return real(target, arguments[0][: len(arguments[0]) // 2])
                raise OSError(fault.code, os.strerror(fault.code))
            return real(target, *arguments, **options)

        return call

    real_open = io.open

    def open_file(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if concerned(file) and set(mode) & {"w", "a", "+"} and fault.strikes():
            raise OSError(fault.code, os.strerror(fault.code), str(file))
        return real_open(file, mode, *arguments, **options)

    with (
        patch.multiple(os, **{name: failing(name) for name in CALLS}),
        patch.object(io, "open", open_file),
    ):
        yield


@pytest.mark.parametrize(
    ("code", "lasting", "short"),
    [
        (errno.EIO, False, False),
        (errno.EIO, True, False),
        (errno.ENOSPC, True, True),
        (errno.EMFILE, False, False),
    ],
    ids=["once", "from then on", "a short write, then a full disk", "no more files"],
)
async def test_each_call_in_turn(
    client: AsyncClient, root: Path, code: int, lasting: bool, short: bool
) -> None:
    ledger = Ledger()
    for call in range(1, MOST):
        for kind in ("changed", "deleted"):
            await _write(ledger, client, "PUT", f"{kind}-{call}", version="1")
        fault = Fault(call, code, lasting, short)
        with failing_calls(root, fault):
            await _write(ledger, client, "PUT", f"new-{call}", version="1")
            await _write(ledger, client, "PUT", f"changed-{call}", version="2")
            await _write(ledger, client, "DELETE", f"deleted-{call}")
        assert (await _write(ledger, client, "PUT", f"after-{call}", version="1")) == 201
        await _until_sound(client, ledger)
        if fault.calls < call:
            assert call > 10
            return
    raise AssertionError("the calls do not come to an end")


async def _write(
    ledger: Ledger, client: AsyncClient, method: str, name: str, **members: Any
) -> int:
    """One write, which succeeds or is refused as it should be."""
    # A day of its own for each, so that folders are made as well.
    number = int(name.partition("-")[2])
    happened = f"2026-{1 + number // 28 % 12:02}-{1 + number % 28:02}T10:00:00.000000Z"
    known = ledger.present().get(name)
    if method == "DELETE":
        ledger.sent(name, None)
        answer = await client.delete(f"/v1/patterns/{name}")
    else:
        new = pattern(pattern_id=name, timestamp=happened, context={}, **members)
        ledger.sent(name, State(new, known.revision + 1 if known else 1))
        answer = await client.put(f"/v1/patterns/{name}", json=new)
    if answer.is_success:
        ledger.answered(name, None if method == "DELETE" else state_of(answer.json()))
    else:
        _refused(answer)
    return answer.status_code


def _refused(answer: Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["type"] == "urn:pattern-store:problem:storage-unavailable"


async def _until_sound(client: AsyncClient, ledger: Ledger) -> None:
    """See that all mends itself and nothing is lost.

    A refused write whose traces the failing disk did not let go may be there after all, wholly:
    as one that was never answered. That is settled when files and index have been compared.
    """
    storage = opened(client._transport.app.state.parts.service.storage)  # type: ignore[attr-defined]
    async with asyncio.timeout(SECONDS):
        while storage._files.in_doubt or storage._rescanning.locked():
            await asyncio.sleep(0.02)
    assert await findings(storage) == []
    assert [*ledger.problems(await everything(client))] == []

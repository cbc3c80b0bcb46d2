"""Each request seen from outside: an id, a log line, its time, and what failed."""

import asyncio
import logging
import random
import re
import time
from contextvars import ContextVar
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.connections.pace import note_refusal
from app.errors import ShuttingDown
from app.metrics import Metrics
from app.middleware.access_log import AccessLog
from app.middleware.answer_headers import protected
from app.problems import METHODS, internal_error, response_for

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being answered."""

_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._:@+/=-]{1,128}")

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked again and again by machines: logged at the level debug only."""

_log = logging.getLogger("app.requests")


class Observation:
    """The outermost layer: nothing that happens inside goes unseen, or out as a traceback."""

    def __init__(self, app: ASGIApp, metrics: Metrics, access_log: AccessLog | None) -> None:
        self._app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = _identifier(scope)
        token = request_id.set(identifier)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == HTTPStatus.TOO_MANY_REQUESTS:
                    note_refusal(scope)
                message["headers"] = [
                    *protected(message["headers"]),
                    (b"x-request-id", identifier.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            if status:
                raise
            problem = ShuttingDown("The service is stopping, and did not wait for this any longer.")
            await response_for(problem, scope["path"])(scope, receive, send_with_id)
        except Exception:
            _log.exception("request failed", extra={"path": scope["path"]})
            if status:
                raise  # the answer has begun: break it, so that nobody takes it for whole
            await internal_error(scope["path"])(scope, receive, send_with_id)
        finally:
            self._note(scope, identifier, status, time.perf_counter() - started)
            request_id.reset(token)

    def _note(self, scope: Scope, identifier: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        # Callers can make up methods and paths; what metrics tell apart must have an end.
        method = scope["method"] if route != "none" and scope["method"] in METHODS else "other"
        self._metrics.requests.note(method, route, status, seconds)
        if self._access_log is not None:
            level = logging.DEBUG if route in _PROBES else logging.INFO
            self._access_log.note(
                level, identifier, scope["method"], scope["path"], status, seconds
            )


def _identifier(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ACCEPTED_ID.fullmatch(value):
            return str(value.decode())
    return new_request_id()


def new_request_id() -> str:
    """An id for a request that brings none."""
    return f"{random.getrandbits(128):032x}"

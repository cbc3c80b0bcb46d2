"""Running the application under uvicorn until a signal ends it."""

import asyncio
import gc
import os
import signal
import socket
import sys
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn

from app.connections.files import make_room_for
from app.connections.pace import Pace
from app.connections.polling import BusyPolling
from app.connections.unread import Unread
from app.errors import StoreNotOpened
from app.main import ROUTERS, create_app, keys_file
from app.middleware.origin import is_loopback
from app.protocol.connection import Connection, Limits
from app.routes.direct import UNLIMITED, direct_routes
from app.routes.state import State
from app.settings import Settings

_KEEP_ALIVE_SECONDS = 75
"""As nginx has it: longer than clients keep a connection that they don't use. Where both have
five seconds, as uvicorn and httpx do, a request may meet the connection's end."""

_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the others waiting for the interpreter: with CPython's 5 ms, one
that works through rows holds each step of a transaction up that long."""

_EARS = 32
"""How many times the event loop listens on one address: uvloop takes one connection a round for
each, and under load a round is long. Beside a crowd of 1,000 connections, 200 new ones had all
been answered four times sooner than with one ear, with which the crowd itself got in thrice as
slowly."""


class Server(uvicorn.Server):
    """A server that tells the application at once when it is to end."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, with several ears."""
        await super().startup(sockets)
        for server in [*self.servers]:
            for listening in server.sockets:
                for _ in range(_EARS - 1):
                    again = socket.socket(fileno=os.dup(listening.fileno()))
                    self.servers.append(await self._loop.create_server(self._protocol, sock=again))

    def _protocol(self) -> asyncio.Protocol:
        """What speaks HTTP on a new connection."""
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=self._loop,
        )
        return protocol

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal: accept nothing more, end endless streams, finish what was accepted."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        super().handle_exit(sig, frame)


def keep_threads_moving() -> None:
    """Keep the interpreter from making a thread wait long for the others or for the collector.

    A collection stops every thread, and looked at all that was ever imported: 50 ms. What is
    there by now stays for good, so it is left out from here on.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()


def _limits(settings: Settings, parts: State) -> Limits:
    """What the settings allow to all connections of a service."""
    loop = asyncio.get_running_loop()
    unlimited = [route for route in direct_routes(ROUTERS) if UNLIMITED in route.tags]
    return Limits(
        make_room_for(settings.max_connections),
        settings.head_seconds,
        Pace(loop, parts.admission.is_busy),
        BusyPolling(loop),
        Unread(settings.max_unread_bytes, settings.answer_seconds),
        frozenset(route.path.encode() for route in unlimited),
        parts.admission.refuses_early,
        parts.metrics.repeated_refusals.inc,
    )


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then end in order.

    Raises StoreNotOpened where the store cannot be opened, or the address is open to others
    and there is no key and nobody allowed that; DamagedKeys where the keys cannot be read.
    """
    is_open = keys_file(settings).read() is None
    if is_open and not settings.allow_anonymous and not is_loopback(settings.host):
        raise StoreNotOpened(
            f"Anyone who reaches {settings.host} could read and write the store. Make a key with "
            "`pattern-store keys create --name … --scope admin`, or listen on 127.0.0.1, or set "
            "PATTERNS_ALLOW_ANONYMOUS=true if the network keeps others away."
        )
    app = create_app(settings)
    keep_threads_moving()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        http=cast(type[asyncio.Protocol], partial(Connection, _limits(settings, app.state.parts))),
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
    )
    server = Server(config, app.state.parts.stopping)
    connections = server.server_state.connections
    app.state.parts.metrics.connections.set_function(lambda: len(connections))
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal it took once more at its end; this handler lets that pass.
        signal.signal(number, server.handle_exit)
    async with app.router.lifespan_context(app):
        if not server.should_exit:
            await server.serve()

"""Running the application under uvicorn until a signal ends it."""

import asyncio
import gc
import os
import signal
import socket
import sys
from types import FrameType
from typing import Any

import uvicorn

from app.errors import StoreNotOpened
from app.main import create_app, keys_file
from app.middleware.origin import is_loopback
from app.protocol import HttpProtocol
from app.settings import Settings

_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the others waiting for the interpreter: with CPython's 5 ms, one
that works through rows holds each step of a transaction up that long."""

_EARS = 32
"""How many times the event loop listens on one address: uvloop takes one connection a round for
each. Under load a round is long, and with a single one new clients waited for half a minute."""


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
        http=HttpProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
    )
    server = Server(config, app.state.parts.stopping)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal it took once more at its end; this handler lets that pass.
        signal.signal(number, server.handle_exit)
    async with app.router.lifespan_context(app):
        if not server.should_exit:
            await server.serve()

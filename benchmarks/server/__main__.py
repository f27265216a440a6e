"""The server as a process of its own: says its address on the first line, and serves until it is ended."""

from __future__ import annotations

import asyncio
import gc
import signal

from benchmarks.server.connection import Connection
from benchmarks.server.model import Model
from benchmarks.server.options import manners, parser

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop


def main() -> None:
    arguments = parser().parse_args()
    if arguments.ceiling:
        from benchmarks.server.ceiling import describe, measure

        print(describe(measure()))
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(Model(manners(arguments)), arguments.port))


async def _serve(model: Model, port: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: Connection(model, loop), "127.0.0.1", port, backlog=4096)
    gc.freeze()
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    main()

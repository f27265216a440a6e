"""The server as a process of its own: says its URL on the first line, and serves until it is ended."""

from __future__ import annotations

import argparse
import sys
import threading
from contextlib import suppress
from pathlib import Path

from adf_core.testing.openai_server.server import OpenAIServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m adf_core.testing.openai_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--log", type=Path, help="append every request's body to this file, one line of JSON each")
    arguments = parser.parse_args()
    with OpenAIServer(latency=arguments.latency, port=arguments.port, log=arguments.log) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


main()

"""The options of ``python -m benchmarks.server``."""

from __future__ import annotations

import argparse
import math

from benchmarks.server.fates import Badness
from benchmarks.server.model import Manners

_DESCRIPTION = "A fast model server on 127.0.0.1: prints its address on the first line and serves until it is ended."


def manners(arguments: argparse.Namespace) -> Manners:
    """How the server behaves with these arguments."""
    rate: float | None = arguments.requests_per_second
    return Manners(
        badness=Badness(
            shares={
                "429": arguments.rate_429,
                "5xx": arguments.rate_5xx,
                "hang": arguments.rate_hang,
                "drop": arguments.rate_drop,
                "malformed": arguments.rate_malformed,
                "truncated": arguments.rate_truncated,
            },
            latency=arguments.latency,
            sigma=arguments.sigma,
            seed=arguments.seed,
        ),
        turns=arguments.turns,
        retry_after=arguments.retry_after,
        requests_per_second=rate,
        burst=arguments.burst or math.ceil((rate or 0) / 10) or 1,
        limit_headers=arguments.limit_headers,
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.server", description=_DESCRIPTION)
    add = made.add_argument
    add("--port", type=int, default=0, help="0: any free one")
    add("--latency", type=_seconds, default=0.0, metavar="SECONDS", help="time until an answer")
    add("--sigma", type=_seconds, default=0.0, help="lognormal latency around that median (0: always the same)")
    add("--rate-429", type=_share, default=0.0, metavar="SHARE", help="share of requests refused with 429")
    add("--retry-after", type=_seconds, metavar="SECONDS", help="say so with every 429")
    add("--rate-5xx", type=_share, default=0.0, metavar="SHARE", help="share answered with 500, 502 or 503")
    add("--rate-hang", type=_share, default=0.0, metavar="SHARE", help="share never answered")
    add("--rate-drop", type=_share, default=0.0, metavar="SHARE", help="share whose connection is closed instead")
    add("--rate-malformed", type=_share, default=0.0, metavar="SHARE", help="share whose answer holds no JSON")
    add("--rate-truncated", type=_share, default=0.0, metavar="SHARE", help="share cut off by the token limit")
    add("--requests-per-second", type=_above_zero, metavar="R", help="refuse what is above with 429")
    add("--burst", type=int, metavar="N", help="how many the limit lets pass at once (default: a tenth of R)")
    add("--limit-headers", action="store_true", help="tell of the limit in x-ratelimit-* headers")
    add("--turns", type=int, default=2, help="turns of a conversation, or items of any list in an answer")
    add("--seed", type=int, default=0, help="another seed: other requests meet the faults, and other latencies")
    add("--ceiling", action="store_true", help="measure how many requests a second the server answers, and end")
    return made


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("a share is from 0 to 1")
    return share


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return seconds


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number

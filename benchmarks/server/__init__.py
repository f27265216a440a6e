"""A model server for measuring clients: fast enough to be no bottleneck, and as bad as it is told to be.

``python -m benchmarks.server --latency 0.2`` prints its address on the first line and serves until it is ended;
``--help`` tells the rest. It speaks OpenAI's ``POST /v1/chat/completions`` and ``/v1/embeddings`` and Gemini's ``POST
/v1beta/models/NAME:generateContent``. ``GET /stats`` tells what came so far, ``POST /reset`` forgets it.
"""

from benchmarks.server.running import RunningServer

__all__ = ["RunningServer"]

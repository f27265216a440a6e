"""llama.cpp in this process: one model, several slots that answer side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adf_core import InvalidRequest, Overloaded, UsageError

_QUIET = -1
_LONGEST_SOCKET_FOLDER = 70
"""Bytes of a folder's name; a socket's whole path may have some 100."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a chat: the text, why it ended in OpenAI's words, and tokens in and out."""

    text: str
    finish_reason: str
    input_tokens: int
    output_tokens: int


class Server:
    """A loaded model. :meth:`chat` blocks and may be called from one thread for each slot."""

    def __init__(self, path: Path, *, slots: int, context: int, threads: int | None) -> None:
        """Load the model in ``path`` with ``context`` tokens for each slot; UsageError where it cannot be."""
        import tempfile

        self._library = _library()
        params = self._library.CommonParams()
        params.model.path = str(path)
        params.n_parallel = slots
        params.n_ctx = slots * context
        params.cpuparams.n_threads = threads or -1
        params.verbosity = _QUIET
        params.cache_ram_mib = 0
        # The library always listens. A socket in a folder of our own, gone before anyone can ask it, opens no port.
        with tempfile.TemporaryDirectory(prefix="adf-", dir=_socket_folder()) as folder:
            params.hostnames = [f"{folder}/llama.sock"]
            try:
                self._server = self._library.Server(params)
            except RuntimeError:
                raise UsageError(
                    f"llama.cpp cannot load the model file {path} with {slots} slots of {context} tokens: it is "
                    f"damaged, of a kind that xllamacpp {self._library.__version__} does not know, or too large for "
                    "the memory."
                ) from None

    def grammar(self, schema: Mapping[str, Any]) -> str:
        """The grammar of JSON that fits ``schema`` and has no white space between its parts.

        A model that may write white space can go on with it until its tokens are spent.
        """
        compact = {**schema, "x-guidance": {"whitespace_flexible": False}}
        text: str = self._library.json_schema_to_grammar(compact)
        return text

    def chat(self, body: Mapping[str, Any], cancelled: threading.Event) -> Answer:
        """Answer an OpenAI chat request, until ``cancelled`` is set.

        InvalidRequest where the request is refused, Overloaded where llama.cpp fails.
        """
        chunks: list[dict[str, Any]] = []

        def receive(chunk: dict[str, Any]) -> bool:
            chunks.append(chunk)
            return cancelled.is_set()

        asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
        self._server.handle_chat_completions(asked, receive)
        return _answer(chunks)


def _socket_folder() -> str | None:
    """Where a socket's folder is made: None for the usual place, unless its name is too long for a socket."""
    import tempfile

    return "/tmp" if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_SOCKET_FOLDER else None  # noqa: S108


def _library() -> Any:
    """The module xllamacpp; UsageError where the system lacks what it needs."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # else idle threads of OpenMP burn the cores
    try:
        import xllamacpp
    except ImportError as error:
        if "libgomp" not in str(error):
            raise
        raise UsageError(
            "llama.cpp needs the system's OpenMP library, libgomp: install it with `apt-get install libgomp1` (Debian, "
            "Ubuntu), `dnf install libgomp` (Fedora, RHEL) or `apk add libgomp` (Alpine)."
        ) from error
    return xllamacpp


def _answer(chunks: list[dict[str, Any]]) -> Answer:
    text: list[str] = []
    finish_reason = ""
    usage: dict[str, int] = {}
    for chunk in chunks:
        error = chunk.get("error", chunk if "message" in chunk else None)
        if error:
            raise _failure(error)
        for choice in chunk["choices"]:
            text.append(choice["delta"].get("content") or "")
            finish_reason = choice["finish_reason"] or finish_reason
        usage = chunk.get("usage") or usage
    if not finish_reason:
        raise Overloaded("llama.cpp broke off its answer.")
    return Answer("".join(text), finish_reason, usage["prompt_tokens"], usage["completion_tokens"])


def _failure(error: Mapping[str, Any]) -> InvalidRequest | Overloaded:
    if error.get("type") == "exceed_context_size_error":
        return InvalidRequest(
            f"The prompt takes {error['n_prompt_tokens']:,} tokens, and a slot of the model holds {error['n_ctx']:,}, "
            "answer included: shorten the prompt or the diagram, or raise the option `context`."
        )
    if 400 <= error.get("code", 500) < 500:
        return InvalidRequest(f"llama.cpp does not accept this request: {error['message']}")
    return Overloaded(f"llama.cpp failed: {error['message']}")

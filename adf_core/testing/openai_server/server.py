"""The server itself: OpenAI's JSON around the test's answers."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

from adf_core.testing.loopback import Answer, LoopbackServer, Received, Reply
from adf_core.testing.openai_server.answers import default_answer


class OpenAIServer(LoopbackServer):
    """Answers chat completions as the test decides; an embedding is a function of its text, whatever the test says."""

    root = "/v1"

    def __init__(
        self,
        answer: Answer | str = default_answer,
        *,
        latency: float = 0.0,
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        super().__init__(answer, latency=latency, port=port, log=log)

    def knows(self, path: str) -> bool:
        return path in ("/v1/chat/completions", "/v1/embeddings")

    def render(self, received: Received, reply: Reply) -> Any:
        return _rendered(received, reply)


def openai_error(message: str, *, code: str | None = None, kind: str = "error", param: str | None = None) -> Any:
    """The body of a refusal in OpenAI's format."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _rendered(received: Received, reply: Reply) -> Any:
    """OpenAI's JSON around the text of ``reply``. Tokens are counted as words."""
    body = received.body
    if reply.status >= 400:
        return openai_error(reply.text)
    if received.path == "/v1/embeddings":
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        tokens = sum(len(text.split()) for text in texts)
        data = [{"object": "embedding", "index": index, "embedding": _vector(text)} for index, text in enumerate(texts)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": body["model"], "usage": usage}
    asked = sum(len(str(message["content"]).split()) for message in body["messages"])
    said = len(reply.text.split())
    return {
        "id": f"chatcmpl-{blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=8).hexdigest()}",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply.text, "refusal": None},
                "finish_reason": reply.finish_reason or "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
    }


def _vector(text: str) -> list[float]:
    """Eight numbers from -1 to 1, the same for the same text."""
    return [byte / 127.5 - 1 for byte in blake2b(text.encode(), digest_size=8).digest()]

"""A server on loopback that speaks OpenAI's chat completions and embeddings.

``python -m adf_core.testing.openai_server --port 0 --latency 0.05 --log FILE`` runs it as a process of its own.
"""

from adf_core.testing.loopback import Reply
from adf_core.testing.openai_server.answers import default_answer, prompt
from adf_core.testing.openai_server.server import OpenAIServer, openai_error

__all__ = ["OpenAIServer", "Reply", "default_answer", "openai_error", "prompt"]

"""What a plugin author's tests import: projects, a scripted provider, and real servers on loopback.

The servers speak the providers' wire formats, so that a provider is tested over real HTTP.
"""

from adf_core.testing.gemini_server import GeminiServer, gemini_error
from adf_core.testing.loopback import Answer, Reply
from adf_core.testing.openai_server import OpenAIServer, openai_error
from adf_core.testing.plugins import plugins_with
from adf_core.testing.project import make_project
from adf_core.testing.runs import run_info
from adf_core.testing.scripted import ScriptedProvider, answer_with

__all__ = [
    "Answer",
    "GeminiServer",
    "OpenAIServer",
    "Reply",
    "ScriptedProvider",
    "answer_with",
    "gemini_error",
    "make_project",
    "openai_error",
    "plugins_with",
    "run_info",
]

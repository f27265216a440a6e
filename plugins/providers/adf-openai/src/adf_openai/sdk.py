"""The long way to a server: the ``openai`` SDK with its own HTTP client, as far as it gives answers unread."""

from __future__ import annotations

import httpx2
import openai

from adf_core import UsageError
from adf_openai.transport import CONNECT, LARGEST, Answer, Broken, TooLarge

_HEADERS = {"Content-Type": "application/json"}


class ThroughSDK:
    """Sends requests to the server at ``url``; all else is as the SDK's environment variables say."""

    def __init__(self, url: str, key: str) -> None:
        try:
            self._client = openai.AsyncOpenAI(
                api_key=key or "none",  # the SDK wants one; a server that needs none does not look at it
                base_url=url,
                max_retries=0,
                timeout=openai.Timeout(None, connect=CONNECT),
            )
        except ImportError:
            raise UsageError("A SOCKS proxy needs one more package: pip install 'httpx2[socks]'") from None
        except ValueError as error:
            raise UsageError(f"The proxy that the environment names cannot be used: {error}.") from None

    async def post(self, path: str, body: bytes) -> Answer:
        try:
            answer = await self._client.post(path, cast_to=httpx2.Response, content=body, options={"headers": _HEADERS})
        except openai.APIStatusError as error:
            answer = error.response
        except openai.APIConnectionError as error:
            raise Broken(str(error.__cause__ or error)) from None
        if len(answer.content) > LARGEST:
            raise TooLarge
        return Answer(answer.status_code, answer.headers, answer.text)

    async def close(self) -> None:
        await self._client.close()

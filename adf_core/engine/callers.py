"""Who may be asked in a run: its own provider, and those that validators name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

from adf_core.components import Provider, ProviderChoice
from adf_core.engine.caller import Caller
from adf_core.options import build
from adf_core.plugins import Plugins


class Callers:
    """A caller for each provider, which is opened when it is first needed and closed at the end of the context."""

    def __init__(self, provider: Provider, plugins: Plugins) -> None:
        """``provider`` is the run's own."""
        self.main: Caller
        self._provider = provider
        self._plugins = plugins
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._is_open = False
        self._make: Callable[[Provider], Caller]
        self._all: list[Caller] = []
        self._others: dict[str, Caller] = {}
        self._stopped = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._stack.aclose()

    async def open(self) -> None:
        """Open the run's own provider, unless it is. UsageError where that cannot be."""
        async with self._opening:
            if not self._is_open:
                await self._stack.enter_async_context(self._provider)
                self._is_open = True

    def start(self, make: Callable[[Provider], Caller]) -> None:
        """From now on there are callers, which ``make`` makes."""
        self._make = make
        self.main = self._made(self._provider)

    async def of(self, choice: ProviderChoice | None) -> Caller:
        """The caller of a provider; None, or the bare name of the run's own, means that one with its options.

        UsageError where it cannot be opened.
        """
        given = {} if choice is None else {"name": choice} if isinstance(choice, str) else dict(choice)
        if not given or given == {"name": self._provider.name}:
            await self.open()
            return self.main
        name = json.dumps(given, sort_keys=True, default=str)
        async with self._opening:
            if name not in self._others:
                options = {key: value for key, value in given.items() if key != "name"}
                provider = build(self._plugins.get(Provider, str(given.get("name", ""))), options)
                self._others[name] = self._made(await self._stack.enter_async_context(provider))
        return self._others[name]

    def stop(self) -> None:
        """Ask nobody any more; what is in flight may finish."""
        self._stopped = True
        for caller in self._all:
            caller.stop()

    def _made(self, provider: Provider) -> Caller:
        caller = self._make(provider)
        self._all.append(caller)
        if self._stopped:
            caller.stop()
        return caller

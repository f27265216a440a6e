"""Evol-Instruct for conversations: WizardLM's six operations as directions, its elimination step as a validator.

The method is that of Can Xu and others, "WizardLM: Empowering Large Language Models to Follow Complex Instructions",
2023, arXiv 2304.12244. There a model rewrites one instruction; here the operations steer how a conversation goes on,
in words of our own.
"""

from __future__ import annotations

from collections.abc import Callable

from adf_core import Direction, Validator, hookimpl


@hookimpl
def register_directions(register: Callable[[type[Direction]], None]) -> None:
    from adf_evol_instruct.directions import DIRECTIONS

    for direction in DIRECTIONS:
        register(direction)


@hookimpl
def register_validators(register: Callable[[type[Validator]], None]) -> None:
    from adf_evol_instruct.elimination import Elimination

    register(Elimination)

"""The six operations of Evol-Instruct (Xu et al. 2023, arXiv 2304.12244, section 3.2) as directions.

Each instruction begins with an adjective and has no full stop, so that it reads well where a template puts it: after
"its direction or style is", after "should be", or between quotation marks. All six need something to start from, so
none of them serves seeds.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from adf_core import Direction, DirectionContext, Stage

_STEPS = ("two", "three", "four", "five")

_MATERIAL = (
    "a short list or a few figures",
    "a small table or a form that was filled in",
    "a letter, a log or a file in which something does not fit",
)
"""What is brought in the first round, the second, and all later ones."""


class _InDepth(Direction):
    """Makes the same matter a little harder."""

    stages: ClassVar[Sequence[Stage]] = ("derivation",)

    def instruction(self, context: DirectionContext) -> str:
        before = "the example" if context.type == "instruct" else "before"
        return f"slightly harder than {before}: {self.change(context)}; {self.bound(context)}"

    @abstractmethod
    def change(self, context: DirectionContext) -> str:
        """What the two do to make it harder."""

    def bound(self, context: DirectionContext) -> str:
        """How far it may go: as in the paper, 10 to 20 words an evolution, so that it grows by small steps."""
        if context.type == "instruct":
            return f"the topic stays that of the example, and the {context.user_role} says only 10 to 20 words more"
        return f"the topic stays the same, and what is new takes the {context.user_role} only 10 to 20 words"


class AddConstraints(_InDepth):
    name: ClassVar[str] = "add-constraints"
    description: ClassVar[str] = "The user sets one more condition, and the help must meet it."

    def change(self, context: DirectionContext) -> str:
        user, assistant = context.user_role, context.assistant_role
        condition = "one more condition" if context.round < 2 else "one more condition, unlike those set before,"
        what = f"{condition} that the help must meet (a limit of time, money, means or rules)"
        if context.type == "instruct":
            return f"the {user} asks for the same with {what}, and the {assistant} keeps to it"
        return f"the {user} sets {what}, and the {assistant} keeps to it"


class Deepen(_InDepth):
    name: ClassVar[str] = "deepen"
    description: ClassVar[str] = "The user asks for what lies behind the matter; the answer goes into it."

    def change(self, context: DirectionContext) -> str:
        user, assistant = context.user_role, context.assistant_role
        layer = "its reasons, its limits or what follows from it"
        if context.round >= 2:
            layer = "now one layer further down: its exceptions and hard cases"
        if context.type == "instruct":
            return f"the {user} also asks for what lies behind it ({layer}), and the {assistant} goes into that"
        return (
            f"the {user} asks for what lies behind the last answer ({layer}), "
            f"and the {assistant} goes into that without saying the answer again"
        )


class Concretise(_InDepth):
    name: ClassVar[str] = "concretise"
    description: ClassVar[str] = "What was general becomes one particular case, and the answer is for that case."

    def change(self, context: DirectionContext) -> str:
        user, assistant = context.user_role, context.assistant_role
        if context.round >= 2:
            told = "tells particulars that were not told yet and that decide the case"
        elif context.type == "instruct":
            told = "tells of one particular case in place of what is general there"
        else:
            told = "turns what was general into one particular case"
        return f"the {user} {told} (names, numbers, places or times), and the {assistant} answers for just that case"


class IncreaseReasoning(_InDepth):
    name: ClassVar[str] = "increase-reasoning"
    description: ClassVar[str] = "The question takes several steps of thought, and the answer shows them."

    def change(self, context: DirectionContext) -> str:
        steps = _STEPS[min(max(context.round, 1), len(_STEPS)) - 1]
        asks = "asks the same in such a way that it" if context.type == "instruct" else "asks something that"
        return (
            f"the {context.user_role} {asks} cannot be answered at once but takes at least {steps} steps of thought, "
            f"each built on the one before, and the {context.assistant_role} shows these steps"
        )


class ComplicateInput(_InDepth):
    name: ClassVar[str] = "complicate-input"
    description: ClassVar[str] = "The user brings material (figures, a table, a letter) that the answer must work with."

    def change(self, context: DirectionContext) -> str:
        material = _MATERIAL[min(max(context.round, 1), len(_MATERIAL)) - 1]
        asks = "asks the same and brings" if context.type == "instruct" else "brings"
        return (
            f"the {context.user_role} {asks} {material}, written out in full, "
            f"and the {context.assistant_role} works with what stands in it"
        )

    def bound(self, context: DirectionContext) -> str:
        """Material has lines rather than words."""
        same = "that of the example" if context.type == "instruct" else "the same"
        return f"the topic stays {same}, and what the {context.user_role} brings has at most ten lines"


class InBreadth(Direction):
    name: ClassVar[str] = "in-breadth"
    description: ClassVar[str] = "A new conversation of the same domain, rarer than the one shown and as hard."
    stages: ClassVar[Sequence[Stage]] = ("derivation",)
    continues: ClassVar[bool] = False

    def instruction(self, context: DirectionContext) -> str:
        user, assistant, domain = context.user_role, context.assistant_role, context.category
        rarer = "less common" if context.round < 2 else "far less common"
        matter = f"with a different and {rarer} matter of the same domain ({domain})"
        if context.type == "instruct":
            return (
                f"new: another {user} comes to the {assistant} {matter}, which is no variant of the example "
                "but about as long and as hard"
            )
        # Templates for derivations ask for the turns that follow; this says that here something else is wanted.
        return (
            f"new, and no continuation: in place of the turns that follow, the first turns of another conversation, "
            f"in which another {user} comes to the {assistant} {matter}, about as long and as hard as the one above"
        )


DIRECTIONS: Sequence[type[Direction]] = (
    AddConstraints,
    Deepen,
    Concretise,
    IncreaseReasoning,
    ComplicateInput,
    InBreadth,
)

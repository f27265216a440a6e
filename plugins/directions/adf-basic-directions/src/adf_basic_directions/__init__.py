"""Directions that steer by a single word: the prompt receives the word itself, people read the sentence beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from adf_core import Direction, DirectionContext, Stage, hookimpl

TABLE: Sequence[tuple[Stage, str, str]] = (
    # For seeds: words that take in the scene as a whole.
    ("seed", "general", "The usual case: what most people in this scene would talk about."),
    ("seed", "overview", "A first look over the whole subject before any part of it."),
    ("seed", "broad", "Wide in subject, touching many parts of the scene."),
    ("seed", "wide-ranging", "Moves from one end of the subject to the other."),
    ("seed", "holistic", "Looks at how the parts of the situation hang together."),
    ("seed", "diverse", "A situation unlike the one that comes to mind first."),
    ("seed", "varied", "Changes subject, mood or pace from turn to turn."),
    ("seed", "multifaceted", "One matter, looked at from several sides."),
    ("seed", "mixed", "Several unlike concerns in one conversation."),
    ("seed", "comprehensive", "Leaves out nothing that matters in the scene."),
    ("seed", "alternative", "A different way of going about the same matter."),
    ("seed", "creative", "Fresh ideas and imaginative ways out."),
    ("seed", "unconventional", "Breaks with what is customary in such a scene."),
    ("seed", "original", "A concern of its own, not a stock one."),
    ("seed", "novel", "Something the two have not met before."),
    ("seed", "simple", "One plain concern and a plain answer."),
    ("seed", "basic", "The ground that everything else builds on."),
    ("seed", "straightforward", "Straight to the point, without detours."),
    ("seed", "accessible", "Understood without knowing the subject."),
    ("seed", "easy", "A question that takes little effort to ask and to answer."),
    # For derivations: words that drive a conversation to particulars and complexity.
    ("derivation", "complex", "Several things depend on one another and must be weighed together."),
    ("derivation", "intricate", "Many small parts that fit into one another."),
    ("derivation", "multilayered", "Beneath the matter named first lies another one."),
    ("derivation", "sophisticated", "For someone who knows the subject well already."),
    ("derivation", "elaborate", "Worked out at length, step after step."),
    ("derivation", "detailed", "Names, numbers, times and places instead of generalities."),
    ("derivation", "nuanced", "Fine distinctions, and no answer that is only yes or no."),
    ("derivation", "specific", "Narrows down to one particular case."),
    ("derivation", "abstract", "Rises from the case to the principle behind it."),
    ("derivation", "analytical", "Takes the matter apart and reasons about causes and effects."),
    ("derivation", "humorous", "Light-hearted, while the facts stay right."),
    ("derivation", "controversial", "A point on which reasonable people disagree."),
    ("derivation", "personal", "What it means for this one person's life."),
    ("derivation", "technical", "The terms and methods of the trade."),
    ("derivation", "emotional", "How it feels, and words for the feeling."),
    ("derivation", "in-depth", "Stays with one point and goes further into it."),
    ("derivation", "breadth", "Goes on to a neighbouring subject."),
    ("derivation", "context", "Asks for the circumstances around what was said."),
    ("derivation", "perspective", "The same matter through someone else's eyes."),
    ("derivation", "tangent", "Follows a side remark away from the main line."),
)
"""Each direction: the stage it is recommended for (every one is usable for both), its name, what it does."""


@dataclass(kw_only=True, eq=False)
class BasicDirection(Direction):
    """Steers by its own name."""

    recommended_for: ClassVar[Stage]

    def instruction(self, context: DirectionContext) -> str:
        return self.name


def _direction(recommended_for: Stage, name: str, sentence: str) -> type[BasicDirection]:
    members = {
        "__doc__": sentence,
        "__module__": __name__,
        "name": name,
        "description": sentence,
        "recommended_for": recommended_for,
    }
    return type(name.title().replace("-", ""), (BasicDirection,), members)


DIRECTIONS: Sequence[type[BasicDirection]] = tuple(_direction(*row) for row in TABLE)


@hookimpl
def register_directions(register: Callable[[type[Direction]], None]) -> None:
    for direction in DIRECTIONS:
        register(direction)

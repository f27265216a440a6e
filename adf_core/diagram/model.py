"""The parsed ER model: immutable, ordered, each part with its place in the text.

Places, warnings and the outer form of comments do not count when two models are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from adf_core.errors import Complaint

Cardinality = Literal["zero_or_one", "one_or_more", "zero_or_more", "only_one", "parent"]
Direction = Literal["TB", "BT", "RL", "LR"]


class Position(NamedTuple):
    """A place in the text as it was given; both numbers count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Comment:
    """A ``%%`` line. ``text`` is what it says, ``raw`` the line from ``%%`` on, ``indent`` the blanks before it."""

    text: str
    raw: str = field(compare=False)
    indent: str = field(compare=False)
    position: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A line of an entity's block. ``comment`` is the quoted text after it (None without), ``keys`` as written."""

    type: str
    name: str
    keys: tuple[str, ...]
    comment: str | None
    position: Position = field(compare=False)
    comments: tuple[Comment, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"type": self.type, "name": self.name, "keys": list(self.keys), "comment": self.comment}


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity: all that was said of it, wherever. ``position`` is where it is first mentioned.

    ``comments`` are the ones attached to the entity itself; an attribute has its own.
    """

    name: str
    alias: str | None
    classes: tuple[str, ...]
    styles: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    position: Position = field(compare=False)
    comments: tuple[Comment, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; ``comments`` are those of the entity and of its attributes, in the order of the text."""
        comments = [*self.comments, *(comment for attribute in self.attributes for comment in attribute.comments)]
        return {
            "name": self.name,
            "alias": self.alias,
            "classes": list(self.classes),
            "attributes": [attribute.to_dict() for attribute in self.attributes],
            "comments": _texts(sorted(comments, key=lambda comment: comment.position)),
        }


@dataclass(frozen=True, slots=True)
class Relationship:
    """A line between two entities, as written from left to right.

    A cardinality belongs to the entity on its side: in ``COUNSELOR ||--|{ COUNSELEE`` the left one, ``only_one``, says
    how many COUNSELOR one COUNSELEE has, the right one, ``one_or_more``, how many COUNSELEE one COUNSELOR has.
    """

    left: str
    left_cardinality: Cardinality
    right_cardinality: Cardinality
    right: str
    identifying: bool
    label: str
    position: Position = field(compare=False)
    comments: tuple[Comment, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "left": self.left,
            "right": self.right,
            "left_cardinality": self.left_cardinality,
            "right_cardinality": self.right_cardinality,
            "identifying": self.identifying,
            "label": self.label,
            "comments": _texts(self.comments),
        }


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A frame around entities.

    ``members`` are names of entities and of inner subgraphs; each has one frame at most. ``depth`` counts the frames
    around this one.
    """

    name: str
    title: str
    direction: Direction | None
    members: tuple[str, ...]
    depth: int
    classes: tuple[str, ...]
    styles: tuple[str, ...]
    position: Position = field(compare=False)
    comments: tuple[Comment, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "direction": self.direction,
            "members": list(self.members),
            "classes": list(self.classes),
            "comments": _texts(self.comments),
        }


@dataclass(frozen=True, slots=True)
class StyleClass:
    """What ``classDef`` says: a class and its CSS declarations."""

    name: str
    styles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """A diagram as Mermaid understands it.

    Entities stand in the order of first mention (one that a relationship names by a subgraph's name is among them),
    subgraphs in the order of their ``end``. ``warnings`` say what Mermaid accepts and may not have been meant.
    """

    title: str | None
    direction: Direction
    acc_title: str | None
    acc_descr: str | None
    entities: tuple[Entity, ...]
    relationships: tuple[Relationship, ...]
    subgraphs: tuple[Subgraph, ...]
    style_classes: tuple[StyleClass, ...]
    comments: tuple[Comment, ...]
    warnings: tuple[Complaint, ...] = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON without places; comments and warnings are strings."""
        return {
            "title": self.title,
            "direction": self.direction,
            "acc_title": self.acc_title,
            "acc_descr": self.acc_descr,
            "comments": _texts(self.comments),
            "warnings": [str(warning) for warning in self.warnings],
            "subgraphs": [subgraph.to_dict() for subgraph in self.subgraphs],
            "entities": [entity.to_dict() for entity in self.entities],
            "relationships": [relationship.to_dict() for relationship in self.relationships],
        }

    def to_mermaid(self) -> str:
        """The diagram as canonical text, which Mermaid accepts and which ``parse`` reads as an equal diagram.

        Equal but for one thing, which Mermaid's language cannot say in this order: where an entity has the name of a
        subgraph, it also gets the classes and styles that the subgraph got before the entity was first mentioned.

        >>> from adf_core.diagram import parse
        >>> print(parse("erDiagram A one to many B:owns").to_mermaid(), end="")
        erDiagram
            A
            B
        <BLANKLINE>
            A ||--o{ B : "owns"
        """
        from adf_core.diagram.canonical import canonical

        return canonical(self)


def _texts(comments: tuple[Comment, ...] | list[Comment]) -> list[str]:
    return [comment.text for comment in comments]

"""Mermaid's ER diagrams: text → an immutable model → its meaning.

>>> diagram = parse('''erDiagram
...     COUNSELOR ||--|{ COUNSELEE : "provides counseling to"
...     %% Frequency: weekly
... ''')
>>> relationship = diagram.relationships[0]
>>> relationship.left, relationship.left_cardinality, relationship.right_cardinality, relationship.right
('COUNSELOR', 'only_one', 'one_or_more', 'COUNSELEE')
>>> [comment.text for comment in relationship.comments]
['Frequency: weekly']
"""

from __future__ import annotations

from adf_core.diagram.errors import DiagramError
from adf_core.diagram.interpret import BUCKETS, interpret
from adf_core.diagram.meaning import Fact, Factor, Free, Meaning, Note, Range, Reading, Subject, Value
from adf_core.diagram.model import (
    Attribute,
    Cardinality,
    Comment,
    Diagram,
    Direction,
    Entity,
    Position,
    Relationship,
    StyleClass,
    Subgraph,
)

__all__ = [
    "BUCKETS",
    "Attribute",
    "Cardinality",
    "Comment",
    "Diagram",
    "DiagramError",
    "Direction",
    "Entity",
    "Fact",
    "Factor",
    "Free",
    "Meaning",
    "Note",
    "Position",
    "Range",
    "Reading",
    "Relationship",
    "StyleClass",
    "Subgraph",
    "Subject",
    "Value",
    "interpret",
    "parse",
]


def parse(text: str) -> Diagram:
    """The model of a diagram, which begins with ``erDiagram``.

    Accepts what Mermaid accepts and raises DiagramError, and nothing else, for what it refuses. The time grows with the
    length of the text.
    """
    # Imported here so that naming the model costs no parser.
    from adf_core.diagram.build import build
    from adf_core.diagram.parser import statements
    from adf_core.diagram.preprocess import preprocess

    preprocessed = preprocess(text)
    return build(preprocessed, statements(preprocessed.source))

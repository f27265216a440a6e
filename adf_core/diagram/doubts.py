"""What stands in a diagram and was hardly meant, as far as the model shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adf_core.diagram.data_types import ADJECTIVES, is_data_type
from adf_core.diagram.model import Entity, Position, Relationship


def doubts(entities: Sequence[Entity], relationships: Sequence[Relationship]) -> Iterator[tuple[Position, str, str]]:
    """Where something looks odd, what it is, and what to do."""
    related = {name for relationship in relationships for name in (relationship.left, relationship.right)}
    if not related and len(entities) > 1:
        yield entities[0].position, "no entity is related to another", "relate them, as in `A ||--o{ B : has`"
    for entity in entities:
        if related and entity.name not in related:
            message = f"`{entity.name}` is related to nothing"
            yield entity.position, message, "give it a relationship, as in `A ||--o{ B : has`, or delete it"
        for attribute in entity.attributes:
            looks_like_type = is_data_type(attribute.name) and attribute.name.lower() not in ADJECTIVES
            if looks_like_type and not is_data_type(attribute.type):
                message = f"`{attribute.type} {attribute.name}` reads as if type and name were swapped"
                yield attribute.position, message, f"write the type first: `{attribute.name} {attribute.type}`"

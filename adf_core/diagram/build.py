"""Statements → the model, in the way Mermaid adds them up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from lark import Token

from adf_core.diagram.comments import Anchors, Notes
from adf_core.diagram.doubts import doubts
from adf_core.diagram.model import (
    Attribute,
    Cardinality,
    Diagram,
    Direction,
    Entity,
    Position,
    Relationship,
    StyleClass,
    Subgraph,
)
from adf_core.diagram.preprocess import SPACES, Preprocessed, decoded
from adf_core.diagram.syntax import (
    AttributeLine,
    ClassAssignment,
    ClassDefinition,
    EntityStatement,
    LineStatement,
    PlainStatement,
    RelationshipStatement,
    Statement,
    StyleAssignment,
    SubgraphHeader,
    SubgraphStatement,
)
from adf_core.errors import Complaint

_NAME = re.compile(r"[\w.*-]+")


def build(preprocessed: Preprocessed, statements: Sequence[Statement]) -> Diagram:
    """The diagram that these statements, of this text, make."""
    return _Builder(preprocessed).diagram(statements)


@dataclass(slots=True)
class _Entity:
    name: str
    position: Position
    alias: str | None = None
    classes: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    attributes: list[tuple[AttributeLine, Position, Notes]] = field(default_factory=list)
    notes: Notes = field(default_factory=list)

    def frozen(self) -> Entity:
        attributes = tuple(
            Attribute(
                f"{line.type}?" if line.optional else str(line.type),
                str(line.name),
                line.keys or (),
                None if line.comment is None else str(line.comment),
                position,
                tuple(notes),
            )
            for line, position, notes in self.attributes
        )
        classes, styles = tuple(self.classes), tuple(self.styles)
        return Entity(self.name, self.alias, classes, styles, attributes, self.position, tuple(self.notes))


@dataclass(slots=True)
class _Subgraph:
    name: str
    title: str
    position: Position
    depth: int
    direction: Direction | None = None
    mentioned: dict[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    classes: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=list)

    def mention(self, name: str) -> None:
        if name.strip(SPACES):
            self.mentioned.setdefault(name.strip(SPACES), name)

    def frozen(self) -> Subgraph:
        classes, styles = tuple(self.classes), tuple(self.styles)
        title, notes = self.title, tuple(self.notes)
        place = self.position
        return Subgraph(self.name, title, self.direction, self.members, self.depth, classes, styles, place, notes)


class _Builder:
    """One text's statements, added one after the other."""

    def __init__(self, preprocessed: Preprocessed) -> None:
        self.title = preprocessed.title
        self.source = preprocessed.source
        self.comments = preprocessed.comments
        self.notes: Notes = []
        self.anchors = Anchors(self.notes)
        self.direction: Direction = "TB"
        self.acc_title: str | None = None
        self.acc_descr: str | None = None
        self.entities: dict[str, _Entity] = {}
        self.relationships: list[tuple[RelationshipStatement, Position, Notes]] = []
        self.style_classes: dict[str, list[str]] = {}
        self.open: list[_Subgraph] = []
        self.closed: list[_Subgraph] = []
        self.subgraphs: dict[str, _Subgraph] = {}
        self.framed: set[str] = set()
        self.warnings: list[Complaint] = []
        self.last_label: Token | None = None
        if preprocessed.unclosed_directive is not None:
            self._warn(preprocessed.unclosed_directive, "this directive is never closed: all that follows it is lost")

    def diagram(self, statements: Sequence[Statement]) -> Diagram:
        self.anchors.begin(self.source.position(0).line, self.notes)
        self._add_all(statements)
        self.anchors.attach(self.comments)
        entities = tuple(entity.frozen() for entity in self.entities.values())
        relationships = tuple(_relationship(*parts) for parts in self.relationships)
        misread = {warning.line for warning in self.warnings}
        for position, message, hint in doubts(entities, relationships):
            if position.line not in misread:
                self._warn(position, message, hint)
        return Diagram(
            self.title,
            self.direction,
            self.acc_title,
            self.acc_descr,
            entities,
            relationships,
            tuple(subgraph.frozen() for subgraph in self.closed),
            tuple(StyleClass(name, tuple(styles)) for name, styles in self.style_classes.items()),
            tuple(self.notes),
            tuple(sorted(self.warnings, key=lambda warning: (warning.line, warning.column))),
        )

    def _add_all(self, statements: Sequence[Statement]) -> None:
        # Subgraphs may nest deeper than functions can.
        pending: list[tuple[Iterator[Statement], Token | None]] = [(iter(statements), None)]
        while pending:
            rest, end = pending[-1]
            statement = next(rest, None)
            if statement is None:
                pending.pop()
                if end is not None:
                    self._close_subgraph(end)
            elif isinstance(statement, SubgraphStatement):
                self._open_subgraph(statement.header)
                pending.append((iter(statement.body), statement.end))
            else:
                self._add(statement)

    def _add(self, statement: PlainStatement) -> None:
        position = self._position(statement.start)
        match statement:
            case EntityStatement():
                self._add_entity(statement, position)
            case RelationshipStatement():
                self._add_relationship(statement, position)
            case _:
                self.anchors.begin(position.line, self.notes)
                self._add_other(statement, position)

    def _add_other(
        self, statement: ClassAssignment | ClassDefinition | StyleAssignment | LineStatement, position: Position
    ) -> None:
        """What has no comments of its own: they go to the diagram."""
        match statement:
            case ClassAssignment():
                self._set_classes(statement.names, statement.classes)
            case StyleAssignment():
                for named in self._named(statement.names):
                    named.styles.extend(map(str, statement.styles))
                self._warn_of_swallowed_line(statement.styles, position)
            case ClassDefinition():
                for name in statement.names:
                    self.style_classes.setdefault(str(name), []).extend(map(str, statement.styles))
                self._warn_of_swallowed_line(statement.styles, position)
            case LineStatement():
                self._add_line(statement.start, position)

    def _add_entity(self, statement: EntityStatement, position: Position) -> None:
        entity = self._entity(statement.start, position)
        self.anchors.begin(position.line, entity.notes)
        entity.alias = entity.alias or (None if statement.alias is None else str(statement.alias))
        self._set_classes([statement.start], statement.classes)
        if statement.block is not None:
            for line in statement.block.attributes:
                place, notes = self._position(line.type), Notes()
                entity.attributes.append((line, place, notes))
                self.anchors.begin(place.line, notes)
            self.anchors.close(self._position(statement.block.end).line, entity.notes)
        self._warn_of_phantom(statement, position)
        self._warn_of_split_name(statement.start, position)

    def _add_relationship(self, statement: RelationshipStatement, position: Position) -> None:
        notes = Notes()
        self.anchors.begin(position.line, notes)
        self._entity(statement.start, position)
        self._entity(statement.right)
        self._set_classes([statement.start], statement.left_classes)
        self._set_classes([statement.right], statement.right_classes)
        self.relationships.append((statement, position, notes))
        self.last_label = statement.label

    def _entity(self, name: Token, position: Position | None = None) -> _Entity:
        """The entity of this name, which begins to exist where it is first mentioned."""
        entity = self.entities.get(name)
        if entity is None:
            entity = self.entities[str(name)] = _Entity(str(name), position or self._position(name))
        if self.open:
            self.open[-1].mention(entity.name)
        return entity

    def _named(self, names: Iterable[Token]) -> Iterator[_Entity | _Subgraph]:
        """The entities and subgraphs that exist by now and have one of the names."""
        for name in names:
            yield from (found for found in (self.entities.get(name), self.subgraphs.get(name)) if found is not None)

    def _set_classes(self, names: Iterable[Token], classes: Sequence[Token] | None) -> None:
        if classes:
            for named in self._named(names):
                named.classes.extend(map(str, classes))

    def _open_subgraph(self, header: SubgraphHeader) -> None:
        position = self._position(header.start)
        title = (header.name if header.title is None else header.title).strip(SPACES)
        subgraph = _Subgraph(header.name.strip(SPACES), title, position, len(self.open))
        self.anchors.begin(position.line, subgraph.notes)
        self.open.append(subgraph)

    def _close_subgraph(self, end: Token) -> None:
        subgraph = self.open.pop()
        subgraph.members = tuple(name for name in subgraph.mentioned.values() if name not in self.framed)
        self.framed.update(subgraph.members)
        self.closed.append(subgraph)
        self.subgraphs[subgraph.name] = subgraph
        self.anchors.close(self._position(end).line, subgraph.notes)
        if self.open:
            self.open[-1].mention(subgraph.name)

    def _add_line(self, line: Token, position: Position) -> None:
        match line.type:
            case "ACC_TITLE":
                self.acc_title = decoded(line.partition(":")[2].strip(SPACES))
            case "ACC_DESCR":
                self.acc_descr = decoded(line.partition(":")[2].strip(SPACES))
            case "ACC_DESCR_BLOCK":
                text = line.partition("{")[2][:-1].strip(SPACES)
                self.acc_descr = decoded(re.sub(f"\n[{SPACES}]+", "\n", text))
            case direction:
                self._turn(cast("Direction", direction.removeprefix("DIRECTION_")))
                words = line.split()
                if len(words) != 2:
                    self._warn(position, f"all of this line is read as `direction {direction[-2:]}`: reword it")

    def _turn(self, direction: Direction) -> None:
        if self.open:
            self.open[-1].direction = direction
        else:
            self.direction = direction

    # --- what Mermaid accepts and may not have been meant ---

    def _warn(self, position: Position, message: str, hint: str | None = None) -> None:
        self.warnings.append(Complaint(message, None, position.line, position.column, hint))

    def _warn_of_phantom(self, statement: EntityStatement, position: Position) -> None:
        """Words of a label that stand outside its quotes are entities."""
        label, self.last_label = self.last_label, None
        plain = not (statement.alias or statement.classes or statement.block)
        if plain and label is not None and self._position(label).line == position.line:
            message = (
                f"`{statement.start}` behind the label `{label}` is read as an entity of its own: put the whole label "
                "in quotes, with no quotes inside it"
            )
            self._warn(position, message)

    def _warn_of_split_name(self, number: Token, position: Position) -> None:
        """A name that begins with a digit ends where the number does."""
        rest = _NAME.match(self.source.text, cast("int", number.start_pos) + len(number))
        if number.type == "NUMBER" and rest:
            name = f"{number}{rest.group()}"
            self._warn(position, f"`{name}` is read as two entities, `{number}` and `{rest.group()}`: quote it")

    def _warn_of_swallowed_line(self, styles: Sequence[Token], position: Position) -> None:
        if self.source.position(styles[-1].end_pos or 0).line > position.line:
            self._warn(position, "the blanks at the end of this line make the next one a part of it: delete them")

    def _position(self, token: Token) -> Position:
        return self.source.position(cast("int", token.start_pos))


def _relationship(statement: RelationshipStatement, position: Position, notes: Notes) -> Relationship:
    return Relationship(
        left=str(statement.start),
        left_cardinality=_cardinality(statement.left_cardinality),
        right_cardinality=_cardinality(statement.right_cardinality),
        right=str(statement.right),
        identifying=statement.connector.type == "IDENTIFYING",
        label=str(statement.label),
        position=position,
        comments=tuple(notes),
    )


def _cardinality(token: Token) -> Cardinality:
    return cast("Cardinality", token.type.lower())

"""YAML text → plain values in which every scalar is still text, and where each of them stands in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from adf_core.errors import Complaint, InvalidInput
from adf_core.values import Path, Plain

_MOST_NODES = 100_000  # aliases of aliases can make a small file endless; no setup is this large
_STANDARD_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands (line and column from 1), and where its text begins, which for a ``|`` block is below it."""

    line: int
    column: int
    text_line: int
    text_column: int
    literal: bool = False

    def within(self, text: str, offset: int) -> tuple[int, int]:
        """Line and column of the character at ``offset`` of the value's text, as far as YAML lets them be known."""
        if not self.literal:
            return self.line, self.column
        before = text[:offset]
        return self.text_line + before.count("\n"), self.text_column + len(before) - (before.rfind("\n") + 1)


class YamlTree:
    """The tree and the places of its values and keys. All duplicates of keys are found while it is built."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.complaints: list[Complaint] = []
        self._lines = text.splitlines()
        self._count = 0
        node = self._compose(text)
        self.root: Any = None if node is None else self._build(node, ())

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = error.problem or error.context or "it cannot be read"
            hint = "indent with blanks, not with tabs" if "'\\t'" in problem else None
            if "mapping values are not allowed" in problem:
                hint = "a text with `: ` in it must be in quotes"
            raise InvalidInput([self._complaint(f"this is no valid YAML: {problem}", mark, hint)]) from error
        except yaml.YAMLError as error:
            raise InvalidInput([Complaint(f"this is no valid YAML: {error}", self.file)]) from error
        except RecursionError as error:
            raise InvalidInput([Complaint("this YAML is nested too deeply", self.file)]) from error

    def _complaint(self, message: str, mark: yaml.Mark | None, hint: str | None = None) -> Complaint:
        if mark is None:
            return Complaint(message, self.file, hint=hint)
        return self.complain_at(mark.line + 1, mark.column + 1, message, hint)

    def _build(self, node: yaml.Node, path: Path) -> Any:
        self._count += 1
        if self._count > _MOST_NODES:
            raise InvalidInput([self._complaint(f"this YAML has more than {_MOST_NODES:,} values", node.start_mark)])
        if not node.tag.startswith(_STANDARD_TAG):
            self.complaints.append(self._complaint(f"the tag `{node.tag}` is not known here", node.start_mark))
        self.values[path] = self._place(node)
        match node:
            case yaml.MappingNode():
                return self._build_mapping(node, path)
            case yaml.SequenceNode():
                return [self._build(item, (*path, index)) for index, item in enumerate(node.value)]
            case yaml.ScalarNode(style=None):
                return Plain(node.value)
            case _:
                return str(node.value)

    def _build_mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.complaints.append(self._complaint("a key must be a word", key_node.start_mark))
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in mapping:
                first = self.keys[here]
                message = f"the key `{key}` stands here twice, first in line {first.line}"
                self.complaints.append(self._complaint(message, key_node.start_mark, "keep one of them"))
                continue
            self.keys[here] = self._place(key_node)
            mapping[key] = self._build(value_node, here)
        return mapping

    def _place(self, node: yaml.Node) -> Place:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if not (isinstance(node, yaml.ScalarNode) and node.style == "|"):
            return Place(line, column, line, column)
        below = self._lines[line : node.end_mark.line + 1]
        indents = [len(row) - len(row.lstrip(" ")) for row in below if row.strip()]
        return Place(line, column, line + 1, (indents[0] if indents else 0) + 1, literal=True)

    def complain(self, path: Path, message: str, hint: str | None = None, *, at_key: bool = False) -> Complaint:
        """A complaint about the value (or key) at ``path``, or about the nearest thing around it that has a place."""
        place = self.keys.get(path) if at_key else self.values.get(path)
        while place is None and path:
            path = path[:-1]
            place = self.values.get(path)
        if place is None:
            return Complaint(message, self.file, hint=hint)
        if not path:
            # Something is missing, and the first line would not show what.
            return Complaint(message, self.file, place.line, place.column, hint)
        return self.complain_at(place.line, place.column, message, hint)

    def complain_at(self, line: int, column: int, message: str, hint: str | None = None) -> Complaint:
        """A complaint about a place in the file."""
        source_line = self._lines[line - 1] if line <= len(self._lines) else None
        return Complaint(message, self.file, line, column, hint, source_line)

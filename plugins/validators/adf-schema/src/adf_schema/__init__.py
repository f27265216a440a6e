"""The validator ``schema``: answers have the shape that was asked for, or the one a JSON Schema describes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from adf_core import Candidate, UsageError, ValidationContext, Validator, Verdict, hookimpl, option
from adf_schema.shape import shape_fault, turns_fault


@dataclass(kw_only=True, eq=False)
class Schema(Validator):
    """The answer has the shape that was asked for: its keys, no empty text, as many turns as wanted."""

    name: ClassVar[str] = "schema"
    schema: dict[str, Any] | None = option(
        None, help="a JSON Schema (Draft 2020-12) for the whole answer, in place of the fixed keys"
    )
    schema_file: str | None = option(
        None,
        help="a JSON file with such a schema; its path is relative to the project",
        format="project-path",
        minLength=1,
    )

    def __post_init__(self) -> None:
        if self.schema is not None and self.schema_file is not None:
            raise UsageError("The validator `schema` takes `schema` or `schema_file`, not both: remove one of them.")
        self._own_fault: Callable[[Any], str | None] | None = None

    async def __aenter__(self) -> Self:
        if self.schema is not None or self.schema_file is not None:
            from adf_schema.own import compile_schema, read_schema

            name = "The option `schema` of the validator `schema`"
            if self.schema_file is not None:
                name = f"The schema file `{self.schema_file}`"
                # What the file says is an option from here on, so that a change of the file is a change of the setup.
                self.schema = read_schema(self.schema_file)
            self._own_fault = compile_schema(self.schema, name)
        return self

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        if self._own_fault is None:
            fault = shape_fault(candidate.answer, candidate.type)
        else:
            fault = self._own_fault(candidate.answer)
        fault = fault or turns_fault(candidate.turns, candidate.type, context.min_turns, context.max_turns)
        return Verdict.reject(fault) if fault else Verdict.accept()


@hookimpl
def register_validators(register: Callable[[type[Validator]], None]) -> None:
    register(Schema)

"""The three kinds of prompt templates: ``%s``, Jinja2, and plain words in a default layout."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from adf_core.conversation import Stage, Type
from adf_core.errors import UsageError
from adf_core.values import did_you_mean

if TYPE_CHECKING:
    import jinja2

Kind = Literal["percent", "jinja", "plain"]

# What the n-th %s of a template stands for: the first implementation's order, which existing projects rely on.
PERCENT_ORDER: dict[tuple[Stage, Type], tuple[str, ...]] = {
    ("seed", "conversation"): ("diagram", "delimiter", "direction", "user_role", "assistant_role"),
    ("derivation", "conversation"): (
        *("diagram", "delimiter", "conversation"),
        *("direction", "user_role", "assistant_role"),
    ),
    ("seed", "instruct"): ("diagram", "delimiter", "user_role", "assistant_role", "direction"),
    ("derivation", "instruct"): (
        *("diagram", "delimiter", "conversation", "delimiter"),
        *("user_role", "assistant_role", "direction"),
    ),
}

_PERCENT = re.compile(r"%(.?)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptValues:
    """What a template may say. ``conversation`` is JSON of the inherited turns, empty for a seed."""

    diagram: str
    delimiter: str
    direction: str
    user_role: str
    assistant_role: str
    output_format: str
    conversation: str = ""
    scenario: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


NAMES = (
    "diagram",
    "delimiter",
    "direction",
    "user_role",
    "assistant_role",
    "output_format",
    "conversation",
    "scenario",
)


class TemplateError(UsageError):
    """A template that cannot be used. ``offset`` counts the characters before the place that is wrong."""

    def __init__(self, message: str, offset: int = 0, hint: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt's template, checked; make one with :func:`compile_template`."""

    text: str
    kind: Kind
    stage: Stage
    type: Type
    _jinja: jinja2.Template | None = None
    _mentions: frozenset[str] = frozenset()

    def render(self, values: PromptValues) -> str:
        """The text that is sent. TemplateError where a Jinja2 template fails on these values.

        The scenario stands where the template places it, else below the diagram.
        """
        if values.scenario and self.kind != "plain" and "scenario" not in self._mentions:
            values = replace(values, diagram=f"{values.diagram}\n\n{values.scenario}")
        match self.kind:
            case "percent":
                arguments = tuple(getattr(values, name) for name in PERCENT_ORDER[self.stage, self.type])
                return f"{self.text % arguments}\n{values.output_format}"
            case "jinja":
                text = self._render_jinja(values)
                return text if "output_format" in self._mentions else f"{text}\n{values.output_format}"
            case "plain":
                return _default_layout(self, values)

    def _render_jinja(self, values: PromptValues) -> str:
        import jinja2

        if self._jinja is None:
            raise AssertionError("a Jinja2 template is compiled when it is made")
        try:
            return self._jinja.render({**values.variables, **{name: getattr(values, name) for name in NAMES}})
        except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise TemplateError(f"the template fails when it is filled in: {error}") from error


def compile_template(text: str, stage: Stage, type_: Type, variables: Collection[str] = ()) -> Template:
    """Check ``text`` and make a template of it; TemplateError says what is wrong and where in the text.

    It is a ``%s`` template if it has a ``%s``; else a Jinja2 one if it has ``{{`` or ``{%``, where ``variables`` are
    the
    user's own names; else plain words, used as the instruction inside a default layout.
    """
    if any(match[1] == "s" for match in _PERCENT.finditer(text)):
        _check_percent(text, stage, type_)
        return Template(text, "percent", stage, type_)
    if "{{" in text or "{%" in text:
        return _compile_jinja(text, stage, type_, variables)
    return Template(text, "plain", stage, type_)


def _check_percent(text: str, stage: Stage, type_: Type) -> None:
    count = 0
    for match in _PERCENT.finditer(text):
        if match[1] == "s":
            count += 1
        elif match[1] != "%":
            raise TemplateError(
                f"a `%` that is no `%s` (`{match[0].strip()}`)", match.start(), "write `%%` for a percent sign"
            )
    wanted = PERCENT_ORDER[stage, type_]
    if count == len(wanted):
        return
    fitting = [other for (its, other), order in PERCENT_ORDER.items() if its == stage and len(order) == count]
    hint = f"their order is {', '.join(wanted)}"
    if fitting and fitting != [type_]:
        hint += f"; with {count} it fits `type: {fitting[0]}`"
    raise TemplateError(f"it has {count} `%s` where type `{type_}` takes {len(wanted)}", text.index("%s"), hint)


def _compile_jinja(text: str, stage: Stage, type_: Type, variables: Collection[str]) -> Template:
    import jinja2
    import jinja2.meta
    import jinja2.sandbox

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    try:
        tree = environment.parse(text)
        used = jinja2.meta.find_undeclared_variables(tree)
        compiled = environment.from_string(text)
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", 1) or 1
        offset = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])
        raise TemplateError(f"it is no valid Jinja2 template: {error}", offset) from error
    known = {*NAMES, *variables}
    for name in sorted(used - known - set(environment.globals)):
        found = re.search(rf"\b{re.escape(name)}\b", text)
        hint = did_you_mean(name, known) or f"known are {', '.join(sorted(known))}; add your own under `variables`"
        raise TemplateError(f"`{{{{ {name} }}}}` is not defined", found.start() if found else 0, hint)
    template = Template(text, "jinja", stage, type_, compiled, frozenset(used))
    template.render(_sample_values(variables))
    return template


def _sample_values(variables: Collection[str]) -> PromptValues:
    """Values to try a template with before anything is sent."""
    words = dict.fromkeys(NAMES, "x")
    return PromptValues(**words, variables=dict.fromkeys(variables, "x"))


def _default_layout(template: Template, values: PromptValues) -> str:
    """Plain words as the instruction, with everything the model must know around them."""
    parts = [values.diagram, values.delimiter]
    if values.scenario:
        parts += [values.scenario, values.delimiter]
    if template.stage == "derivation":
        said = "An example:" if template.type == "instruct" else "The conversation so far:"
        parts += [said, values.conversation, values.delimiter]
    parts += [
        template.text.strip(),
        f'The direction or style is "{values.direction}".',
        f"The user is the {values.user_role}; the assistant is the {values.assistant_role}.",
        values.output_format,
    ]
    return "\n".join(parts)


def feedback_text(reason: str) -> str:
    """What is added to a prompt when the answer before was not accepted."""
    return f"\n\nAn earlier answer could not be used: {reason.rstrip('.')}. Answer again, without this fault.\n"

"""Folder → Project. Everything that is wrong is found here, all at once, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from adf_core.components import Direction
from adf_core.conversation import Stage, Type
from adf_core.diagram import BUCKETS, Diagram, DiagramError, Meaning, interpret, parse
from adf_core.errors import Complaint, InvalidInput, UsageError
from adf_core.grammar_files import grammar_file
from adf_core.options import PROJECT_PATH, PROVIDER, build, option_problems, options_schema
from adf_core.plugins import KINDS, Plugins
from adf_core.project.scenarios import read_choice, read_space
from adf_core.project.setup import (
    DEFAULT_DELIMITER,
    DEFAULT_PROVIDER,
    DEFAULT_S_FACTOR,
    DEFAULT_SINKS,
    DEFAULT_VALIDATORS,
    Budget,
    ComponentChoice,
    Generation,
    Setup,
)
from adf_core.project.split import check_split, read_split
from adf_core.project.yaml_tree import YamlTree
from adf_core.prompts import BUILTIN_OUTPUT_FORMATS, BUILTIN_TEMPLATES, Template, TemplateError, compile_template
from adf_core.scenarios import Choice, Space
from adf_core.values import Path as KeyPath
from adf_core.values import coerce, did_you_mean, nearest, problems

SETUP_FILE = "setup.yaml"
DIAGRAM_FILE = "diagram.mermaid"

MOST_HINTED = 100
"""Longer lists of directions are not compared with the installed ones, which takes time: a program made them."""
PROMPT_KEYS: Mapping[Stage, str] = {"seed": "initial_prompt", "derivation": "derivational_prompt"}
DIRECTION_KEYS: Mapping[Stage, str] = {
    "seed": "seed_evolving_directions",
    "derivation": "derivational_evolving_directions",
}


@dataclass(frozen=True, slots=True)
class Project:
    """A folder that has been read and found valid.

    ``diagram_text`` is what is put into prompts. ``diagram`` is None where Mermaid refuses the text, which ``strategy:
    single`` allows. ``meaning`` is what the diagram says; with ``single`` it is only read where loading is strict, and
    ``space``, what scenarios are chosen from, is empty. ``warnings`` are odd things that should be mended, ``notices``
    are choices made for the user.
    """

    folder: Path
    setup: Setup
    diagram_text: str
    diagram: Diagram | None
    meaning: Meaning | None = None
    space: Space = field(default_factory=Space)
    warnings: tuple[Complaint, ...] = ()
    notices: tuple[Complaint, ...] = ()

    @property
    def mermaid_text(self) -> str:
        """``diagram_text`` as Mermaid wants it, with a header."""
        return _with_header(self.diagram_text)


def load(
    folder: Path,
    plugins: Plugins,
    overrides: Mapping[KeyPath, Any] | None = None,
    *,
    usual_provider: str = DEFAULT_PROVIDER,
    strict: bool = False,
) -> Project:
    """Read and check the project in ``folder``.

    ``overrides`` are values from a command line, by key path (``("generation", "d_factor")``), put over the file's.
    ``usual_provider`` answers where nobody is named. With ``strict`` a diagram that Mermaid refuses is an error
    whatever the strategy. Raises InvalidInput with every complaint, or UsageError where there is no project.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise UsageError(
            f"{folder} {what}. A project is a folder with {SETUP_FILE} and {DIAGRAM_FILE}; `adf init DIR` makes one."
        )
    file = folder / SETUP_FILE
    if not file.is_file():
        raise UsageError(
            f"{file} does not exist. A project is a folder with {SETUP_FILE} and {DIAGRAM_FILE}; "
            "`adf init DIR` makes one."
        )
    tree = YamlTree(_read_text(file), str(file))
    return _Loader(folder, tree, plugins, overrides or {}, usual_provider, strict).load()


def setup_schema() -> dict[str, Any]:
    """The JSON Schema of ``setup.yaml``."""
    return cast("dict[str, Any]", json.loads(grammar_file("setup.schema.json")))


def _read_text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"this is no UTF-8 text (byte {error.start + 1})"
        raise InvalidInput([Complaint(message, str(file), hint="save it as UTF-8")]) from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error


class _Loader:
    """One reading of one folder; collects complaints on the way."""

    def __init__(
        self,
        folder: Path,
        tree: YamlTree,
        plugins: Plugins,
        overrides: Mapping[KeyPath, Any],
        usual_provider: str,
        strict: bool,
    ) -> None:
        self.folder = folder
        self.tree = tree
        self.plugins = plugins
        self.strict = strict
        self.complaints = list(tree.complaints)
        self.warnings: list[Complaint] = []
        self.notices: list[Complaint] = []
        if not isinstance(tree.root, dict):
            what = "it is empty" if tree.root is None or tree.root == "" else "it is no mapping (`key: value`)"
            required = ", ".join(f"`{key}`" for key in setup_schema()["required"])
            raise InvalidInput([Complaint(f"{what}; it needs at least {required}", tree.file, 1, 1)])
        self.overrides = overrides
        self.raw = {"provider": usual_provider, **_overridden(tree.root, overrides, usual_provider)}

    def load(self) -> Project:
        schema = setup_schema()
        data = coerce(self.raw, schema)
        for problem in problems(data, schema):
            self._complain(problem.path, problem.message, problem.hint, at_key=problem.at_key)
        if self.complaints:
            raise InvalidInput(self.complaints)

        type_ = cast("Type", data.get("type", "conversation"))
        output_format = data.get("output_format", "")
        if not _has_words(output_format):
            output_format = BUILTIN_OUTPUT_FORMATS[type_]
        choice = read_choice(data.get("scenarios", {}), self._complain)
        setup = Setup(
            category=data.get("category") or self.folder.resolve().name,
            type=type_,
            user_role=data["user_role"],
            assistant_role=data["assistant_role"],
            delimiter=data.get("delimiter", DEFAULT_DELIMITER),
            output_format=output_format,
            templates={stage: self._template(data, stage, type_) for stage in PROMPT_KEYS},
            seed_directions=self._directions(data, "seed", type_),
            derivational_directions=self._directions(data, "derivation", type_),
            weights=weights if isinstance(weights := data.get(DIRECTION_KEYS["derivation"]), Mapping) else {},
            variables=data.get("variables", {}),
            provider=self._component("provider", ("provider",)),
            validators=self._components("validator", DEFAULT_VALIDATORS),
            sinks=self._components("sink", DEFAULT_SINKS),
            generation=self._generation(data.get("generation", {}), type_),
            budget=Budget(**data.get("budget", {})),
            choice=choice,
            split=read_split(data["split"], choice, self._complain) if "split" in data else None,
        )
        text, diagram, meaning = self._diagram(data, choice.strategy)
        space = self._space(data.get("scenarios", {}), meaning, choice)
        if setup.split is not None and not self.complaints:
            check_split(setup.split, space, self._complain, self._warn)
        if self.complaints:
            raise InvalidInput(self.complaints)
        if diagram is not None:
            self._warn_of_roles(diagram)
        warnings, notices = tuple(self.warnings), tuple(self.notices)
        return Project(self.folder, setup, text, diagram, meaning, space, warnings, notices)

    def _complain(self, path: KeyPath, message: str, hint: str | None = None, *, at_key: bool = False) -> None:
        if path in self.overrides:
            self.complaints.append(Complaint(f"on the command line: {message}", hint=hint))
        else:
            self.complaints.append(self.tree.complain(path, message, hint, at_key=at_key))

    def _warn(self, path: KeyPath, message: str, hint: str | None = None, *, at_key: bool = False) -> None:
        self.warnings.append(self.tree.complain(path, message, hint, at_key=at_key))

    def _generation(self, data: Mapping[str, Any], type_: Type) -> Generation:
        rest = {key: value for key, value in data.items() if key != "turns"}
        turns = data.get("turns", {})
        rest.setdefault("s_factor", DEFAULT_S_FACTOR[type_])
        generation = Generation(**rest, min_turns=turns.get("min", 1), max_turns=turns.get("max"))
        if generation.max_turns is not None and generation.max_turns < generation.min_turns:
            message = f"`turns.max` ({generation.max_turns}) is less than `turns.min` ({generation.min_turns})"
            self._complain(("generation", "turns", "max"), message)
        return generation

    def _template(self, data: Mapping[str, Any], stage: Stage, type_: Type) -> Template:
        key = PROMPT_KEYS[stage]
        text = data.get(key, "")
        if not _has_words(text):
            if key in data or stage == "seed" or data.get(DIRECTION_KEYS[stage]):
                why = "has no word in it" if key in data else "is missing"
                self.notices.append(self.tree.complain((key,), f"`{key}` {why}: the built-in prompt is used"))
            return compile_template(BUILTIN_TEMPLATES[stage, type_], stage, type_)
        try:
            return compile_template(text, stage, type_, data.get("variables", {}))
        except TemplateError as error:
            place = self.tree.values[key,]
            line, column = place.within(text, error.offset)
            self.complaints.append(self.tree.complain_at(line, column, f"`{key}`: {error}", error.hint))
            return Template(text, "plain", stage, type_)

    def _directions(self, data: Mapping[str, Any], stage: Stage, type_: Type) -> tuple[str, ...]:
        key = DIRECTION_KEYS[stage]
        names = tuple(data.get(key, ()))
        if not names:
            self.notices.append(self.tree.complain((key,), f"`{key}` names none: only seeds are made"))
        installed = self.plugins.names("direction")
        weighted = isinstance(data.get(key), Mapping)
        for index, name in enumerate(names):
            path = (key, name if weighted else index)
            direction = self.plugins.find(Direction, name)
            if direction is None:
                meant = nearest(name, installed) if len(names) <= MOST_HINTED else None
                if meant:
                    message = f"no installed direction is called `{name}`: it is used as a plain word"
                    self._warn(path, message, f"did you mean `{meant}`?", at_key=weighted)
            elif stage not in direction.stages or type_ not in direction.types:
                serves = f"{' and '.join(direction.stages)}, type {' and '.join(direction.types)}"
                message = f"the direction `{name}` does not serve a {stage} of type `{type_}` (it serves: {serves})"
                self._complain(path, message, at_key=weighted)
        return names

    def _components(self, kind: str, default: tuple[str, ...]) -> tuple[ComponentChoice, ...]:
        key = f"{kind}s"
        count = len(self.raw.setdefault(key, list(default)))
        return tuple(self._component(kind, (key, index)) for index in range(count))

    def _component(self, kind: str, path: KeyPath) -> ComponentChoice:
        given = _at(self.raw, path)
        choice = (
            ComponentChoice(str(given["name"]), {key: value for key, value in given.items() if key != "name"})
            if isinstance(given, Mapping)
            else ComponentChoice(str(given))
        )
        contract = KINDS[kind]
        component = self.plugins.find(contract, choice.name)
        if component is None:
            where = (*path, "name") if isinstance(given, Mapping) else path
            self._complain(where, self.plugins.missing(contract, choice.name))
            return choice
        for problem in option_problems(component, choice.options):
            message = f"option of the {kind} `{choice.name}`: {problem.message}"
            self._complain((*path, *problem.path), message, problem.hint, at_key=problem.at_key)
        schemas = options_schema(component)["properties"]
        options = {
            key: self._option((*path, key), value, schemas.get(key, {}).get("format"))
            for key, value in choice.options.items()
        }
        if not self.complaints:
            try:
                build(component, options)
            except UsageError as error:
                self._complain(path, str(error).rstrip("."))
        return ComponentChoice(choice.name, options)

    def _option(self, path: KeyPath, value: Any, format_: str | None) -> Any:
        """An option's value as the component gets it: a file of the project is found from anywhere, a provider is one
        that is installed.
        """
        if format_ == PROJECT_PATH:
            return str(self.folder / value)
        if format_ != PROVIDER or value is None:
            return value
        if isinstance(value, Mapping) and "name" not in value:
            self._complain(path, f"`{path[-1]}` needs the key `name`", "name an installed provider")
            return value
        choice = self._component("provider", path)
        return {"name": choice.name, **choice.options}

    def _diagram(self, data: Mapping[str, Any], strategy: str) -> tuple[str, Diagram | None, Meaning | None]:
        place = None
        if _has_words(data.get("er_diagram", "")):
            source, text = self.tree.file, data["er_diagram"]
            place = self.tree.values["er_diagram",]
        else:
            file = self._diagram_file(data)
            if file is None:
                return "", None, None
            source, text = str(file), _read_text(file)
        if not text.strip():
            self.complaints.append(Complaint("the diagram is empty", source))
            return "", None, None
        whole = text if place is None else _with_header(text)
        headerless = whole != text
        if headerless and place is not None:
            message = "`er_diagram` has no `erDiagram` line: it is read as if there were one"
            self.warnings.append(self.tree.complain_at(place.line, place.column, message))

        def here(complaint: Complaint) -> Complaint:
            """What is wrong in the diagram, with its place in the file that holds it."""
            line, column = complaint.line or 1, complaint.column or 1
            lines = text.split("\n")
            if place is None:
                return replace(complaint, file=source, source_line=lines[line - 1])
            offset = sum(len(before) + 1 for before in lines[: line - 1 - headerless]) + column - 1
            message = f"the diagram: {complaint.message}"
            return self.tree.complain_at(*place.within(text, offset), message, complaint.hint)

        try:
            diagram = parse(whole)
        except DiagramError as error:
            lenient = strategy == "single" and not self.strict
            complaint = here(Complaint(error.message, None, error.line, error.column, error.hint))
            (self.warnings if lenient else self.complaints).append(complaint)
            return text.strip(), None, None
        self.warnings += map(here, diagram.warnings)
        meaning = None
        if strategy != "single" or self.strict:
            meaning = interpret(diagram, data.get("scenarios", {}).get("buckets", BUCKETS))
            self.warnings += map(here, meaning.warnings)
        return text.strip(), diagram, meaning

    def _space(self, data: Mapping[str, Any], meaning: Meaning | None, choice: Choice) -> Space:
        if choice.strategy == "single":
            for key in ("omit", "factors", "constraints"):
                if key in data:
                    message = f"`{key}` has no effect with `strategy: single`, which only sends the diagram"
                    hint = "set `strategy: pairwise`"
                    self.warnings.append(self.tree.complain(("scenarios", key), message, hint, at_key=True))
            return Space()
        return Space() if meaning is None else read_space(data, meaning, choice, self._complain)

    def _warn_of_roles(self, diagram: Diagram) -> None:
        names = {name for entity in diagram.entities for name in (entity.name, entity.alias) if name is not None}
        known = {name.casefold() for name in names}
        for key in ("user_role", "assistant_role"):
            if names and self.raw[key].strip().casefold() not in known:
                message = f"`{key}` is `{self.raw[key]}`, which is no entity of the diagram"
                hint = did_you_mean(self.raw[key], names) or "name one of its entities, or add this one"
                self.warnings.append(self.tree.complain((key,), message, hint))

    def _diagram_file(self, data: Mapping[str, Any]) -> Path | None:
        key = ("er_diagram_path",)
        given = data.get("er_diagram_path")
        file = self.folder / (given or DIAGRAM_FILE)
        if not file.resolve().is_relative_to(self.folder.resolve()):
            self._complain(key, f"`er_diagram_path` leads out of the project: {given}", "put the file into the folder")
            return None
        if not file.is_file():
            hint = "a project needs a diagram: `diagram.mermaid`, `er_diagram_path` or `er_diagram`"
            self._complain(key if given else (), f"there is no diagram: {file} does not exist", hint)
            return None
        return file


def _with_header(text: str) -> str:
    return text if "erDiagram" in text else f"erDiagram\n{text}"


def _has_words(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(character.isalnum() for character in text)


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _overridden(root: Mapping[str, Any], overrides: Mapping[KeyPath, Any], usual_provider: str) -> dict[str, Any]:
    """The setup with a command line's values put over it. Another provider's name leaves the setup's options behind."""
    merged = dict(root)
    provider = merged.get("provider")
    name = overrides.get(("provider", "name"))
    if any(path[0] == "provider" for path in overrides):
        given = dict(provider) if isinstance(provider, Mapping) else {"name": provider or usual_provider}
        merged["provider"] = given if name in (None, given.get("name")) else {}
    for path, value in overrides.items():
        target = merged
        for part in path[:-1]:
            inner = target.get(str(part))
            copy = dict(inner) if isinstance(inner, Mapping) else {}
            target[str(part)] = copy
            target = copy
        target[str(path[-1])] = value
    return merged

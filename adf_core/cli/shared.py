"""What the commands share: the session, its options, and words for numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from adf_core.engine import Spending
    from adf_core.errors import Complaint
    from adf_core.plugins import Plugins
    from adf_core.values import Path as KeyPath

F = TypeVar("F", bound=Callable[..., Any])

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(slots=True)
class Session:
    """What was said on the command line for the program as a whole."""

    debug: bool = False
    block: set[str] = field(default_factory=set)
    allow_project_code: bool = False

    def plugins(self, project: Path | None = None) -> Plugins:
        """The installed plugins, and the project's own where the user allowed its code."""
        from adf_core.plugins import load

        return load(self.block, project if self.allow_project_code else None)


def session_options(command: F) -> F:
    """Options that may stand before or behind a command's name."""

    def setter(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
        def remember(context: click.Context, _: click.Parameter, value: Any) -> None:
            session = context.ensure_object(Session)
            if name == "block":
                session.block.update(value)
            elif value:
                setattr(session, name, value)

        return remember

    for flag, help_text, more in (
        ("--allow-project-code", "Load adf_plugins.py from the project folder: it is code.", {"is_flag": True}),
        ("--block", "Do not load the plugin of that name (may be repeated).", {"multiple": True, "metavar": "NAME"}),
        ("--debug", "Show tracebacks.", {"is_flag": True}),
    ):
        name = flag.removeprefix("--").replace("-", "_")
        option = click.option(flag, help=help_text, expose_value=False, callback=setter(name), **more)
        command = option(command)
    return command


def project_argument(command: F) -> F:
    """The PROJECT argument."""
    return click.argument("project", type=click.Path(path_type=Path))(command)


def output_folder(path: Path) -> Path:
    """A folder with a journal, or else the ``out`` of a project that has one."""
    from adf_core.journal import FILE_NAME

    inside = path / "out"
    return inside if not (path / FILE_NAME).exists() and (inside / FILE_NAME).exists() else path


def generation_options(command: F) -> F:
    """Options that say what is asked for, and of whom."""
    for option in reversed(
        (
            click.option("--provider", metavar="NAME", help="Who answers, in place of the setup's provider."),
            click.option(
                *("-o", "--option", "options"),
                multiple=True,
                metavar="KEY=VALUE",
                help="An option of the provider; `adf plugins show NAME` lists them. May be repeated.",
            ),
            click.option(
                "--type", "type_", type=click.Choice(["conversation", "instruct"]), help="Many turns, or one."
            ),
            click.option("--s-factor", type=click.IntRange(1), metavar="N", help="Seeds for each seed direction."),
            click.option("--d-factor", type=click.IntRange(1), metavar="N", help="Derivations a prefix and direction."),
        )
    ):
        command = option(command)
    return command


def overrides_of(
    provider: str | None, options: tuple[str, ...], type_: str | None, s_factor: int | None, d_factor: int | None
) -> dict[KeyPath, Any]:
    """A command line's values by their place in the setup."""
    from adf_core.errors import UsageError
    from adf_core.values import Plain

    overrides: dict[KeyPath, Any] = {}
    if provider:
        overrides["provider", "name"] = provider
    for option in options:
        key, separator, value = option.partition("=")
        if not separator or not key:
            raise UsageError(f"`-o {option}` is no KEY=VALUE.")
        overrides["provider", key.strip().replace("-", "_")] = Plain(value)
    for path, given in (
        (("type",), type_),
        (("generation", "s_factor"), s_factor),
        (("generation", "d_factor"), d_factor),
    ):
        if given is not None:
            overrides[path] = given
    return overrides


def plain(text: str) -> str:
    """Text somebody else wrote, without the control characters that could steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def console(*, stderr: bool = False, soft_wrap: bool = True) -> Console:
    """A console that shows text as it is: nothing in it is markup, a path or a number to be coloured.

    With ``soft_wrap`` long lines are left to the terminal.
    """
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=soft_wrap)


def show_complaints(kind: str, complaints: tuple[Complaint, ...]) -> None:
    """Warnings, with what they are about, or notices, on standard error."""
    colour = {"warning": "yellow", "note": "cyan"}.get(kind)
    for complaint in complaints:
        text = complaint.in_full() if kind == "warning" else str(complaint)
        click.echo(f"{click.style(kind + ':', fg=colour)} {plain(text)}", err=True)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "record"), count(2000, "record"), count(2, "entity", "entities")
    ('1 record', '2,000 records', '2 entities')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """Seconds in words of two units at most.

    >>> duration(4.2), duration(75), duration(7260)
    ('4 s', '1 min 15 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def spending_words(spending: Spending) -> str:
    """How it stands with a cap: what is spent, reserved and left."""
    spent, reserved, left = (
        f"${amount:,.4f}" if spending.unit == "usd" else f"{amount:,.0f}"
        for amount in (spending.spent, spending.reserved, spending.left)
    )
    unit = "" if spending.unit == "usd" else f" {spending.unit}"
    return f"budget{unit}: {spent} spent, {reserved} reserved, {left} left"


def dollars(usd: float | None) -> str:
    """Money, with as many digits as small sums need.

    >>> dollars(0.0), dollars(0.01234), dollars(12.5), dollars(None)
    ('free', '$0.0123', '$12.50', 'cost unknown')
    """
    if usd is None:
        return "cost unknown"
    if usd == 0:
        return "free"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"

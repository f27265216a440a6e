"""The ``adf`` command: finds its subcommands lazily, and turns every error into a sentence and an exit status."""

from __future__ import annotations

import importlib
import sys
import traceback

import click

from adf_core.cli.shared import Session, session_options
from adf_core.errors import AdfError

COMMANDS = {
    "run": "Turn a project into a dataset, or go on where an earlier run stopped.",
    "plan": "Say how much a run would ask for, before anything is sent.",
    "check": "Check a project and show its diagram as understood.",
    "diagram": "Draw a project's diagram.",
    "revalidate": "Judge stored answers by the validators of today.",
    "status": "Show what an output folder holds.",
    "show": "Show a conversation, and where it comes from.",
    "coverage": "Show how much of the domain the accepted records were asked for.",
    "stats": "Show what was accepted and why not, lengths, diversity and cost.",
    "export": "Write the accepted records as datasets again, in any format.",
    "verify": "Say whether datasets are as they were written.",
    "rescue": "Save what can be read of a damaged journal into a new one.",
    "init": "Make a starter project.",
    "plugins": "List what is installed.",
}


class Program(click.Group):
    """Commands of the program's own, imported when they are run, and those of plugins."""

    def list_commands(self, context: click.Context) -> list[str]:
        self._load_plugin_commands(context)
        return [*COMMANDS, *sorted(self.commands)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            command: click.Command = importlib.import_module(f"adf_core.cli.{name}").command
            return command
        self._load_plugin_commands(context)
        return self.commands.get(name)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(context)
        width = formatter.width - max(map(len, names)) - 6
        rows = [(name, COMMANDS.get(name) or self.commands[name].get_short_help_str(width)) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _load_plugin_commands(self, context: click.Context) -> None:
        session = context.ensure_object(Session)
        if not self.commands:
            session.plugins().add_commands(self, COMMANDS)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": None})
@click.version_option(package_name="auto-data-fountain", prog_name="adf")
@session_options
def cli() -> None:
    """Auto Data Fountain: fine-tuning datasets from a model of the domain.

    A project is a folder with a setup.yaml and a Mermaid ER diagram: `adf init DIR` makes one, `adf run DIR` turns it
    into a
    dataset.
    """


def main() -> None:
    """Run the command line and leave with its exit status."""
    session = Session()
    try:
        status = cli.main(prog_name="adf", standalone_mode=False, obj=session)
    except click.exceptions.Abort:
        status = _failed("interrupted", 130)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except AdfError as error:
        status = _failed(str(error), error.exit_status, session.debug)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        status = _failed(f"{where}{error.strerror or error}", 1, session.debug)
    except Exception as error:  # noqa: BLE001  the last place to turn a traceback into a sentence
        status = _failed(_unforeseen(error), 1, session.debug)
    sys.exit(status if isinstance(status, int) else 0)


def _unforeseen(error: Exception) -> str:
    import sqlite3

    if isinstance(error, sqlite3.Error):
        return f"The journal cannot be used: {error}."
    return f"this should not have happened ({type(error).__name__}: {error}); `--debug` shows where"


def _failed(sentence: str, status: int, debug: bool = False) -> int:
    if debug:
        traceback.print_exc()
    click.echo(f"{click.style('error:', fg='red', bold=True)} {sentence}", err=True)
    return status

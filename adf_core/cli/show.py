"""``adf show``: a record as a conversation, where it comes from and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adf_core.cli.shared import console, count, output_folder, plain, session_options
from adf_core.errors import UsageError
from adf_core.journal import FILE_NAME, JournalReader, SettledSlot

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

KEY = 12
"""Characters of a key that are shown: enough to name a record among millions."""

LISTED = 20
"""So many records are listed where none is named."""

MOST_NODES = 200
"""So much of a family is shown unless all of it is asked for."""

FIRST_WORDS = 50
"""Characters of a conversation's first generated words, to tell it from others."""


@click.command("show")
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("record", required=False)
@click.option("--lineage", is_flag=True, help="Show the whole family: the seed, and all that derives from it.")
@click.option("--all", "show_all", is_flag=True, help=f"Of a family more than {MOST_NODES} conversations.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
def command(out: Path, record: str | None, lineage: bool, show_all: bool, as_json: bool) -> None:
    """Show a conversation of an output folder (or a project's `out`).

    RECORD is its id, as the datasets have it in `metadata.id`, or the beginning of it. Without one, some records are
    listed.
    """
    with JournalReader(output_folder(out) / FILE_NAME) as reader:
        if record is None:
            _list(reader, as_json)
            return
        slot = _find(reader, record)
        if lineage:
            _show_family(reader, slot, None if show_all else MOST_NODES, as_json)
        else:
            _show_slot(reader, slot, as_json)


def _find(reader: JournalReader, key: str) -> SettledSlot:
    found = reader.slots_beginning(key, 2)
    if not found:
        raise UsageError(f"No conversation's id begins with `{plain(key)}`; `adf show OUT` lists some.")
    if len(found) > 1:
        raise UsageError(f"Several ids begin with `{plain(key)}`: give more of it.")
    return found[0]


def _list(reader: JournalReader, as_json: bool) -> None:
    slots = reader.accepted_slots(LISTED)
    if as_json:
        click.echo(json.dumps([_facts(slot) for slot in slots], indent=2, ensure_ascii=False))
        return
    screen = console(soft_wrap=False)
    for slot in slots:
        screen.print(f"{slot.key[:KEY]}  {_words(slot)}", overflow="ellipsis", no_wrap=True)
    if not slots:
        screen.print("Nothing was accepted yet.")


# --- one conversation ------------------------------------------------------------------------------------------------


def _facts(slot: SettledSlot) -> dict[str, Any]:
    return {
        "id": slot.key,
        **{name: getattr(slot, name) for name in ("stage", "type", "direction", "round", "parent", "seed")},
        **{
            name: getattr(slot, name) for name in ("prefix_length", "replicate", "state", "judge", "reason", "attempts")
        },
        "scenario": dict(slot.scenario),
        "scores": dict(slot.scores),
        "confirmed": None if slot.confirmed is None else list(slot.confirmed),
        "turns": [turn.to_dict() for turn in slot.turns],
    }


def _show_slot(reader: JournalReader, slot: SettledSlot, as_json: bool) -> None:
    inherited = reader.conversation_of(slot.parent, reader.epoch)[: slot.inherited] if slot.parent else ()
    refusals = reader.refusals(slot.key)
    if as_json:
        prefix = [turn.to_dict() for turn in inherited]
        names = ("answer", "finish_reason", "validator", "reason", "scores")
        refused = [dict(zip(names, each, strict=True)) for each in refusals]
        click.echo(json.dumps({**_facts(slot), "prefix": prefix, "refused": refused}, indent=2, ensure_ascii=False))
        return
    screen = console(soft_wrap=False)
    for name, text in _about(slot):
        screen.print(f"{name:<10} {plain(text)}")
    for number, (_, _, validator, reason, _) in enumerate(refusals, 1):
        screen.print(f"{'refused' if number == 1 else '':<10} {plain(f'{validator}: {reason}')}")
    for number, turn in enumerate((*inherited, *slot.turns), 1):
        style = "dim" if number <= len(inherited) else ""
        for role, text, colour in (("user", turn.user, "cyan"), ("assistant", turn.assistant, "green")):
            _say(screen, role, text, style or colour, style)
    if not slot.turns:
        screen.print(f"\nIt was {slot.state}: {plain((slot.reason or '').strip())}")


def _say(screen: Console, role: str, text: str, colour: str, style: str) -> None:
    from rich.padding import Padding
    from rich.text import Text

    screen.print()
    screen.print(Text(role, style=f"bold {colour}"))
    screen.print(Padding(Text(plain(text), style=style), (0, 0, 0, 2)))


def _about(slot: SettledSlot) -> Iterator[tuple[str, str]]:
    yield "id", slot.key
    yield "direction", f"{slot.direction} ({slot.stage}, round {slot.round})"
    if slot.scenario:
        found = slot.confirmed or ()
        yield (
            "scenario",
            ", ".join(
                f"{factor}: {value}{' (found in the text)' if factor in found else ''}"
                for factor, value in slot.scenario.items()
            ),
        )
    if slot.parent:
        again = f", {count(slot.inherited, 'turn')} of it inherited" if slot.inherited else ""
        yield "parent", f"{slot.parent[:KEY]}, after turn {slot.prefix_length}{again}"
    yield "state", f"{slot.state}, {count(slot.attempts, 'attempt')}" + (f", by {slot.judge}" if slot.judge else "")
    if slot.scores:
        yield "scores", ", ".join(f"{name} {score:g}" for name, score in slot.scores.items())


# --- a family --------------------------------------------------------------------------------------------------------


def _show_family(reader: JournalReader, chosen: SettledSlot, most: int | None, as_json: bool) -> None:
    seed = reader.slot(chosen.seed)
    if seed is None:
        raise UsageError(f"The journal lacks the seed of {chosen.key}; `adf rescue` may help.")
    if as_json:
        click.echo(json.dumps(_family(reader, seed[0]), indent=2, ensure_ascii=False))
        return
    from rich.text import Text
    from rich.tree import Tree

    left = most
    hidden = 0

    def label(slot: SettledSlot) -> Text:
        state = "" if slot.state == "accepted" else f" [{slot.state} by {slot.judge}]"
        text = Text(f"{slot.key[:KEY]} {_words(slot)}{state}", overflow="ellipsis", no_wrap=True)
        text.stylize("bold" if slot.key == chosen.key else "dim" if state else "")
        return text

    def grow(tree: Tree, slot: SettledSlot) -> None:
        nonlocal left, hidden
        for child in reader.children(slot):
            if left is not None and left <= 0:
                hidden += 1
                continue
            left = None if left is None else left - 1
            grow(tree.add(label(child)), child)

    tree = Tree(label(seed[0]))
    grow(tree, seed[0])
    screen = console(soft_wrap=False)
    screen.print(tree)
    if hidden:
        screen.print(f"{count(hidden, 'more conversation')} and what derives from them: `--all` shows them.")


def _family(reader: JournalReader, slot: SettledSlot) -> dict[str, Any]:
    return {**_facts(slot), "children": [_family(reader, child) for child in reader.children(slot)]}


def _words(slot: SettledSlot) -> str:
    """A conversation in a line: how it came about, and its first words."""
    where = f" after turn {slot.prefix_length}" if slot.parent else ""
    first = " ".join(slot.turns[0].user.split()) if slot.turns else ""
    words = f": {first[:FIRST_WORDS]}{'…' if len(first) > FIRST_WORDS else ''}" if first else ""
    return plain(f"{slot.direction}{where}{words}")

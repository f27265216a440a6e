"""A journal that was damaged on disk: it is told, nothing is deleted, and what can be read is paid for once."""

from __future__ import annotations

import json
import random
from pathlib import Path

from adf_core.journal import FILE_NAME
from adf_core.testing import OpenAIServer, make_project

PAGE = 4096


def damage(path: Path, pages: int, seed: int) -> None:
    """Overwrite some pages of a database file, but for the first ones with its header and its tables' list."""
    dice = random.Random(seed)
    content = bytearray(path.read_bytes())
    for page in dice.sample(range(40, len(content) // PAGE), pages):
        content[page * PAGE : (page + 1) * PAGE] = dice.randbytes(PAGE)
    path.write_bytes(content)


def test_what_can_be_read_of_a_damaged_journal_is_never_paid_for_again(adf, tmp_path: Path) -> None:
    directions = [f"word {number}" for number in range(400)]
    folder = make_project(
        tmp_path / "p", seed_evolving_directions=directions, derivational_evolving_directions=[], split=None
    )
    journal = folder / "out" / FILE_NAME
    with OpenAIServer() as server:
        command = ["run", folder, "--provider", "openai", "-o", f"base_url={server.url}", "--concurrency", "50"]
        assert adf(*command).returncode == 0
        whole = (folder / "out" / "dataset.jsonl").read_bytes()
        damage(journal, 60, seed=1)
        (folder / "out" / "dataset.jsonl").unlink()

        told = adf(*command, "--retry-rejected")
        assert told.returncode == 2
        assert f"{journal} is damaged or no journal" in told.stderr
        assert f"`adf rescue {folder / 'out'}`" in told.stderr
        assert "Traceback" not in told.stderr

        damaged = journal.read_bytes()
        rescued = adf("rescue", folder)
        assert rescued.returncode == 0, rescued.stderr
        [aside] = journal.parent.glob("journal-*.sqlite")
        assert aside.read_bytes() == damaged
        saved = int(rescued.stdout.split()[0])
        assert 0 < saved < len(directions)

        before = server.count
        again = adf(*command)
        assert again.returncode == 0, again.stderr
        assert server.count - before == len(directions) - saved
        assert (folder / "out" / "dataset.jsonl").read_bytes() == whole
        status = json.loads(adf("status", folder, "--json").stdout)
        assert (status["accepted"], status["answers"]) == (len(directions), len(directions))


def test_a_journal_of_which_nothing_can_be_read_is_left_as_it_is(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "out").mkdir()
    (folder / "out" / FILE_NAME).write_bytes(b"SQLite format 3\x00" * 600)
    told = adf("rescue", folder)
    assert told.returncode == 2
    assert "No answer can be read" in told.stderr
    assert [path.name for path in (folder / "out").iterdir()] == [FILE_NAME]

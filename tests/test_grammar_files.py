"""Where the files of ``grammars/`` are found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adf_core.grammar_files import grammar_file


def test_the_grammars_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "start: ER_DIAGRAM" in grammar_file("mermaid_er.lark")
    assert json.loads(grammar_file("setup.schema.json"))["type"] == "object"


def test_a_file_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such\.lark"):
        grammar_file("no_such.lark")

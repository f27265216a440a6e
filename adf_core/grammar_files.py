"""The files of ``grammars/``, wherever the package was put."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def grammar_file(name: str) -> str:
    """The text of the grammar file ``name``.

    A wheel carries the files inside the package, a checkout (also an editable install) beside it. Raises
    FileNotFoundError where there is no such file.
    """
    packaged = files("adf_core").joinpath("grammars", name)
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).resolve().parents[1] / "grammars" / name).read_text("utf-8")

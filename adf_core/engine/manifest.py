"""``manifest.json``: what a dataset was made of and which bytes it has, so that it can be verified and made again.

It holds no time, no host and no place outside the output folder: the same journal gives the same manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adf_core.components import RunInfo, SinkResult
from adf_core.errors import UsageError
from adf_core.files import atomic_write
from adf_core.journal import RunState
from adf_core.project import Project

FILE_NAME = "manifest.json"
FORMAT = 1

_STATES = ("planned", "accepted", "surplus", "rejected", "failed", "unspent")
_BLOCK = 1 << 20


def write_manifest(
    project: Project,
    info: RunInfo,
    versions: Mapping[str, str],
    state: RunState,
    overrides: Mapping[Any, Any],
    results: Mapping[str, SinkResult],
) -> None:
    """Write the manifest of a run's datasets into its output folder. ``versions`` are those of the plugins."""
    choice = project.setup.choice
    given = {".".join(map(str, path)): value for path, value in overrides.items()}
    document = {
        "format": FORMAT,
        "category": info.category,
        "type": info.type,
        "versions": {"auto-data-fountain": info.version, **dict(sorted(versions.items()))},
        "setup": {"sha256": digest(project.folder / "setup.yaml"), "overrides": given},
        "diagram": {"sha256": hashlib.sha256(info.diagram.encode("utf-8", "surrogatepass")).hexdigest()},
        "provider": {"name": info.provider, "model": info.model},
        "scenarios": {"strategy": choice.strategy, "seed": choice.seed},
        "conversations": {name: getattr(state, name) for name in _STATES},
        "datasets": {name: _dataset(result, info.out) for name, result in results.items()},
    }
    with atomic_write(info.out / FILE_NAME) as file:
        file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _dataset(result: SinkResult, out: Path) -> dict[str, Any]:
    files = [
        {"path": Path(os.path.relpath(path, out)).as_posix(), "bytes": path.stat().st_size, "sha256": digest(path)}
        for path in result.paths
        if path.is_file()
    ]
    return {"records": result.records, "files": files}


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    return hashed.hexdigest()


@dataclass(frozen=True, slots=True)
class Checked:
    """A file of a dataset, and what is wrong with it: empty where it is as it was written."""

    path: Path
    fault: str = ""


def verify(out: Path) -> Iterator[Checked]:
    """Compare the files of the manifest in ``out`` with their hashes. UsageError where there is no manifest."""
    try:
        document = json.loads((out / FILE_NAME).read_text("utf-8"))
        files = [file for dataset in document["datasets"].values() for file in dataset["files"]]
        named = [(out / file["path"], int(file["bytes"]), str(file["sha256"])) for file in files]
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no {FILE_NAME} in {out}; `adf run PROJECT` writes one beside its datasets."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{out / FILE_NAME} is no manifest of a dataset, or was changed by hand.") from error
    for path, size, sha256 in named:
        if not path.is_file():
            yield Checked(path, "it is gone")
        elif path.stat().st_size != size:
            yield Checked(path, f"it has {path.stat().st_size:,} bytes where {size:,} were written")
        elif digest(path) != sha256:
            yield Checked(path, "its content has changed")
        else:
            yield Checked(path)

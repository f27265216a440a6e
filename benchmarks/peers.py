"""The other tools, each in a virtual environment of its own: ``python -m benchmarks.peers [DIR]`` makes them.

DIR is ``~/.cache/auto-data-fountain/peers`` where it is not given. Each was the newest release when the benchmark was
made; what they depend on is the newest that goes with it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path.home() / ".cache" / "auto-data-fountain" / "peers"

PACKAGES: Mapping[str, Sequence[str]] = {
    "curator": ("bespokelabs-curator==0.1.31",),
    "data_designer": ("data-designer==0.9.7",),
    # What it imports and no longer gets by what it requires: `requests` and `beautifulsoup4`.
    "distilabel": ("distilabel[openai]==1.5.3", "requests", "beautifulsoup4"),
}

_TOKENIZERS = "tokenizers"


def python(folder: Path, peer: str) -> Path:
    """The interpreter in the environment of a peer."""
    return folder / peer / "bin" / "python"


def installed(folder: Path, peer: str) -> bool:
    return python(folder, peer).exists()


def environment(folder: Path, home: Path) -> dict[str, str]:
    """The environment variables for a peer: telemetry and caches off, no downloads, its own files below ``home``."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OPENAI_"))}
    return {
        **own,
        "HOME": str(home),
        "TELEMETRY_ENABLED": "false",
        "NEMO_TELEMETRY_ENABLED": "false",
        "CURATOR_DISABLE_CACHE": "true",
        "CURATOR_CACHE_DIR": str(home / "curator"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "TIKTOKEN_CACHE_DIR": str(folder / _TOKENIZERS),
    }


def make(folder: Path, peer: str) -> None:
    """Make the environment of a peer, in place of an older one."""
    print(f"{peer}: {' '.join(PACKAGES[peer])}", flush=True)
    venv.create(folder / peer, clear=True, with_pip=True)
    pip = [str(python(folder, peer)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PACKAGES[peer]], check=True)


def keep_tokenizers(folder: Path) -> None:
    """Put the token tables that come with Curator's dependencies where all look for them before they download them."""
    shutil.rmtree(folder / _TOKENIZERS, ignore_errors=True)
    (found,) = (folder / "curator").glob("lib/python*/site-packages/litellm/litellm_core_utils/tokenizers")
    shutil.copytree(found, folder / _TOKENIZERS, ignore=shutil.ignore_patterns("*.py", "__pycache__"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, metavar="DIR")
    parser.add_argument("--only", choices=list(PACKAGES), action="append", help="make this one; may be repeated")
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    for peer in arguments.only or PACKAGES:
        make(folder, peer)
    if installed(folder, "curator"):
        keep_tokenizers(folder)


if __name__ == "__main__":
    main()

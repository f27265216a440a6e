"""Where the two programs are that a picture needs: a Chromium, and mermaid's script."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from adf_core.errors import UsageError

BROWSER_VARIABLE = "ADF_BROWSER"
MERMAID_VARIABLE = "ADF_MERMAID"
SCRIPT = "dist/mermaid.min.js"

BROWSER_NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge"),
)
BROWSER_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files/Microsoft/Edge/Application/msedge.exe",
)

NO_BROWSER = (
    "There is no Chromium, which draws the picture: neither Chromium, Chrome nor Edge was found. Install one (on "
    f"Debian `apt install chromium`), or name one with `--browser PATH` or {BROWSER_VARIABLE}."
)
NO_MERMAID = (
    "There is no mermaid, which lays the picture out: it was found neither in a `node_modules` of this folder or those "
    "above it nor among npm's global packages. Install it with `npm install --global mermaid`, or name its folder or "
    f"its `mermaid.min.js` with `--mermaid PATH` or {MERMAID_VARIABLE}."
)


def find_browser(given: Path | None = None) -> Path:
    """The browser: ``given``, else the one ``ADF_BROWSER`` names, else one that is installed.

    A name without a folder is looked for on PATH. Raises UsageError where there is none.
    """
    named = given or _from_environment(BROWSER_VARIABLE)
    if named is not None:
        found = shutil.which(str(named))
        if found is None:
            source = "--browser" if given else BROWSER_VARIABLE
            raise UsageError(f"{source} names {named}, which is no program. It should be a Chromium, Chrome or Edge.")
        return Path(found)
    for candidate in (*BROWSER_NAMES, *BROWSER_PLACES):
        found = shutil.which(candidate)
        if found is not None:
            return Path(found)
    raise UsageError(NO_BROWSER)


def find_mermaid(given: Path | None = None) -> Path:
    """The file ``mermaid.min.js``: of ``given``, else of ``ADF_MERMAID``, else of an installed package.

    Either may name the file or the package's folder. Without them ``node_modules`` of the current folder and of those
    above it are tried, then npm's global packages. Raises UsageError where there is none.
    """
    named = given or _from_environment(MERMAID_VARIABLE)
    if named is not None:
        script = named / SCRIPT if named.is_dir() else named
        if not script.is_file():
            source = "--mermaid" if given else MERMAID_VARIABLE
            raise UsageError(
                f"{source} names {named}, but {script} does not exist. It should be the folder of the npm package "
                "`mermaid`, or its file `mermaid.min.js`."
            )
        return script.resolve()
    for folder in _module_folders():
        script = folder / "mermaid" / SCRIPT
        if script.is_file():
            return script
    raise UsageError(NO_MERMAID)


def _from_environment(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _module_folders() -> Iterator[Path]:
    """Folders of npm packages, the nearest first."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        yield folder / "node_modules"
    npm = shutil.which("npm")
    if npm is not None:
        done = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode == 0 and done.stdout.strip():
            yield Path(done.stdout.strip())

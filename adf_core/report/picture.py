"""A diagram's picture, drawn by mermaid itself in a Chromium that nobody sees."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import tempfile
from contextlib import suppress
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

from adf_core.errors import AdfError, UsageError

SECONDS = 120.0
"""How long a picture may take. Ten entities need 2 s, two hundred with eight attributes each 20 s, on two cores."""

PATIENCE = 10.0
"""Seconds for the processes of a browser to go once they are ended."""

SHARPNESS = 2
"""Pixels of a PNG for each unit of the SVG, as on screens of high density."""

LONGEST_SIDE = 16_000
"""Pixels of a PNG; Chromium draws nothing beyond 16,384."""

LONGEST_FOLDER = 60
"""Bytes of a temporary folder's path that leave room for Chromium's sockets: their paths have 107 at most."""

CONFIG = {
    "startOnLoad": False,
    "securityLevel": "strict",
    "suppressErrorRendering": True,
    "htmlLabels": True,
    "look": "classic",  # the newer look has shadows, for which other viewers leave out the whole shape
    "fontFamily": "Arial, Liberation Sans, Helvetica, sans-serif",
    "handDrawnSeed": 1,  # the same diagram gives the same lines
    "maxTextSize": 100_000_000,
    "maxEdges": 1_000_000,
    # What a diagram's own configuration cannot change.
    "secure": [
        *("secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges", "suppressErrorRendering"),
        *("htmlLabels", "handDrawnSeed"),
    ],
}

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'">
<body>
<script type="application/json" id="question">{question}</script>
<script nonce="{nonce}" src="{mermaid}"></script>
<script nonce="{nonce}">{script}</script>
"""

_FLAGS = (
    *("--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-breakpad", "--disable-crash-reporter", "--hide-scrollbars"),
)

_SANDBOXED = (
    "It may be one that cannot read temporary files (a snap's or a flatpak's): name another with `--browser`, or let "
    "TMPDIR be a folder in your home."
)

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no XML document may hold."""


def draw(diagram_text: str, *, mermaid: Path, browser: Path, seconds: float = SECONDS) -> str:
    """The diagram as an SVG document that stands alone: text is text, and nothing in it leads elsewhere.

    ``mermaid`` is the file ``mermaid.min.js``, ``browser`` a Chromium's program, ``seconds`` the time it may take.
    Raises UsageError where mermaid does not draw the diagram or one of the two is not what it should be, AdfError
    where no picture came in time.
    """
    with tempfile.TemporaryDirectory(prefix="adf-picture-") as folder:
        page = Path(folder, "page.html")
        page.write_text(_page(diagram_text, mermaid), "utf-8")
        # Chromium's clock jumps over waiting, so that the page is printed as soon as nothing is left to do.
        dump = _run(browser, Path(folder), ["--virtual-time-budget=60000", "--dump-dom", page.as_uri()], seconds)
    answer = re.search(r"<body>(\{.*\})\s*</body>", dump, re.DOTALL)
    if answer is None:
        raise AdfError(f"{browser} printed no picture. {_SANDBOXED}")
    result = json.loads(html.unescape(answer[1]))
    if "missing" in result:
        raise UsageError(f"{mermaid} is not mermaid's script: the page that loaded it found no mermaid.")
    if "error" in result:
        raise UsageError(f"mermaid does not draw the diagram: {_NO_XML.sub(' ', result['error']).strip()}")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _NO_XML.sub("\N{REPLACEMENT CHARACTER}", result["svg"]) + "\n"


def photograph(svg: str, *, browser: Path, seconds: float = SECONDS) -> bytes:
    """An SVG document of :func:`draw` as a PNG, with two pixels a unit (fewer where a side would be too long).

    Raises UsageError where not even one pixel a unit is possible, AdfError where no picture came in time.
    """
    width, height = size_of(svg)
    scale = min(SHARPNESS, LONGEST_SIDE / max(width, height))
    if scale < 1:
        raise UsageError(
            f"The picture is too large for a PNG: {width:,} × {height:,}, and no side can be longer than "
            f"{LONGEST_SIDE:,} pixels. Let the file's name end in .svg."
        )
    with tempfile.TemporaryDirectory(prefix="adf-picture-") as folder:
        source, target = Path(folder, "picture.svg"), Path(folder, "picture.png")
        source.write_text(svg, "utf-8")
        shape = [f"--window-size={width},{height}", f"--force-device-scale-factor={scale}"]
        _run(browser, Path(folder), [*shape, f"--screenshot={target}", source.as_uri()], seconds)
        if not target.is_file():
            raise AdfError(f"{browser} wrote no picture. {_SANDBOXED}")
        return target.read_bytes()


def size_of(svg: str) -> tuple[int, int]:
    """Width and height of a document of :func:`draw`, in its units."""
    root = ElementTree.fromstring(svg)  # noqa: S314  it was written by the browser above
    return int(root.attrib["width"]), int(root.attrib["height"])


def _page(diagram_text: str, mermaid: Path) -> str:
    question = json.dumps({"text": _with_tags_as_text(diagram_text), "config": CONFIG}).replace("<", "\\u003c")
    script = resources.files("adf_core.report").joinpath("picture.js").read_text("utf-8")
    nonce = os.urandom(16).hex()
    return _PAGE.format(nonce=nonce, question=question, mermaid=html.escape(mermaid.resolve().as_uri()), script=script)


def _with_tags_as_text(text: str) -> str:
    """The text with ``<`` and ``$$`` as character codes, so that mermaid shows them.

    It would take tags for HTML, of which it leaves out what may do harm, and ``$$`` for a formula. ``<br>`` stays a
    line break. What stands before the header is no part of the picture, and codes are not read in it.
    """
    start = max(text.find("erDiagram"), 0)
    body = text[start:]
    # In tags mermaid reads double quotes as single ones, which has to happen while they still are tags.
    end = body.rfind(">") + 1
    body = re.sub(r"<\w+[^>]*>", _with_single_quotes, body[:end], flags=re.ASCII) + body[end:]
    return text[:start] + re.sub(r"<(?!br\s*/?>)|\$(?=\$)", lambda found: f"#{ord(found[0])};", body)


def _with_single_quotes(tag: re.Match[str]) -> str:
    return re.sub('="([^"]*)"', r"='\1'", tag[0])


def _run(browser: Path, folder: Path, arguments: list[str], seconds: float) -> str:
    """What a browser of its own, with a profile in ``folder``, prints. It is gone when this returns or raises."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    # What Chromium leaves beside its profile: sockets, a folder for crash reports, a cache of desktop settings.
    environment = {
        "TMPDIR": str(folder) if len(os.fsencode(folder)) <= LONGEST_FOLDER else "/tmp",  # noqa: S108
        "BREAKPAD_DUMP_LOCATION": str(folder),
        "GSETTINGS_BACKEND": "memory",
    }
    flags = [*_FLAGS, f"--user-data-dir={folder / 'profile'}", *(["--no-sandbox"] if is_root else [])]
    try:
        process = subprocess.Popen(  # noqa: S603
            [str(browser), *flags, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    except OSError as error:
        raise UsageError(f"{browser} cannot be started: {error.strerror}.") from error
    try:
        printed, complaints = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise AdfError(f"{browser} drew no picture within {seconds:g} s, and was ended.") from error
    finally:
        _end(process)
    if process.returncode != 0:
        lines = complaints.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise AdfError(f"{browser} ended with status {process.returncode}: {lines[-1]}")
    return printed.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a browser and its helpers. They hold its pipes, so that all of them are gone when the pipes are closed."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=PATIENCE)

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adf_core.testing import make_project


@pytest.fixture
def programs(browser: Path, mermaid: Path) -> dict[str, str]:
    return {"ADF_BROWSER": str(browser), "ADF_MERMAID": str(mermaid)}


def test_a_picture_is_drawn_into_the_project(adf, project: Path, programs: dict[str, str]) -> None:
    done = adf("diagram", project, env=programs)
    assert done.returncode == 0, done.stderr
    target = project / "diagram.svg"
    assert done.stdout.startswith(f"Wrote {target}: ")
    assert done.stdout.endswith(f", {target.stat().st_size:,} bytes.\n")
    svg = target.read_text("utf-8")
    for text in ("GUEST", "RECEPTIONIST", "asks for help at the desk of"):
        assert f">{text}</text>" in svg


def test_a_png_is_drawn_where_the_name_says_so(adf, project: Path, programs: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "new" / "picture.PNG"
    done = adf("diagram", project, "--to", target, env=programs)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes().startswith(b"\x89PNG")
    assert not (project / "diagram.svg").exists()


def test_a_diagram_in_the_setup_without_a_header_is_drawn(adf, tmp_path: Path, programs: dict[str, str]) -> None:
    folder = make_project(tmp_path / "p", er_diagram='CAT ||--o{ MOUSE : "dreams of"')
    done = adf("diagram", folder, env=programs)
    assert done.returncode == 0, done.stderr
    assert ">dreams of</text>" in (folder / "diagram.svg").read_text("utf-8")


def test_another_ending_is_refused(adf, project: Path) -> None:
    done = adf("diagram", project, "--to", "picture.jpg")
    assert (done.returncode, done.stderr) == (2, "error: --to picture.jpg: a picture's name ends in .svg or .png.\n")


def test_a_diagram_in_error_is_told_as_by_check(adf, project: Path) -> None:
    (project / "diagram.mermaid").write_text("erDiagram\nA ||--\n")
    done = adf("diagram", project)
    assert done.returncode == 2
    assert "diagram.mermaid:2:" in done.stderr
    assert done.stderr == adf("check", project).stderr


ELSEWHERE = "Any Mermaid viewer (GitHub, the Mermaid live editor) shows {project}/diagram.mermaid too.\n"


def test_a_missing_browser_is_told_with_what_to_do(adf, project: Path, tmp_path: Path) -> None:
    done = adf("diagram", project, env={"PATH": str(tmp_path), "ADF_BROWSER": ""})
    assert done.returncode == 2
    assert done.stderr == (
        "error: There is no Chromium, which draws the picture: neither Chromium, Chrome nor Edge was found. Install "
        "one (on Debian `apt install chromium`), or name one with `--browser PATH` or ADF_BROWSER. "
        + ELSEWHERE.format(project=project)
    )


def test_a_missing_mermaid_is_told_with_what_to_do(adf, project: Path, tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "ADF_BROWSER": sys.executable, "ADF_MERMAID": ""}
    done = adf("diagram", project, env=environment, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "error: There is no mermaid, which lays the picture out: it was found neither in a `node_modules` of this "
        "folder or those above it nor among npm's global packages. Install it with `npm install --global mermaid`, or "
        "name its folder or its `mermaid.min.js` with `--mermaid PATH` or ADF_MERMAID. "
        + ELSEWHERE.format(project=project)
    )


@pytest.mark.parametrize("option", ["--browser", "--mermaid"])
def test_a_program_that_is_named_but_absent_is_told(adf, project: Path, option: str) -> None:
    environment = {"ADF_BROWSER": sys.executable}
    done = adf("diagram", project, option, "nowhere", env=environment)
    assert done.returncode == 2
    assert f"error: {option} names nowhere, " in done.stderr


def test_mermaid_is_found_in_a_folder_above(adf, project: Path, browser: Path, mermaid: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "mermaid").symlink_to(mermaid.parent.parent)
    environment = {"ADF_BROWSER": str(browser), "ADF_MERMAID": ""}
    done = adf("diagram", project, env=environment, cwd=project)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files of what is started."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def test_ctrl_c_leaves_nothing_behind(start, project: Path, browser: Path, tmp_path: Path, temporary: Path) -> None:
    script = tmp_path / "mermaid.min.js"
    script.write_text("for (;;) {}")
    process = start("diagram", project, "--browser", browser, "--mermaid", script, stderr=subprocess.PIPE)
    while not list(temporary.glob("*/profile/Default")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in complaint
    assert list(temporary.iterdir()) == []
    assert not any(str(temporary) in command for command in commands())
    assert not (project / "diagram.svg").exists()


def commands() -> list[str]:
    """What runs now."""
    done = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            done.append(os.fsdecode(file.read_bytes()))
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
    return done

"""Every command and code block in the docs is executed, in order, as it stands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from adf_llama.catalogue import SMOLLM2
from adf_llama.models import cached

from adf_core.diagram import parse
from adf_core.plugins import load as load_plugins
from adf_core.project import load
from adf_core.testing import GeminiServer, OpenAIServer, make_project

ROOT = Path(__file__).parent.parent
FOLDERS = ("*.md", "docs/*.md", "plugins/*/*/README.md", "samples/**/README.md")
PAGES = sorted(page for pattern in FOLDERS for page in ROOT.glob(pattern))
INDENTED = re.compile(r"^ {4,}(adf|pip|python|pytest) ", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROLES = {"user_role": "USER", "assistant_role": "ASSISTANT", "seed_evolving_directions": ["general"]}


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text("utf-8"))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the commands of the docs touch."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "samples", folder / "samples", ignore=shutil.ignore_patterns("out"))
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_do_what_they_say(
    page: Path, checkout: Path, tmp_path: Path, monkeypatch, request: pytest.FixtureRequest
) -> None:
    if "adf diagram " in page.read_text("utf-8"):
        monkeypatch.setenv("ADF_BROWSER", str(request.getfixturevalue("browser")))
        monkeypatch.setenv("ADF_MERMAID", str(request.getfixturevalue("mermaid")))
    assert not INDENTED.search(page.read_text("utf-8")), "commands stand in ```sh blocks, which are executed"
    output = None
    for number, (language, text) in enumerate(blocks(page)):
        match language:
            case "sh":
                output = execute(text, checkout)
            case "broken":
                output = refusal(text, tmp_path / str(number))
            case "text":
                assert output is not None
                assert [line.rstrip() for line in output.splitlines()] == text.splitlines()
            case "python":
                module = ModuleType(f"block_{number}")
                monkeypatch.setitem(sys.modules, module.__name__, module)
                exec(compile(text, f"{page.name} block {number}", "exec"), module.__dict__)
            case "yaml":
                make_project(tmp_path / str(number), text=yaml.safe_dump({**ROLES, **yaml.safe_load(text)}))
                load(tmp_path / str(number), load_plugins(), strict=True)
            case "mermaid":
                parse(text)
            case "json":
                json.loads(text)
            case "toml":
                tomllib.loads(text)
            case _:
                pytest.fail(f"a block of {page} has the language `{language}`, which nobody executes")


ANSWER = '{"conversations": [{"user": "Hi", "assistant": "Hello"}]}'


def refusal(diagram: str, folder: Path) -> str:
    """What ``adf check`` says of a project with a diagram that Mermaid refuses."""
    make_project(folder / "project", diagram=diagram)
    command = [sys.executable, "-m", "adf_core", "check", "project"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def execute(commands: str, folder: Path) -> str:
    """Run the lines of a shell block; installing and testing are what ``.ci/run`` does in a clean environment.

    Returns what the last line printed, to standard output.

    All that is changed is where it cannot be otherwise: the address of a provider's server, and the path of a model.
    """
    output = ""
    with OpenAIServer() as openai, GeminiServer(ANSWER) as gemini:
        servers = {"openai": openai, "gemini": gemini, "google-generativeai": gemini}
        keys = {"OPENAI_API_KEY": "x", "GEMINI_API_KEY": "x", "NO_COLOR": "1", "COLUMNS": "100"}
        for line in commands.replace("/path/to.gguf", str(cached(SMOLLM2))).splitlines():
            words = shlex.split(line, comments=True)
            if words[:3] == ["pip", "install", "-r"]:
                assert (ROOT / words[3]).is_file()
            elif words[:2] == ["pip", "install"]:
                assert (ROOT / words[2] / "pyproject.toml").is_file()
                assert words[2].startswith("./plugins/")
            elif words[0] == "adf":
                command = [sys.executable, "-m", "adf_core", *words[1:]]
                if "--provider" in words and words[1] != "plan":
                    command += ["-o", f"base_url={servers[words[words.index('--provider') + 1]].url}"]
                done = subprocess.run(command, cwd=folder, env={**os.environ, **keys}, capture_output=True, text=True)
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                output = done.stdout
            else:
                assert line == "pytest"
    return output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), link

"""The packages as users install them: wheels and source archives, in clean environments, outside the checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from adf_core.testing import GeminiServer, OpenAIServer, make_project
from adf_core.testing.openai_server import prompt

ROOT = Path(__file__).parent.parent.parent
ANSWER = '{"conversations": [{"user": "Hi", "assistant": "Hello"}]}'


class Environment:
    """A virtual environment with nothing in it but what is installed through it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)

    def pip(self, *arguments: str | Path) -> None:
        done = self.run("pip", "--quiet", "--disable-pip-version-check", *arguments)
        assert done.returncode == 0, done.stderr

    def run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        names = ("PYTHONPATH", "GEMINI_API_KEY", "GOOGLE_API_KEY")
        kept = {name: value for name, value in os.environ.items() if name not in names}
        command = [str(self.folder / "bin" / program), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=kept, check=False)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The core alone, installed as a user does."""
    environment = Environment(tmp_path_factory.mktemp("core"))
    environment.pip("install", ROOT, ROOT / "plugins/validators/adf-schema", ROOT / "plugins/sinks/adf-jsonl")
    return environment


def test_installing_a_package_brings_a_provider_and_removing_takes_it_away(core: Environment, tmp_path: Path) -> None:
    project = make_project(tmp_path, derivational_evolving_directions=[])
    with GeminiServer(ANSWER) as server:
        options = ("--provider", "gemini", "-o", f"base_url={server.url}", "-o", "api_key=k")
        before = core.run("adf", "run", project, *options)
        core.pip("install", ROOT / "plugins/providers/adf-gemini")
        during = core.run("adf", "run", project, *options)
        core.pip("uninstall", "--yes", "adf-gemini")
        after = core.run("adf", "run", project, *options)
    assert during.returncode == 0, during.stderr
    assert "2 of 2 conversations accepted" in during.stdout
    for done in (before, after):
        assert done.returncode == 2
        assert "There is no provider `gemini`" in done.stderr
        assert f"pip install {ROOT / 'plugins' / 'providers' / 'adf-gemini'}" in done.stderr
        assert "Traceback" not in done.stderr


def block(text: str, language: str) -> str:
    """The first code block in that language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, language
    return found[1]


def test_a_direction_written_from_the_docs_alone_is_installed_and_used_by_name(
    core: Environment, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    section = page.partition("\n## A direction\n")[2].partition("\n## ")[0]
    folder, module = tmp_path / "my-directions", "my_directions.py"
    assert f"a file `{module}` in a folder `{folder.name}`" in " ".join(section.split())
    folder.mkdir()
    (folder / "pyproject.toml").write_text(block(page, "toml"), "utf-8")
    (folder / module).write_text(block(section, "python"), "utf-8")
    project = make_project(tmp_path / "project", text=block(section, "yaml"))
    [command] = re.findall(r"`pip (install) (\./.+?)`", section)

    core.pip(command[0], tmp_path / command[1])
    core.pip("install", ROOT / "plugins/providers/adf-openai")
    with OpenAIServer(ANSWER) as server:
        options = ("--provider", "openai", "-o", f"base_url={server.url}", "-o", "api_key=k")
        done = core.run("adf", "run", project, *options)
        prompts = [prompt(body) for body in server.requests]
    listed = core.run("adf", "plugins")

    assert done.returncode == 0, done.stderr
    assert re.search(r"^my-directions +my-directions 1\.0 +ok$", listed.stdout, re.MULTILINE), listed.stdout
    styles = {found[1] for text in prompts if (found := re.search(r'direction or style is "(.*)"', text))}
    assert styles == {
        "general",
        "humorous",
        "critical but friendly: the GUEST doubts the last answer, which the RECEPTIONIST takes up",
        "critical but friendly: the GUEST has doubts that were not spoken of yet, which the RECEPTIONIST takes up",
        "new: another GUEST has the same concern in quite another place",
    }
    lines = (project / "out" / "dataset.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line)["metadata"] for line in lines]
    inherited = {(each["direction"], each["prefix_turns"] > 0) for each in records if each["stage"] == "derivation"}
    assert inherited == {("second-thoughts", True), ("elsewhere", False), ("humorous", True)}


NAMES = ("mermaid_er.lark", "setup.schema.json")


def grammars_in(environment: Environment) -> str:
    code = f"from adf_core.grammar_files import grammar_file; print(*(len(grammar_file(name)) for name in {NAMES}))"
    done = environment.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_grammars_are_found_however_the_core_is_installed(core: Environment, tmp_path: Path) -> None:
    expected = " ".join(str(len((ROOT / "grammars" / name).read_text("utf-8"))) for name in NAMES)
    assert grammars_in(core) == expected

    core.pip("install", "build", "editables", "hatchling")
    dist = tmp_path / "dist"
    core.pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", dist, ROOT)
    core.run("python", "-m", "build", "--no-isolation", "--sdist", "--outdir", dist, ROOT)
    [wheel], [sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        assert {"adf_core/grammars/mermaid_er.lark", "adf_core/journal/schema.sql"} <= set(archive.namelist())
        assert "adf_core/cli/starter/setup.yaml" in archive.namelist()
    for way in (["--no-build-isolation", sdist], ["--no-build-isolation", "--editable", ROOT]):
        core.pip("install", "--no-deps", "--force-reinstall", *way)
        assert grammars_in(core) == expected

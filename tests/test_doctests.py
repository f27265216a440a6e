"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import adf_core

MODULES = [
    module.name for module in pkgutil.walk_packages(adf_core.__path__, "adf_core.") if "__main__" not in module.name
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0

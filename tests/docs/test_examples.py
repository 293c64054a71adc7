"""The examples in docstrings, executed."""

import doctest
import importlib
import pkgutil

import pytest

import picojoule

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(picojoule.__path__, prefix="picojoule.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name: str) -> None:
    module = importlib.import_module(name)
    assert not doctest.testmod(module).failed

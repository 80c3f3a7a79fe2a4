"""A package's docstring is its map: who adds a module says there what it is for."""

import importlib
import pkgutil
import re

import pytest

import orders
import realtime

PACKAGES = ["orders", "realtime"] + [
    found.name
    for package in (orders, realtime)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if found.ispkg and not found.name.startswith("orders.migrations")
]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_of_a_package_names_every_module_and_none_that_is_gone(package: str) -> None:
    there = importlib.import_module(package)
    found = {each.name for each in pkgutil.iter_modules(there.__path__)} - {"__main__"}
    modules = {name for name in found if name.isidentifier()}  # not the library that is built there
    text = there.__doc__ or ""
    named = set(re.findall(r"`(\w+)`", text))
    assert modules <= named
    listed = re.findall(r"^- `(\w+)`", text, flags=re.MULTILINE)
    assert {name for name in listed if name != "__main__"} <= modules | {"migrations"}

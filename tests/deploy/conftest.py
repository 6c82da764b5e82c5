"""Debian's programs that the shipped files are held against, where this machine has them."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def program(name: str, *, package: str) -> str:
    """Return where a program is; without it the test is skipped, or fails where it is required."""
    found = shutil.which(name)
    if found is not None:
        return found
    reason = f"{name} is absent: make engines ENGINES={package}"
    if os.environ.get("PONTE_TEST_ENGINES") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def promtool() -> str:
    return program("promtool", package="prometheus")


@pytest.fixture(scope="session")
def prometheus() -> str:
    return program("prometheus", package="prometheus")

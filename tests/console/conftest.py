"""A headless Chromium for the tests of this folder, where the machine has one."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

ARGS = [
    "--no-sandbox",  # containers run as root, where Chromium refuses its own sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "browser: needs Chromium; absent it is a skip, or a failure with "
        "PONTE_TEST_ENGINES=required",
    )


def chromium() -> str:
    """Return the browser's path, or skip; a machine that must have one fails instead."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        missing = "no chromium: `make engines` installs it, CHROMIUM names another"
        if os.environ.get("PONTE_TEST_ENGINES") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module, whose tests are all synchronous."""
    path = chromium()
    expect.set_options(timeout=30_000)  # wide: a loaded machine says nothing about the page
    # The browser writes beside its profile too; all of it goes with the folder.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, sync_playwright() as p:
        instance = p.chromium.launch(
            executable_path=path, args=ARGS, env={"HOME": home, "PATH": os.defpath}
        )
        yield instance
        instance.close()

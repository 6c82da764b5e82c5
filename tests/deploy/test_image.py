"""The image has what every setting may ask for: the package's extras, pinned."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.conftest import ROOT

PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PACKAGE["project"]["optional-dependencies"]
IMAGE = re.findall(r"requirements/(\w+)\.txt", (ROOT / "Dockerfile").read_text())

SOURCES = [path.read_text() for path in (ROOT / "src" / "ponte").rglob("*.py")]


def pinned() -> dict[str, str]:
    """Return each package of the image with its version."""
    text = "".join((ROOT / "requirements" / f"{name}.txt").read_text() for name in set(IMAGE))
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def used(extra: str) -> bool:
    """Tell whether code of this version imports what the extra brings."""
    names = [canonicalize_name(Requirement(text).name) for text in EXTRAS[extra]]
    modules = "|".join(re.escape(name.removesuffix("-sdk").replace("-", "_")) for name in names)
    wanted = re.compile(rf"^\s*(?:from|import) (?:{modules})\b", re.MULTILINE)
    return any(wanted.search(text) for text in SOURCES)


@pytest.mark.parametrize("extra", sorted(filter(used, EXTRAS)))
def test_the_image_brings_every_extra_of_the_package(extra: str) -> None:
    wanted = [Requirement(text) for text in EXTRAS[extra]]

    missing = [
        str(need)
        for need in wanted
        if not need.specifier.contains(pinned().get(canonicalize_name(need.name), "0"))
    ]

    assert wanted
    assert missing == []


def test_what_the_image_has_is_what_was_tested() -> None:
    dev = (ROOT / "requirements" / "dev.txt").read_text()

    untested = [line for line in (ROOT / "requirements" / "engines.txt").read_text().splitlines()
                if line not in dev]  # fmt: skip

    assert untested == []

"""The page on integrations: each of its programs prints what stands below it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "integrations.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(PAGE.read_text())
PROGRAMS = list(zip(BLOCKS[::2], BLOCKS[1::2], strict=True))


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
def test_the_page_prints_what_it_says(
    program: tuple[str, str], printed: tuple[str, str], tmp_path: Path
) -> None:
    ran = subprocess.run(  # noqa: S603 - the page's own program
        [sys.executable, "-c", program[1]], cwd=tmp_path, capture_output=True, text=True,
        timeout=50, check=False,
    )  # fmt: skip

    assert (program[0], printed[0]) == ("python", "text")
    assert (ran.stdout, ran.stderr) == (printed[1], "")

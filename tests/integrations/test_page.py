"""The page on integrations does what it shows."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "integrations.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_prints_what_it_says(tmp_path: Path) -> None:
    (program_kind, program), (printed_kind, printed) = BLOCK.findall(PAGE.read_text())

    ran = subprocess.run(  # noqa: S603 - the page's own program
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True,
        timeout=50, check=False,
    )  # fmt: skip

    assert (program_kind, printed_kind) == ("python", "text")
    assert (ran.stdout, ran.stderr) == (printed, "")

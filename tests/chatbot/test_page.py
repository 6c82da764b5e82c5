"""The page on the bot: its program prints what stands below it."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "bot.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_prints_what_it_says(tmp_path: Path) -> None:
    blocks = dict(BLOCK.findall(PAGE.read_text()))  # the last program

    ran = subprocess.run(  # noqa: S603 - the page's own program
        [sys.executable, "-c", blocks["python"]], cwd=tmp_path, capture_output=True, text=True,
        timeout=50, check=False,
    )  # fmt: skip

    assert (ran.stdout, ran.stderr) == (blocks["text"], "")

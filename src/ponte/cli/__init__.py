"""CLI: `ponte <noun> <verb>`. One file a noun; whatever is heavy is imported inside its command."""

import os
import sys


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # orders, people and keys are nobody else's to read
    from ponte.cli.app import app  # noqa: PLC0415 - `import ponte` must stay light

    sys.exit(app())

"""CLI: `ponte <noun> <verb>`. One file a noun; whatever is heavy is imported inside its command."""

import sys


def main() -> None:
    """Run the command line."""
    from ponte.cli.app import app  # noqa: PLC0415 - `import ponte` must stay light

    sys.exit(app())

"""App: the tree of commands. A noun's module is imported when the noun is typed.

That keeps `ponte --help` far below its 200 ms, and a broken engine from breaking
a command that does not need it.
"""

import importlib
from collections.abc import Sequence
from typing import Any

import click
import typer
from typer.core import TyperGroup

# name -> (module, attribute, one line of help). Nouns are Portuguese, verbs English.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("ponte.cli.servir", "up", "Run everything in one process (--demo for a sample shop)."),
    "web": ("ponte.cli.servir", "web", "Run the HTTP and WebSocket role alone."),
    "worker": ("ponte.cli.servir", "worker", "Run the role that does the work alone."),
    "scheduler": ("ponte.cli.servir", "scheduler", "Run the role that keeps time alone."),
    "doctor": ("ponte.cli.cuidar", "doctor", "Check this installation and say what to mend."),
    "verify": ("ponte.cli.cuidar", "verify", "Prove ledger, outbox and nota numbering."),
    "migrate": ("ponte.cli.cuidar", "migrate", "Bring the database up to date."),
    "backup": ("ponte.cli.cuidar", "backup", "Copy the database while it runs."),
    "restore": ("ponte.cli.cuidar", "restore", "Put a backup in place."),
    "status": ("ponte.cli.cuidar", "status", "Show queues, alerts and versions on one screen."),
    "pedidos": ("ponte.cli.pedidos", "app", "Orders: list, show, create, cancel, parse."),
    "estoque": ("ponte.cli.estoque", "app", "Stock: list, get, set, adjust, watch, import."),
    "alertas": ("ponte.cli.alertas", "app", "Alerts: list, show, ack, resolve, test."),
    "falhas": ("ponte.cli.falhas", "app", "Work set aside: list, show, reprocess, discard."),
    "eventos": ("ponte.cli.eventos", "app", "Facts in order: list."),
    "keys": ("ponte.cli.keys", "app", "API keys: create, list, revoke."),
    "listen": ("ponte.cli.eventos", "listen", "Print live facts, or forward them to a URL."),
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported by name, and that suggests the nearest on a typo."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = COMMANDS.get(cmd_name)
        if found is None:
            return None
        module, attribute, _ = found
        return _to_click(getattr(importlib.import_module(module), attribute), cmd_name)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, text) for name, (_, _, text) in COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _to_click(found: Any, name: str) -> click.Command:
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name)(found)
    return typer.main.get_command(single)


root = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Ponte: one integration hub for Brazilian retail.",
)


@root.callback()
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and leave."),
) -> None:
    if version:
        from ponte import __version__  # noqa: PLC0415

        typer.echo(__version__)
        raise typer.Exit


def app(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    command = typer.main.get_command(root)
    return int(command.main(args, prog_name="ponte", standalone_mode=True) or 0)

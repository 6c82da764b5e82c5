"""Grupo: a noun and its verbs, with help that shows examples first and mends typos."""

import difflib
from typing import Any

import typer
from typer._click.core import Command, Context
from typer.core import TyperCommand, TyperGroup

from ponte.cli.frases import portuguese_help
from ponte.cli.saida import USO, Parada, modo


def _help(texto: str) -> str:
    # The parser's own words are English.
    return texto if modo.ingles else portuguese_help(texto)


class Comando(TyperCommand):
    """A command whose help is of one language to its last word."""

    def get_help(self, ctx: Context) -> str:
        return _help(super().get_help(ctx))


class ComNumeros(Comando):
    """A command that takes `-3` for a number, as people type it, and not for an option."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._numbers_last(args))

    def _numbers_last(self, args: list[str]) -> list[str]:
        # Behind `--` nothing is an option. A number behind an option that wants a value is that.
        if "--" in args:
            return args
        wanting = {
            name
            for param in self.params
            if param.param_type_name == "option" and not getattr(param, "is_flag", False)
            for name in param.opts
        }
        numbers = [
            i
            for i, arg in enumerate(args)
            if arg[:1] == "-" and arg[1:].isdigit() and (i == 0 or args[i - 1] not in wanting)
        ]
        if not numbers:
            return args
        rest = [arg for i, arg in enumerate(args) if i not in numbers]
        return [*rest, "--", *(args[i] for i in numbers)]


class Grupo(TyperGroup):
    """A group that names the nearest verb when the typed one does not exist."""

    def get_help(self, ctx: Context) -> str:
        return _help(super().get_help(ctx))

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        verbo = args[0] if args else ""
        if verbo and verbo[0] != "-" and self.get_command(ctx, verbo) is None:
            perto = difflib.get_close_matches(verbo, self.list_commands(ctx), n=1, cutoff=0.5)
            raise Parada(
                f"Não há o comando {ctx.command_path} {verbo}",
                tente=f"{ctx.command_path} {perto[0] if perto else '-h'}",
                codigo=USO,
            )
        return super().resolve_command(ctx, args)


def noun(texto: str) -> typer.Typer:
    """Return the empty group of a noun; a callback keeps it one, even with a single verb."""
    app = typer.Typer(
        cls=Grupo, help=texto, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )
    app.callback()(_nothing)
    return app


def alone() -> typer.Typer:
    """Return the holder of a command that stands on the top level."""
    return typer.Typer(add_completion=False, rich_markup_mode=None)


def help_of(texto: str, *exemplos: str, cls: type[Comando] = Comando) -> dict[str, Any]:
    """Return what `command()` takes so that its help shows examples first."""
    linhas = "\n".join(f"  {exemplo}" for exemplo in exemplos)
    # Without a text of its own the list of commands would show the examples.
    return {"help": f"\b\nExemplos:\n{linhas}\n\n{texto}", "short_help": texto, "cls": cls}


def speak_english(command: Command) -> None:
    """Put the help of a command, of its options and of all below it into English."""
    from ponte.cli.ingles import english_talk  # noqa: PLC0415 - one language is enough

    command.help = english_talk(command.help or "")
    command.short_help = english_talk(command.short_help or "") or None
    for param in command.params:
        # Options have a help text, arguments one of the house's parser.
        for nome in ("help", "metavar"):
            texto = getattr(param, nome, None)
            if isinstance(texto, str):
                setattr(param, nome, english_talk(texto))
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            speak_english(below)


def _nothing() -> None:
    return

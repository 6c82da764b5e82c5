"""App: the tree of commands. A noun's module is imported when the noun is typed.

That keeps `ponte --help` far below its 200 ms, and a broken engine from breaking
a command that does not need it. Here too every error becomes one sentence, a
cause and something to try, with the exit code that CONSOLE promises.
"""

import contextlib
import importlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click.core import Command, Context
from typer._click.exceptions import ClickException, NoArgsIsHelpError, UsageError
from typer._click.formatting import HelpFormatter
from typer.core import TyperGroup

from ponte.cli import caos, saida
from ponte.cli.grupo import Grupo, speak_english

# name -> (module, attribute, one line of help). Nouns are Portuguese, verbs English.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("ponte.cli.servir", "up", "Roda tudo em um processo (--demo: loja de exemplo)."),
    "web": ("ponte.cli.servir", "web", "Roda só o papel HTTP e WebSocket."),
    "worker": ("ponte.cli.servir", "worker", "Roda só o papel que faz o trabalho."),
    "scheduler": ("ponte.cli.servir", "scheduler", "Roda só o papel que olha o relógio."),
    "status": ("ponte.cli.cuidar", "status", "Mostra prontidão, filas e alertas em uma tela."),
    "top": ("ponte.cli.cuidar", "top", "Mostra números vivos em uma tela."),
    "demo": ("ponte.cli.freguesia", "demo", "Manda fregueses inventados a um Ponte que roda."),
    "doctor": ("ponte.cli.cuidar", "doctor", "Examina a instalação e diz o que consertar."),
    "verify": ("ponte.cli.cuidar", "verify", "Prova estoque, filas e numeração das notas."),
    "init": ("ponte.cli.init", "init", "Prepara uma pasta com Ponte e seus motores."),
    "migrate": ("ponte.cli.cuidar", "migrate", "Põe o banco na versão deste Ponte."),
    "backup": ("ponte.cli.copia", "backup", "Copia o banco enquanto ele trabalha."),
    "restore": ("ponte.cli.copia", "restore", "Põe uma cópia no lugar do banco."),
    "pedidos": ("ponte.cli.pedidos", "app", "list, show, create, cancel, reprocess, parse."),
    "estoque": ("ponte.cli.estoque", "app", "list, get, set, adjust, watch, import."),
    "alertas": ("ponte.cli.alertas", "app", "list, show, ack, resolve, silence, test."),
    "canais": (
        "ponte.cli.canais",
        "app",
        "list, test, pause, resume, reset, pull, connect, disconnect, parse, classify.",
    ),
    "falhas": ("ponte.cli.falhas", "app", "list, show, reprocess, discard, export."),
    "eventos": ("ponte.cli.eventos", "app", "list: todos os fatos, em ordem."),
    "keys": ("ponte.cli.keys", "app", "create, list, revoke: chaves da API."),
    "listen": ("ponte.cli.eventos", "listen", "Mostra os fatos ao vivo."),
}


class LazyGroup(Grupo):
    """A group whose commands are imported by name, and that suggests the nearest on a typo."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002
        rows = [(name, saida.spoken(text)) for name, (_, _, text) in COMMANDS.items()]
        with formatter.section(saida.spoken("Comandos")):
            formatter.write_dl(rows)


def load(name: str) -> Command:
    """Import a command of the tree, with the flags that every command has."""
    return _load(name, ingles=saida.modo.ingles)


@cache
def _load(name: str, *, ingles: bool) -> Command:
    module, attribute, _ = COMMANDS[name]
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        raise TypeError(f"{module}:{attribute} is no command")
    # A callback makes it a group even with a single verb, so that the verb must be named.
    command = typer.main.get_command(found)
    command.name = name
    for leaf in leaves(command):
        leaf.params.extend(caos.params(name))
        leaf.params.extend(_common_params(ingles=ingles))
        leaf.context_settings.setdefault("help_option_names", ["-h", "--help"])
    command.context_settings.setdefault("help_option_names", ["-h", "--help"])
    if ingles:
        speak_english(command)
    return command


def leaves(command: Command) -> Iterator[Command]:
    """Return the commands at the ends of a tree."""
    if not isinstance(command, TyperGroup):
        yield command
        return
    for child in command.commands.values():
        yield from leaves(child)


def _common(
    *,
    json: Annotated[bool, typer.Option("--json", help="Resultado em JSON.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Só dados e erros.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Diz mais.")] = False,
    color: Annotated[str, typer.Option("--color", help="auto, always ou never.")] = "auto",
) -> None:
    """Exist for its parameters alone."""


def _common_too(
    *,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Sem barras.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Confirma sem perguntar.")] = False,
    url: Annotated[str, typer.Option("--url", help="Ponte a usar (PONTE_URL).")] = "",
) -> None:
    """Exist for its parameters alone."""


@cache
def _common_params(*, ingles: bool) -> tuple[Any, ...]:  # noqa: ARG001 - each has its own
    params = []
    for bearer in (_common, _common_too):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command()(bearer)
        params += typer.main.get_command(single).params
    for param in params:
        param.expose_value = False
        param.callback = _keep
    return tuple(params)


def _keep(_ctx: Context, param: Any, value: Any) -> Any:
    if param.name == "color" and value not in {"auto", "always", "never"}:
        saida.stop(f"--color não aceita {value}", tente="auto, always ou never", codigo=saida.USO)
    if param.name == "no_progress":
        saida.modo.progress = not value
    else:
        setattr(saida.modo, param.name, value or (None if param.name == "url" else value))
    return value


root = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "\b\nExemplos:\n  ponte up --demo\n  ponte pedidos list --status sem_estoque\n"
        "  ponte verify\n\n"
        "Ponte: pedidos, estoque, notas e alertas do varejo em um só lugar."
    ),
)


def _say_version(value: bool) -> None:
    if value:
        from ponte import __version__  # noqa: PLC0415

        saida.data({"version": __version__}, __version__)
        raise typer.Exit


@root.callback()
def _root(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Mostra a versão e sai.", is_eager=True, callback=_say_version
        ),
    ] = False,
) -> None:
    """Hold what stands before a noun."""


def app(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    saida.reset()
    command = typer.main.get_command(root)
    saida.modo.ingles = _language(command) == "en"
    if saida.modo.ingles:
        speak_english(command)
    with saida.quiet_pipe():
        return _run(command, args)


def _lang(*, lang: Annotated[str, typer.Option("--lang", envvar="PONTE_LANG")] = "") -> None:
    """Exist for its parameter alone."""


def _language(command: Command) -> str | None:
    """Return PONTE_LANG; the parser knows the environment, and settings would cost 0.3 s."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command()(_lang)
    [option] = typer.main.get_command(single).params
    given: str | None = option.resolve_envvar_value(Context(command))
    if given is None:
        with contextlib.suppress(OSError):
            if b"PONTE_LANG" in Path(".env").read_bytes():
                from ponte.settings import environment  # noqa: PLC0415

                return environment().get("PONTE_LANG")
    return given


def _run(command: Command, args: Sequence[str] | None) -> int:
    try:
        code = command.main(args, prog_name="ponte", standalone_mode=False)
    except saida.Parada as parada:
        saida.complain(parada)
        return parada.codigo
    except NoArgsIsHelpError as error:
        saida.talk(error.format_message())
        return saida.USO
    except ClickException as error:
        saida.complain(_usage(error))
        return saida.USO
    except (KeyboardInterrupt, typer.Abort):
        saida.talk("Interrompido.")
        return saida.INTERROMPIDO
    return code if isinstance(code, int) else saida.FEITO


def _usage(error: ClickException) -> saida.Parada:
    """Say a wrong command line in our words, with the nearest right one."""
    ctx = error.ctx if isinstance(error, UsageError) else None
    caminho = ctx.command_path if ctx else "ponte"
    frase = saida.said(" ".join(error.format_message().split())).rstrip(".")
    return saida.Parada(frase[:1].upper() + frase[1:], tente=f"{caminho} -h")

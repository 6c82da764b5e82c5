"""Caos: the options about the make-believe platforms: how badly they behave, which, and where.

`ponte up` and `ponte demo` take them beside more of their own than one function may have
arguments; so they are kept here, as the flags of every command are in `saida.modo`.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer._click.core import Context

from ponte.cli import saida

CALMO = "calmo"


@dataclass
class Escolha:
    """What the command line chose."""

    caos: bool = False
    nivel: str = "medio"
    em: str = ""
    webhook: str = ""
    port: int | None = None

    @property
    def canais(self) -> tuple[str, ...]:
        """The platforms that were named; empty means all."""
        return tuple(nome.strip() for nome in self.em.split(",") if nome.strip())

    def check(self) -> None:
        """Refuse a level, or a platform of the demonstration, that there is not.

        Raises:
            Parada: one was named.
        """
        from ponte.simulators.canais import SIMULADORES  # noqa: PLC0415
        from ponte.simulators.caos import NIVEIS  # noqa: PLC0415

        if self.nivel not in NIVEIS:
            saida.stop(f"Não há o nível {self.nivel}", tente=", ".join(NIVEIS), codigo=saida.USO)
        names = [nome for nome, registro in SIMULADORES.items() if registro.demo]
        for nome in self.canais:
            if nome not in names:
                saida.stop(
                    f"A demonstração não tem {nome}", tente=", ".join(names), codigo=saida.USO
                )


escolha = Escolha()


def _level(
    *,
    nivel: Annotated[
        str, typer.Option("--nivel", help="Com --caos: leve, medio ou forte.")
    ] = "medio",
    em: Annotated[
        str, typer.Option("--em", help="Com --caos, só estas plataformas, separadas por vírgula.")
    ] = "",
) -> None:
    """Exist for its parameters alone."""


def _whole(
    *,
    caos: Annotated[
        bool, typer.Option("--caos", help="Com --demo, as plataformas falham ao acaso.")
    ] = False,
) -> None:
    """Exist for its parameter alone."""


def _alone(
    *,
    webhook: Annotated[
        str, typer.Option("--webhook", help="Para onde a plataforma conta o que houve.")
    ] = "",
    port: Annotated[
        int | None, typer.Option("--port", help="Porta da plataforma, 0 escolhe uma livre.")
    ] = None,
) -> None:
    """Exist for its parameters alone."""


def params(comando: str) -> list[Any]:
    """Return the options that a command has besides its own."""
    by_name: dict[str, tuple[Any, ...]] = {
        "up": (_whole, _level),
        "demo": (_level, _alone),
    }
    found = []
    for bearer in by_name.get(comando, ()):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command()(bearer)
        found += typer.main.get_command(single).params
    for param in found:
        param.expose_value = False
        param.callback = _keep
    return found


def _keep(_ctx: Context, param: Any, value: Any) -> Any:
    setattr(escolha, param.name, value)
    return value

"""Traducao: what a connector makes of a payload, with no database and no server."""

import difflib

from pydantic import ValidationError

from ponte.cli.saida import FALHOU, USO, Parada
from ponte.errors import ConfiguracaoInvalida, PonteError
from ponte.runtime.build import connector_names, load_connector


def neutral(fonte: str, conteudo: str, *, evento: str | None) -> object:
    """Return the neutral view of a payload of a source.

    Raises:
        Parada: there is no such source, or the payload is not one of its.
    """
    nomes = connector_names()
    if fonte not in nomes:
        perto = difflib.get_close_matches(fonte, nomes, n=1)
        raise Parada(
            f"Não há a fonte {fonte}",
            tente=f"--fonte {perto[0] if perto else nomes[0]}",
            codigo=USO,
        )
    try:
        parse = load_connector(fonte).parse_file
    except ConfiguracaoInvalida as error:
        raise Parada(f"Não há a fonte {fonte}", causa=str(error), codigo=USO) from error
    if parse is None:
        raise Parada(f"{fonte} não traz pedidos", codigo=USO)
    try:
        return parse(conteudo, evento)
    except (PonteError, ValidationError, ValueError, KeyError) as error:
        raise Parada(
            f"O arquivo não é um corpo de {fonte}",
            causa=str(error),
            tente="--evento com o nome do evento do endereço",
            codigo=FALHOU,
        ) from error

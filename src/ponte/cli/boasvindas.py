"""Boas-vindas: what a process says once it serves: where, on what, and what to do first."""

from collections.abc import Sequence

from ponte import __version__
from ponte.acesso.admin import key_file
from ponte.cli import saida
from ponte.context import Context
from ponte.settings import Settings
from ponte.store.db import Tx

PRIMEIRO = """
Instalação vazia. Primeiro um produto, depois um pedido:

  CHAVE=$(cat {key_file})
  curl -X PUT {url}/estoque/ARROZ-5KG -H "Authorization: Bearer $CHAVE" \\
    -H 'Content-Type: application/json' \\
    -d '{{"quantidade": 7, "motivo": "abertura", "nome": "Arroz 5 kg", "preco": "25.90"}}'
  curl -X POST {url}/pedido -H "Authorization: Bearer $CHAVE" \\
    -H 'Content-Type: application/json' \\
    -d '{{"itens": [{{"produto_id": "ARROZ-5KG", "quantidade": 3}}]}}'

Ou uma loja de exemplo neste Ponte: {programa} demo
"""


async def say(
    ctx: Context, papeis: Sequence[str], *, address: tuple[str, int] | None, chave: str | None
) -> None:
    """Print the address, the data, the engines and the key."""
    settings = ctx.settings
    linhas = [f"Ponte {__version__}, papéis: {', '.join(papeis)}"]
    if address is not None:
        base = url(settings, address)
        linhas += [f"  loja       {base}/", f"  API        {base}/docs"]
    banco = "PostgreSQL" if ctx.db.announces else "SQLite"
    linhas += [
        f"  dados      {settings.data_dir.resolve()}",
        f"  motores    banco {banco}, fila {ctx.broker.name}",
        f"  conectores {', '.join(sorted(ctx.ligados)) or 'nenhum'}",
    ]
    if address is not None:
        linhas.append(f"  chave      {_key(settings, chave)}")
    saida.talk("\n".join(linhas))
    if address is not None and await ctx.db.read(_needs_a_hint):
        saida.talk(
            PRIMEIRO.format(
                url=url(settings, address), key_file=key_file(settings), programa=saida.programa()
            )
        )


def url(settings: Settings, address: tuple[str, int]) -> str:
    """Return what a browser on this machine opens."""
    host, port = address
    scheme = "https" if settings.tls_cert else "http"
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - shown, not bound
        host = "localhost"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _key(settings: Settings, chave: str | None) -> str:
    if settings.api_key is not None:
        return "a de PONTE_API_KEY"
    path = key_file(settings).resolve()
    if chave is not None:
        return f"{chave}\n             mostrada só desta vez; guardada em {path}"
    return str(path) if path.exists() else "a que já existe; se perdida, comece com PONTE_API_KEY=…"


async def _needs_a_hint(tx: Tx) -> bool:
    """Tell whether nothing is there; a demonstration fills itself."""
    return await tx.fetch_one(
        "SELECT 1 FROM meta WHERE chave = 'demo' UNION ALL SELECT 1 FROM produtos LIMIT 1"
    ) is None  # fmt: skip

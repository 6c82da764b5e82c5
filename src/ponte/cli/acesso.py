"""Acesso: one Ponte to talk to, running or not, through the same routes.

Where a server listens, over HTTP with a key. Where none does, the database is
opened here and the very same app answers in this process: same validation, same
services, same audit, no second implementation. An address that was named is never
swapped for the local database: who named it meant it.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from pydantic import SecretStr

from ponte import logs
from ponte.cli import ajustes, saida
from ponte.settings import ClienteSettings, Settings

TIMEOUT_S = 35.0  # a request takes 30 s at most (SPEC §2)
PROBE_S = 2.0
LOCAL = "http://127.0.0.1"
_EXITS = {401: saida.NEGADO, 403: saida.NEGADO, 503: saida.INALCANCAVEL, 429: saida.INALCANCAVEL}


@dataclass
class Acesso:
    """A Ponte, over HTTP or in this process; every refusal becomes a `Parada`."""

    http: httpx2.AsyncClient
    local: bool

    async def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a GET; parameters that are None are left out."""
        given = {name: value for name, value in params.items() if value is not None}
        return _answer(await self.send("GET", path, params=given))

    async def text(self, path: str) -> str:
        """Return the plain text of a GET."""
        resposta = await self.send("GET", path, headers={"Accept": "text/plain"})
        return resposta.text if resposta.is_success else str(_answer(resposta))

    async def post(
        self, path: str, corpo: Any = None, *, chave: str | None = None, **extra: Any
    ) -> Any:
        """Return the JSON of a POST under a fresh Idempotency-Key, so that it can be repeated."""
        headers = {"Idempotency-Key": chave or str(uuid4())}
        return _answer(await self.send("POST", path, json=corpo, headers=headers, **extra))

    async def upload(self, path: str, corpo: bytes, **params: Any) -> Any:
        """Return the JSON of a POST of a CSV file."""
        headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "text/csv"}
        return _answer(
            await self.send("POST", path, content=corpo, headers=headers, params=params or None)
        )

    async def put(self, path: str, corpo: Any) -> Any:
        """Return the JSON of a PUT."""
        return _answer(await self.send("PUT", path, json=corpo))

    async def delete(self, path: str) -> None:
        """Delete."""
        _answer(await self.send("DELETE", path))

    async def every(self, path: str, *, limite: int, **params: Any) -> tuple[list[Any], int]:
        """Return up to `limite` items of a list, page by page, and how many there are."""
        itens: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(
                path, limite=min(500, limite - len(itens)), cursor=cursor, **params
            )
            itens += page["itens"]
            cursor = page["proximo"]
            if cursor is None or len(itens) >= limite:
                return itens, int(page["total"])

    async def send(self, method: str, path: str, **extra: Any) -> httpx2.Response:
        """Return an answer as it came; a `Parada` only where none did."""
        try:
            return await self.http.request(method, path, **extra)
        except httpx2.TransportError as error:
            raise unreachable(str(self.http.base_url), error) from error


def _answer(resposta: httpx2.Response) -> Any:
    if resposta.is_success:
        return resposta.json() if resposta.content else None
    try:
        problema = resposta.json()
        causa = "; ".join(f"{e['campo']}: {e['mensagem']}" for e in problema["errors"]) or str(
            problema["detail"]
        )
    except (ValueError, KeyError, TypeError):
        causa = f"HTTP {resposta.status_code}"
    codigo = _EXITS.get(resposta.status_code, saida.FALHOU)
    tente = {
        saida.NEGADO: "PONTE_API_KEY=…, ou PONTE_KEY_FILE=…/admin.key",
        saida.INALCANCAVEL: "de novo em alguns segundos, ou ponte doctor",
    }.get(codigo)
    frase = "Acesso negado" if codigo == saida.NEGADO else "Ponte recusou"
    raise saida.Parada(frase, causa=causa, tente=tente, codigo=codigo)


def unreachable(url: str, error: Exception) -> saida.Parada:
    """Return what to say when nobody answers."""
    return saida.Parada(
        "Ponte não responde",
        causa=f"{url}: {str(error) or type(error).__name__}",
        tente="ponte up, ou --url com o endereço certo",
        codigo=saida.INALCANCAVEL,
    )


@contextlib.asynccontextmanager
async def ponte(*, local: bool = True) -> AsyncIterator[Acesso]:
    """Find the Ponte that this command means.

    Args:
        local: Whether the database may be opened here when no server listens.

    Raises:
        Parada: nobody answers and there is no database.
    """
    settings = ajustes.read()
    cliente = ClienteSettings()
    named = saida.modo.url or cliente.url
    url = (named or default_url(settings)).rstrip("/")
    if not url.startswith(("http://", "https://")):
        saida.stop(f"{url} não é um endereço", tente=f"http://{url}", codigo=saida.USO)
    if named or await _listens(url):
        async with httpx2.AsyncClient(
            base_url=url, headers=_headers(settings), timeout=TIMEOUT_S, trust_env=False
        ) as http:
            yield Acesso(http, local=False)
        return
    if not local or not (settings.database_url or settings.sqlite_path.is_file()):
        sem = ", e não há banco local" if local else ""
        raise unreachable(url, ConnectionError(f"ninguém escuta{sem}"))
    async with _embedded(settings) as http:
        yield Acesso(http, local=True)


def default_url(settings: Settings) -> str:
    """Return where the settings say that a Ponte of this machine serves."""
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{_in_url(settings.host.strip('[]'))}:{settings.port}"


def _in_url(host: str) -> str:
    # To listen on every address is no address to ask; this machine answers on its own.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asked, not bound
    return f"[{host}]" if ":" in host else host


def key(settings: Settings) -> str | None:
    """Return the key to show: the environment's, a named file's, or the data dir's."""
    cliente = ClienteSettings()
    if cliente.api_key is not None:
        return cliente.api_key.get_secret_value()
    if cliente.key_file is not None:
        return _read(cliente.key_file)
    path = settings.data_dir / "admin.key"
    return _read(path) if path.is_file() else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise saida.Parada(
            "A chave não pode ser lida",
            causa=f"{path}: {error.strerror}",
            tente="PONTE_KEY_FILE=…, ou PONTE_API_KEY",
            codigo=saida.NEGADO,
        ) from error


def _headers(settings: Settings) -> dict[str, str]:
    chave = key(settings)
    return {} if chave is None else {"Authorization": f"Bearer {chave}"}


async def _listens(url: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=PROBE_S, trust_env=False) as http:
            resposta = await http.get(f"{url}/health/live")
    except httpx2.TransportError:
        return False
    return bool(resposta.is_success)


@contextlib.asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Answer from the database in this process; who can open the file may do everything."""
    # The web framework costs half a second, which a running server spares.
    from ponte.app import create_app  # noqa: PLC0415
    from ponte.cli.processo import opened  # noqa: PLC0415

    logs.configure(level="warning")
    chave = secrets.token_urlsafe(32)
    own = settings.model_copy(update={"api_key": SecretStr(chave), "allowed_hosts": ("127.0.0.1",)})
    async with opened(own) as built:
        transport = httpx2.ASGITransport(app=create_app(built.ctx))
        async with httpx2.AsyncClient(
            transport=transport, base_url=LOCAL, headers={"Authorization": f"Bearer {chave}"}
        ) as http:
            yield http

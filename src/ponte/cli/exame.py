"""Exame: what `ponte doctor` looks at, one finding a thing, each with what mends it.

It changes nothing but what `--fix` says is safe: modes of files that hold secrets,
and pending migrations. It never prints a secret.
"""

import asyncio
import os
import shutil
import socket
import stat
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from ponte.acesso.admin import key_file
from ponte.cli import ajustes, banco, motores
from ponte.cli.acesso import default_url
from ponte.cli.achado import Achado
from ponte.cli.saida import Parada
from ponte.errors import ConfiguracaoInvalida, PonteError
from ponte.runtime.build import MASTER_KEY_FILE
from ponte.runtime.instances import alive, living
from ponte.runtime.server import check_exposure
from ponte.settings import Settings
from ponte.store.db import Tx

DISCO_MINIMO = 1024**3  # chosen: room for a day of a busy shop and for one backup
FSYNC_LENTO_S = 0.05  # RELIABILITY F6: above 50 ms a disk is slow
FSYNCS = 7
PORTA_S = 2.0  # chosen: this machine answers itself at once
ATRASO_MS = 60_000  # as in readiness: work that waits longer says that nobody does it
SEGREDOS = 0o077  # what others may do with a file of secrets: nothing


async def examine(settings: Settings, *, fix: bool) -> list[Achado]:
    """Look at everything; with `fix`, mend what is safe and look again."""
    if fix:
        await _fix(settings)
    found = [*_disk(settings), *_files(settings), _variables()]
    found += [_exposure(settings), await _port(settings)]
    found += await _database(settings)
    found += await motores.examine(settings)
    if all(a.ok for a in found if a.nome in {"banco", "esquema"}):
        found += await _connectors(settings)
    return found


async def _fix(settings: Settings) -> None:
    for path in _secret_files(settings):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~SEGREDOS)
    url = banco.server_of(settings)
    if url:
        await banco.server_migrate(url)
    elif settings.sqlite_path.is_file() and banco.file_pending(settings.sqlite_path):
        banco.file_migrate(settings.sqlite_path)


# ---------------------------------------------------------------- disk and files


def _disk(settings: Settings) -> Iterator[Achado]:
    folder = _existing(settings.data_dir)
    livre = shutil.disk_usage(folder).free
    yield Achado(
        "disco", livre >= DISCO_MINIMO, f"{livre / 1024**3:.1f} GiB livres em {folder}",
        "liberar espaço; sem ele Ponte responde 503",
    )  # fmt: skip
    try:
        demora = _fsync_s(folder)
    except OSError as error:
        yield Achado(
            "gravação", ok=False, texto=f"{folder} não aceita escrita: {error.strerror}",
            tente="conferir dono e permissões, ou PONTE_DATA_DIR",
        )  # fmt: skip
        return
    yield Achado(
        "gravação", demora <= FSYNC_LENTO_S, f"fsync em {demora * 1000:.1f} ms (mediana)",
        "um disco local; cada pedido espera por um fsync",
    )  # fmt: skip


def _fsync_s(folder: Path) -> float:
    """Return the median time to make 8 KiB safe."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(FSYNCS):
            file.write(b"\0" * 8192)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _secret_files(settings: Settings) -> list[Path]:
    paths = (
        settings.data_dir, key_file(settings), settings.data_dir / MASTER_KEY_FILE,
        settings.sqlite_path, Path(".env"), settings.tls_key,
    )  # fmt: skip
    return [p for p in paths if p is not None and p.exists()]


def _files(settings: Settings) -> Iterator[Achado]:
    open_ = [p for p in _secret_files(settings) if p.stat().st_mode & SEGREDOS]
    yield Achado(
        "arquivos",
        not open_,
        "só o dono os lê" if not open_ else f"outros leem {', '.join(map(str, open_))}",
        "ponte doctor --fix",
    )


def _variables() -> Achado:
    unread = ajustes.unread()
    return Achado(
        "variáveis", not unread, "; ".join(unread) or "todas as PONTE_* são lidas",
        "corrigir o nome no ambiente ou no .env (veja .env.example)",
    )  # fmt: skip


def _existing(path: Path) -> Path:
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.is_dir())


# ---------------------------------------------------------------- who can reach it


def _exposure(settings: Settings) -> Achado:
    try:
        check_exposure(settings, settings.host)
    except ConfiguracaoInvalida as error:
        return Achado("exposição", ok=False, texto=str(error), tente="--host 127.0.0.1, ou TLS")
    return Achado(
        "exposição", ok=True, texto=f"{settings.host}, com chave para o que não é público"
    )


async def _port(settings: Settings) -> Achado:
    url = default_url(settings)
    try:
        async with httpx2.AsyncClient(timeout=PORTA_S, trust_env=False, verify=False) as http:
            resposta = await http.get(f"{url}/health/live")
    except httpx2.TransportError:
        resposta = None
    if resposta is not None and resposta.content == b'{"status":"ok"}':
        return Achado("porta", ok=True, texto=f"Ponte responde em {url}")
    if not await asyncio.to_thread(_taken, httpx2.URL(url).host, settings.port):
        return Achado("porta", ok=True, texto=f"{settings.port} livre, nenhum Ponte nela")
    return Achado(
        "porta", ok=False, texto=f"outro programa usa {settings.port}", tente="PONTE_PORT"
    )


def _taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=PORTA_S):
            return True
    except OSError:
        return False


# ---------------------------------------------------------------- the database


async def _database(settings: Settings) -> list[Achado]:
    found: list[Achado] = []
    try:
        if banco.server_of(settings):
            await _server(settings, found)
        else:
            _file(settings, found)
    except Parada as parada:
        erro = parada.causa or parada.frase
        found.append(Achado("banco", ok=False, texto=erro, tente=parada.tente))
    return found


async def _server(settings: Settings, found: list[Achado]) -> None:
    url = banco.server_of(settings)
    faltam = await banco.server_pending(url)
    found += [Achado("banco", ok=True, texto=banco.shown(settings)), _schema(faltam)]
    if not faltam:
        found += await banco.ask(url, _work, settings, await banco.ask(url, alive))


def _file(settings: Settings, found: list[Achado]) -> None:
    path = settings.sqlite_path
    if not path.is_file():
        found.append(Achado("banco", ok=True, texto=f"ainda não há {path}; `ponte up` o faz"))
        return
    with banco.reading(path) as con:
        erro = con.execute("PRAGMA quick_check").fetchone()[0]
        found.append(Achado("banco", erro == "ok", f"{path}: {erro}", "ponte restore CÓPIA"))
        faltam = banco.file_pending(path)
        found.append(_schema(faltam))
        if not faltam:
            found += banco.read(con, _work, settings, living(settings.data_dir))


def _schema(faltam: list[str]) -> Achado:
    return Achado(
        "esquema", not faltam, f"faltam {', '.join(faltam)}" if faltam else "em dia",
        "ponte doctor --fix",
    )  # fmt: skip


async def _one(tx: Tx, sql: str) -> Any:
    return await tx.fetch_one(sql) or (None, None)


async def _work(tx: Tx, settings: Settings, vivos: Sequence[str]) -> list[Achado]:
    agora = tx.now_ms
    ultimo = (await _one(tx, "SELECT MAX(em) FROM fatos"))[0] or 0
    relogio = Achado(
        "relógio", agora >= ultimo,
        f"{datetime.now(ZoneInfo(settings.tz)):%Y-%m-%d %H:%M:%S}, zona {settings.tz}"
        if agora >= ultimo else f"está {(ultimo - agora) / 1000:.0f} s antes do último fato",
        "acertar o relógio (NTP)",
    )  # fmt: skip
    n, antigo = await _one(tx, "SELECT COUNT(*), MIN(disponivel_em) FROM fila")
    atraso = max(0, agora - (antigo or agora))
    papeis = {
        papel
        for id_, texto in await tx.fetch("SELECT id, papeis FROM instancias")
        if id_ in vivos
        for papel in texto.split(",")
    }
    parado = "worker" not in papeis and n > 0
    fila = Achado(
        "fila", not parado and atraso <= ATRASO_MS,
        f"{n} esperando, o mais antigo há {atraso / 1000:.0f} s;"
        f" papéis vivos: {', '.join(sorted(papeis)) or 'nenhum'}",
        "ponte up, ou ponte worker" if parado else "ponte status",
    )  # fmt: skip
    falhas = (await _one(tx, "SELECT COUNT(*) FROM falhas WHERE situacao = 'aberta'"))[0]
    demo = (await _one(tx, "SELECT COUNT(*) FROM chaves WHERE demo = 1 AND revogada_em IS NULL"))[0]
    marcado = await tx.fetch_one("SELECT 1 FROM meta WHERE chave = 'demo'") is not None
    return [
        relogio,
        fila,
        Achado("falhas", falhas == 0, f"{falhas} abertas", "ponte falhas list"),
        Achado(
            "chaves", marcado or demo == 0, f"{demo} de demonstração", "ponte keys list e revoke"
        ),
    ]


# ---------------------------------------------------------------- the outside


async def _connectors(settings: Settings) -> list[Achado]:
    from ponte.cli.processo import opened  # noqa: PLC0415 - imports the whole inside

    if not banco.exists(settings):
        return []
    try:
        async with opened(settings) as built:
            return [
                await _probe(nome, ligado.probe)
                for nome, ligado in sorted(built.ctx.ligados.items())
            ]
    except Parada as parada:
        return [Achado("conectores", ok=False, texto=parada.causa or "", tente=parada.tente)]


async def _probe(nome: str, probe: Callable[[], Awaitable[int | None]] | None) -> Achado:
    if probe is None:
        return Achado(f"conector {nome}", ok=True, texto="ligado")
    try:
        await probe()
    except PonteError as error:
        return Achado(
            f"conector {nome}", ok=False, texto=str(error), tente=f"PONTE_{nome.upper()}__… no .env"
        )
    return Achado(f"conector {nome}", ok=True, texto="ligado e respondendo")

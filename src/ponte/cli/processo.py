"""Processo: the life of one serving process, from its settings to its clean end.

Everything is open before the first request and nothing is said to be ready before.
At SIGTERM or Ctrl-C it takes nothing more in hand, answers what it accepted,
closes the sockets with 1012 and is out within twenty seconds; a second signal
ends it at once, which loses nothing: what was not committed was not answered.
"""

import asyncio
import contextlib
import gc
import os
import queue
import signal
import sqlite3
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import uvloop

from ponte import logs
from ponte.acesso.admin import ensure_admin
from ponte.cli import banco, boasvindas, saida
from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida, PonteError
from ponte.runtime.build import Built, build
from ponte.runtime.jobs import jobs
from ponte.runtime.narrador import Narrador
from ponte.runtime.supervisor import Supervisor
from ponte.settings import Settings
from ponte.store.db import Commit

# Promise P12 gives twenty seconds: twelve for requests and work in hand, two for the
# sockets, four for what is left; the process ends itself when even that is not enough.
GRACE_S, REST_S, LAST_S = 12.0, 4.0, 19.0
IMPORTED = 20  # chosen: so many counts in one commit are an import, told in one line
LINES = 1000  # chosen: lines that may wait for a terminal that does not read


@dataclass
class Plano:
    """What to run."""

    settings: Settings
    papeis: Sequence[str]
    open_: bool = False
    demo: Any = None
    ended_by: list[signal.Signals] = field(default_factory=list)
    ended_at: float = 0.0

    def left_s(self) -> float:
        """Return how long the work in hand may still take."""
        if not self.ended_by:
            return REST_S
        return max(REST_S, GRACE_S + REST_S - (time.monotonic() - self.ended_at))


def run(plano: Plano) -> int:
    """Run until a signal; return the exit code.

    Raises:
        Parada: it could not start; says why.
    """
    settings = plano.settings
    level = "debug" if saida.modo.verbose else "error" if saida.modo.quiet else settings.log_level
    logs.configure(level=level, form=settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(plano))
    except ConfiguracaoInvalida as error:
        raise refused(error) from error
    except ArmazenamentoIndisponivel as error:
        raise saida.Parada(
            "O banco não responde",
            causa=f"{banco.shown(settings)}: {error}",
            tente="ponte doctor",
            codigo=saida.INALCANCAVEL,
        ) from error
    return 128 + plano.ended_by[0] if plano.ended_by else saida.FEITO


def _advice(error: ConfiguracaoInvalida) -> str:
    texto = str(error)
    if "in use" in texto:
        return "outra porta com --port, ou parar quem a usa"
    if "can be reached" in texto:
        return "--host 127.0.0.1, ou TLS como em .env.example"
    if "igration" in texto:
        return "usar o Ponte que escreveu este banco, ou outro PONTE_DATA_DIR"
    return "corrigir a variável no ambiente ou no .env (veja .env.example)"


async def _run(plano: Plano) -> None:
    async with contextlib.AsyncExitStack() as stack:
        env = None
        if plano.demo is not None:
            env = await stack.enter_async_context(plano.demo.outside())
        built = await _open(plano.settings, env)
        supervisor = Supervisor(built, plano.papeis, _jobs(plano, built))
        _end_at_signals(supervisor, plano)
        narrador = _narrate(plano, built, stack)
        try:
            if plano.demo is not None:
                await plano.demo.claim(built.ctx)
            await supervisor.start()
            async with _web(plano, supervisor) as address:
                chave = None if address is None else await ensure_admin(built.ctx)
                _settle_memory()
                await boasvindas.say(built.ctx, plano.papeis, address=address, chave=chave)
                if plano.demo is not None and address is not None:
                    await stack.enter_async_context(plano.demo.customers(built.ctx, address))
                if plano.open_ and address is not None:
                    webbrowser.open(boasvindas.url(built.ctx.settings, address))
                await supervisor.wait()
                saida.talk("Encerrando: termino o que aceitei.")
        finally:
            if narrador is not None:
                narrador.close()
            await supervisor.close(plano.left_s())


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Built]:
    """Lend the inside without any role, for a command that comes and goes.

    Raises:
        Parada: a setting is wrong, or the database can't be written.
    """
    try:
        built = await _open(settings, None)
    except ConfiguracaoInvalida as error:
        raise refused(error) from error
    try:
        yield built
    finally:
        await built.close()


def refused(error: ConfiguracaoInvalida) -> saida.Parada:
    """Return what to say when the settings do not let Ponte start."""
    return saida.Parada(
        "Não posso começar", causa=str(error), tente=_advice(error), codigo=saida.USO
    )


async def _open(settings: Settings, env: Any) -> Built:
    try:
        return await build(settings, env=env)
    except PonteError:
        raise
    except (OSError, sqlite3.Error) as error:
        msg = f"PONTE_DATA_DIR: {settings.data_dir} can't be written: {error}"
        raise ConfiguracaoInvalida(msg) from error


def _jobs(plano: Plano, built: Built) -> Sequence[Any]:
    return jobs(built.ctx) if "scheduler" in plano.papeis else ()


@contextlib.asynccontextmanager
async def _web(plano: Plano, supervisor: Supervisor) -> AsyncIterator[tuple[str, int] | None]:
    """Serve where `web` is among the roles; elsewhere numbers and health, where a port is named."""
    ctx, settings = supervisor.ctx, plano.settings
    web = "web" in plano.papeis
    if not web and not settings.metrics_port:
        yield None
        return
    # The web framework costs 0.5 s, which a worker need not pay.
    from ponte.app import FEATURES, OPERATION, create_app  # noqa: PLC0415
    from ponte.runtime.server import Server  # noqa: PLC0415

    app = create_app(ctx, ready=supervisor.readiness, features=FEATURES if web else OPERATION)
    server = Server(settings, telemetry=ctx.telemetry)
    port = settings.port if web else settings.metrics_port
    address = await server.start(app, settings.host, port)
    if not web:
        saida.talk(f"Números em {boasvindas.url(settings, address)}/metrics")
    try:
        yield address if web else None
    finally:
        supervisor.stop()
        ctx.hub.shutdown()
        await server.stop(GRACE_S)


def _settle_memory() -> None:
    # Measured: a full collection over the imported heap takes 20 ms, three times a second
    # under load; frozen, durable POST went from p99 27 to 6.5 ms.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def _end_at_signals(supervisor: Supervisor, plano: Plano) -> None:
    loop = asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        if plano.ended_by:
            os._exit(128 + number)
        plano.ended_by.append(number)
        plano.ended_at = time.monotonic()
        supervisor.stop()
        loop.call_later(LAST_S, os._exit, saida.FALHOU)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)


# ---------------------------------------------------------------- what happens, on the terminal


def _narrate(plano: Plano, built: Built, stack: contextlib.AsyncExitStack) -> Narrador | None:
    if "worker" not in plano.papeis or saida.modo.quiet:
        return None
    terminal = Terminal()
    stack.callback(terminal.close)

    def tell(texto: str, fato: dict[str, Any]) -> None:
        terminal.write(lambda: saida.line(fato, texto))

    narrador = Narrador(tell)

    def committed(commit: Commit) -> None:
        outros = [f for f in commit.fatos if f.tipo != "estoque.alterado"]
        contados = len(commit.fatos) - len(outros)
        if contados <= IMPORTED:
            narrador.committed(commit)
            return
        narrador.committed(replace(commit, fatos=outros))
        resumo = {"tipo": "resumo", "dados": {"estoque.alterado": contados}}
        tell(f"estoque: {contados} quantidades alteradas de uma vez", resumo)

    built.ctx.db.on_commit(committed)
    return narrador


class Terminal:
    """Writes in a thread: a pipe that nobody reads must not stop the process behind it."""

    def __init__(self) -> None:
        self._lines: queue.Queue[Callable[[], None] | None] = queue.Queue(LINES)
        self._thread = threading.Thread(target=self._run, name="ponte-terminal", daemon=True)
        self._thread.start()

    def write(self, say: Callable[[], None]) -> None:
        """Write soon, or never when too much waits already."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(say)

    def close(self) -> None:
        """Write what waits, for a second at most."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(1.0)

    def _run(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            while (say := self._lines.get()) is not None:
                say()

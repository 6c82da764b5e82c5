"""The Python services: what the API does, in a script of its own, with no server."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ponte.errors import ConflitoDeEstado, DadosInvalidos, NaoEncontrado, SemEscopo
from ponte.mensagens.service import CanalDesligado
from ponte.services import (
    AlertService,
    Canal,
    Entrega,
    Mensagem,
    MessageService,
    Metrica,
    MetricsService,
    Servicos,
    Severidade,
    StatusMensagem,
    TipoMensagem,
    TipoMetrica,
    Usuario,
    WebSocketService,
)
from ponte.settings import Settings
from ponte.simulators.telegram import SimuladorTelegram
from ponte.testing import Embedded, embedded
from tests.espera import until

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "servicos.md"
OI = Mensagem(TipoMensagem.TEXTO, Canal.INTERNO, "ana", "oi")
ANA = Usuario("ana", frozenset({"alertas:ler"}))


def _settings(data_dir: Path) -> Settings:
    return Settings(_env_file=None, data_dir=data_dir)


@pytest.fixture
async def servicos(data_dir: Path) -> AsyncIterator[Servicos]:
    async with Servicos(settings=_settings(data_dir)) as opened:
        yield opened


@dataclass
class Soquete:
    """A socket that keeps what it is told."""

    ouvidos: list[dict[str, Any]] = field(default_factory=list)
    fechado: int | None = None

    async def send_text(self, data: str) -> None:
        self.ouvidos.append(json.loads(data))

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        del reason
        self.fechado = code

    async def heard(self, n: int = 1) -> list[dict[str, Any]]:
        async def enough() -> bool:
            return len(self.ouvidos) >= n

        await until(enough)
        return self.ouvidos


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_pages_script_does_what_the_page_says(tmp_path: Path) -> None:
    [script], [printed] = _blocks("python"), _blocks("text")

    done = subprocess.run(  # noqa: S603 - the page's own script
        [sys.executable, "-c", script],
        env={
            **os.environ,
            "PONTE_DATA_DIR": str(tmp_path / "dados"),
            "PONTE_LOG__ENABLED": "false",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == printed


async def test_a_message_is_sent_by_the_scripts_own_worker(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = SimuladorTelegram()
    monkeypatch.setenv("PONTE_TELEGRAM__BASE_URL", await telegram.start())
    monkeypatch.setenv("PONTE_TELEGRAM__BOT_TOKEN", telegram.token)
    monkeypatch.setenv("PONTE_TELEGRAM__CHAT_ID", "42")
    ola = Mensagem(TipoMensagem.TEXTO, Canal.TELEGRAM, "43", "olá")

    async with MessageService(settings=_settings(data_dir)) as mensagens:
        sent = await mensagens.send(ola)
        done = await mensagens.wait(sent.id)

    await telegram.stop()
    assert (sent.status, done.status) == (StatusMensagem.PROCESSANDO, StatusMensagem.CONCLUIDA)
    assert [m["text"] for m in telegram.mensagens] == ["olá"]


async def test_messages_are_listed_and_found_and_refused_as_over_http(servicos: Servicos) -> None:
    first = await servicos.mensagens.send(OI)
    second = await servicos.mensagens.send(
        Mensagem(TipoMensagem.TEXTO, Canal.INTERNO, "bia", "oi", remetente="gerente")
    )

    listed = await servicos.mensagens.list()
    of_ana = await servicos.mensagens.list(contato="ana", tipo=TipoMensagem.TEXTO)

    assert [m.id for m in listed] == [second.id, first.id]
    assert [m.id for m in of_ana] == [first.id]
    assert (first.remetente, second.remetente) == ("script", "gerente")
    assert (await servicos.mensagens.get(second.id)).destinatario == "bia"
    with pytest.raises(CanalDesligado):
        await servicos.mensagens.send(Mensagem(TipoMensagem.TEXTO, Canal.WHATSAPP, "x", "oi"))
    with pytest.raises(NaoEncontrado):
        await servicos.mensagens.get("nenhuma")
    with pytest.raises(DadosInvalidos):
        await servicos.mensagens.list(limit=501)


async def test_without_a_worker_a_message_waits_for_a_running_ponte(data_dir: Path) -> None:
    async with MessageService(settings=_settings(data_dir), worker=False) as mensagens:
        sent = await mensagens.send(OI)
        with pytest.raises(TimeoutError):
            await mensagens.wait(sent.id, timeout_s=0.3)

        async with embedded(data_dir):
            done = await mensagens.wait(sent.id)

    assert done.status is StatusMensagem.CONCLUIDA


async def test_numbers_are_recorded_and_read_by_time(data_dir: Path) -> None:
    now = datetime.now(UTC)
    async with MetricsService(settings=_settings(data_dir)) as metricas:
        for n in range(3):
            await metricas.record_metric(Metrica("fila", TipoMetrica.MEDIDOR, n, {"caixa": "2"}))

        everything = await metricas.get_metrics("fila")
        later = await metricas.get_metrics("fila", start_time=now + timedelta(hours=1))

        assert [m.valor for m in everything] == [0, 1, 2]
        assert everything[0].labels == {"caixa": "2"}
        assert later == []
        with pytest.raises(DadosInvalidos):
            await metricas.record_metric(Metrica("ponte_x", TipoMetrica.MEDIDOR, 1))
        with pytest.raises(DadosInvalidos):
            await metricas.get_metrics("fila", start_time=datetime(2026, 1, 1))  # noqa: DTZ001


async def test_an_alert_is_raised_once_and_resolved_once(data_dir: Path) -> None:
    async with AlertService(settings=_settings(data_dir)) as alertas:
        first = await alertas.create_alert("porta", "Porta aberta", labels={"loja": "1"})
        again = await alertas.create_alert(
            "porta", "Porta aberta", labels={"loja": "1"}, severidade=Severidade.CRITICO
        )
        done = await alertas.resolve_alert(first.id)

        assert (again.id, again.contagem, again.severidade) == (first.id, 2, Severidade.CRITICO)
        assert done.resolvido
        assert [a.id for a in await alertas.get_alerts(resolvido=True)] == [first.id]
        assert await alertas.get_alerts(resolvido=False) == []
        assert (await alertas.get_alert(first.id)).titulo == "Porta aberta"
        with pytest.raises(ConflitoDeEstado):
            await alertas.resolve_alert(first.id)


async def test_a_socket_hears_what_is_said_to_all_to_its_room_and_to_its_user(
    servicos: Servicos,
) -> None:
    dela, de_todos = Soquete(), Soquete()
    await servicos.soquetes.connect(dela, ANA, salas=["alertas"])
    await servicos.soquetes.connect(de_todos)

    await servicos.soquetes.broadcast("para todos")
    await servicos.soquetes.broadcast("para a sala", sala="alertas")
    sent = await servicos.soquetes.send_personal_message("só para ela", ANA, de="bia")

    heard = [q["dados"].get("texto") for q in await dela.heard(3)]
    assert sorted(heard) == ["para a sala", "para todos", "só para ela"]
    assert [q["dados"]["texto"] for q in await de_todos.heard(1)] == ["para todos"]

    async def delivered() -> bool:
        return (await servicos.mensagens.get(sent.id)).entrega is Entrega.ENTREGUE

    await until(delivered)
    await servicos.soquetes.disconnect(dela)
    await servicos.soquetes.disconnect(dela)
    await servicos.soquetes.broadcast("sem ela")
    await de_todos.heard(2)
    assert len(dela.ouvidos) == 3


async def test_a_room_needs_its_scope_and_must_exist(servicos: Servicos) -> None:
    with pytest.raises(SemEscopo):
        await servicos.soquetes.connect(Soquete(), ANA, salas=["pedidos"])
    with pytest.raises(SemEscopo):
        await servicos.soquetes.connect(Soquete(), salas=["alertas"])
    with pytest.raises(DadosInvalidos):
        await servicos.soquetes.connect(Soquete(), ANA, salas=["cozinha"])
    with pytest.raises(DadosInvalidos):
        await servicos.soquetes.broadcast("oi", sala="cozinha")
    with pytest.raises(DadosInvalidos):
        await servicos.soquetes.broadcast("")
    with pytest.raises(DadosInvalidos):
        await servicos.soquetes.send_personal_message("oi", "sala:alertas")


async def test_what_a_script_says_reaches_the_sockets_of_a_running_ponte(data_dir: Path) -> None:
    async with embedded(data_dir) as ponte, WebSocketService(ponte.ctx) as dentro:
        dela = Soquete()
        await dentro.connect(dela, ANA)

        async with WebSocketService(settings=_settings(data_dir), worker=False) as script:
            await script.send_personal_message("olá de fora", "ana")
            await script.broadcast("olá a todos")

            heard = {q["dados"]["texto"] for q in await dela.heard(2)}

    assert heard == {"olá de fora", "olá a todos"}


async def test_a_socket_whose_other_side_is_gone_is_forgotten(ponte: Embedded) -> None:
    class Gone(Soquete):
        async def send_text(self, data: str) -> None:
            raise ConnectionError(data)

    async with WebSocketService(ponte.ctx) as soquetes:
        await soquetes.connect(Gone())
        await soquetes.broadcast("alguém?")

        async def forgotten() -> bool:
            return not ponte.ctx.hub.clientes

        await until(forgotten)


async def test_a_service_that_is_not_open_says_so(data_dir: Path) -> None:
    mensagens = MessageService(settings=_settings(data_dir))

    with pytest.raises(RuntimeError, match="async with"):
        await mensagens.send(OI)
    await asyncio.sleep(0)

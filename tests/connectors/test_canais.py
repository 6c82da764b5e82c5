"""One suite over every canal of the register: what each keeps, whatever its platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.canais.sonda import probe_hubs
from ponte.connectors import CONNECTORS
from ponte.domain.mensagem import TipoMensagem
from ponte.mensagens import handlers
from ponte.simulators import canais
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.connectors.inteiro import stored
from tests.connectors.lent import connector_named, lending
from tests.espera import until

CANAIS = sorted(canais.SIMULADORES)
PAGE = Path(__file__).parents[2] / "docs/reference/canais.md"
UNITS = {"caracteres": "characters", "bytes": "bytes", "utf16": "UTF-16 units"}
EVER = 10_000  # more calls than a test makes


@asynccontextmanager
async def shop(nome: str, data_dir: Path) -> AsyncIterator[tuple[Embedded, Any, str]]:
    """Run a Ponte to which one person has written by a stand-in; give their address as well."""
    simulador: Any = canais.make(nome)
    env = simulador.env(await simulador.start()) | {"PONTE_TELEGRAM__POLLING": "false"}
    async with embedded(data_dir, env=env) as ponte:
        simulador._client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=ponte.app))
        simulador.aim(f"http://ponte.test/webhooks/{nome}")
        await simulador.write(canais.SIMULADORES[nome].pessoa(1), "Oi")
        wrote = await stored(ponte, direcao="entrada")
        yield ponte, simulador, wrote["remetente"]
    await simulador.stop()


def test_every_canal_has_a_stand_in_limits_and_a_probe() -> None:
    found = {nome: connector_named(nome) for nome in CONNECTORS}
    carriers = {nome: c for nome, c in found.items() if c.channel is not None}

    assert sorted(carriers) == CANAIS
    for connector in carriers.values():
        assert connector.limites is not None
        assert connector.limites.source.startswith("https://")
        assert None not in (connector.parse, connector.classify, connector.webhook)
        assert connector.probe is not None
        assert connector.quality == "gold"


@pytest.mark.parametrize("nome", CANAIS)
async def test_what_is_not_proven_to_come_from_the_platform_is_refused_and_not_stored(
    nome: str, tmp_path: Path
) -> None:
    async with shop(nome, tmp_path) as (ponte, simulador, _quem):
        entrega = simulador.entregas[0]
        changed = entrega.corpo + b"\n"
        right = dict(simulador.headers(entrega.corpo))
        tries = [{"authorization": ""}, {name: _other(value) for name, value in right.items()}]
        if right != simulador.headers(changed):  # Evolution and Telegram sign nothing
            tries.append(right)

        refused = [
            (await ponte.http.post(entrega.url, content=changed, headers=headers)).status_code
            for headers in tries
        ]

        assert right
        assert set(refused) == {401}
        assert await ponte.ctx.db.read(_webhooks) == 1


@pytest.mark.parametrize("nome", CANAIS)
async def test_a_refused_key_stops_the_canal_and_once_it_is_mended_all_goes_out(
    nome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "ESPERA_S", 0.05)
    canal = connector_named(nome).canal
    async with shop(nome, tmp_path) as (ponte, simulador, quem):
        simulador.misbehave("token", EVER)
        ids = []
        for texto in ("um", "dois"):
            nova = {"tipo": "texto", "canal": canal, "destinatario": quem, "conteudo": texto}
            answer = await ponte.http.post("/messages", json=nova)
            assert answer.status_code == 202, answer.text
            ids.append(answer.json()["id"])

        async def stopped() -> Any:
            return (await ponte.get(f"/hub/health/{canal}"))["parado"]

        motivo = await until(stopped)
        await probe_hubs(ponte.ctx)
        waiting = [(await ponte.get(f"/messages/{i}"))["status"] for i in ids]
        told = await _open(ponte)
        simulador.misbehave("normal")
        await ponte.http.post(f"/hub/circuit-breaker/{canal}/reset")
        for i in ids:
            await stored(ponte, id=i, status="concluida")
        await probe_hubs(ponte.ctx)

        assert "auth" in motivo
        assert waiting == ["processando", "processando"]
        assert told == [canal]
        assert await _open(ponte) == []


async def test_what_breaks_a_limit_or_its_window_is_refused_and_not_stored(tmp_path: Path) -> None:
    found: dict[str, set[str]] = {}
    open_to_all: set[str] = set()
    for nome in CANAIS:
        connector = connector_named(nome)
        limites, canal = connector.limites, connector.canal
        assert limites is not None
        env = canais.make(nome).env("http://127.0.0.1:9") | {"PONTE_TELEGRAM__POLLING": "false"}
        para = {"canal": canal, "destinatario": canais.SIMULADORES[nome].pessoa(1)}
        options = {"texto": "?", "opcoes": ["Sim"] * (limites.opcoes + 1)}
        broken: list[dict[str, Any]] = [
            {"tipo": "texto", "conteudo": "é" * (limites.texto + 1)},
            {"tipo": "resposta_rapida", "conteudo": options},
            *({"tipo": tipo.value, "conteudo": {}} for tipo in set(TipoMensagem) - limites.tipos),
        ]
        async with embedded(tmp_path / nome, env=env, papeis=()) as ponte:
            refused = [await ponte.http.post("/messages", json=para | nova) for nova in broken]
            free = {"tipo": "texto", "conteudo": "oi"}
            unasked = await ponte.http.post("/messages", json=para | free)
            stored_there = (await ponte.get("/messages"))["total"]
        found[nome] = {answer.json()["code"] for answer in refused}
        if unasked.status_code == 202:
            open_to_all.add(nome)
        assert stored_there == (nome in open_to_all), unasked.text
        assert limites.janela_s is None or unasked.json()["code"] == "janela_fechada"

    assert found == {nome: {"dados_invalidos"} for nome in CANAIS}
    assert open_to_all == {"telegram", "whatsapp", "x"}


@pytest.mark.parametrize("nome", CANAIS)
async def test_the_page_says_what_a_connector_declares(nome: str) -> None:
    connector = connector_named(nome)
    limites = connector.limites
    assert limites is not None
    assert connector.channel is not None
    async with lending() as lent:
        channel = connector.channel(connector.settings(), lent.deps)

    [does, takes, *_] = [row for row in _rows() if row[0] == f"`{nome}`"]

    assert set(does[1].split()) == {f"`{tipo.value}`" for tipo in limites.tipos}
    assert does[2].startswith("yes") == hasattr(channel, "show_typing")
    assert does[6].startswith("yes") == hasattr(channel, "pull")
    assert does[7] == connector.quality
    assert takes[1] == f"{limites.texto:,} {UNITS[limites.medida]}"
    assert takes[2] == ("none" if limites.legenda is None else f"{limites.legenda:,}")
    options = f"{limites.opcoes}" + (f" of {limites.titulo_opcao}" if limites.titulo_opcao else "")
    assert takes[3] == (options if limites.opcoes else "none")
    window = "always" if limites.janela_s is None else f"{limites.janela_s / 3600:g} h"
    assert takes[4].partition(";")[0] == window
    pace = "a second" if limites.por_s == 1 else f"in {limites.por_s / 60:g} min"
    asked = "as TikTok" if limites.mensagens is None else f"{limites.mensagens} {pace}"
    assert takes[5].startswith(asked)


def _rows() -> list[list[str]]:
    """Return the rows of every table of the page."""
    lines = PAGE.read_text().splitlines()
    return [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"]


def _other(value: str) -> str:
    """Return a secret or a signature that is wrong in its last character."""
    return value[:-1] + ("1" if value[-1] == "0" else "0")


async def _open(ponte: Embedded) -> list[str]:
    """Return the canais of which somebody was told that they are stopped."""
    page = await ponte.get("/alerts", resolvido="false", limit=100)
    return [a["labels"]["canal"] for a in page["itens"] if a["nome"] == "canal_parado"]


async def _webhooks(tx: Tx) -> int:
    row = await tx.fetch_one("SELECT COUNT(*) FROM webhooks")
    return int(row[0]) if row else 0

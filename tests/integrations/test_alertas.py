"""Alertas of a script: told at once, not again and again, and never lost without a word."""

import asyncio
from asyncio import StreamWriter
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ponte.domain.alerta import Alerta
from ponte.errors import DadosInvalidos, Permanente
from ponte.integrations import (
    AlertManager,
    DiscordAlertChannel,
    LogAlertChannel,
    SlackAlertChannel,
    WebhookAlertChannel,
)
from tests.resilience.odd_server import OddServer, odd_server


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in a folder without `.env`, so that nothing is set."""
    monkeypatch.chdir(tmp_path)


class Recording:
    """Somebody of one's own to tell, who may be out."""

    def __init__(self, name: str = "pager") -> None:
        self.name = name
        self.told: list[tuple[str, int, bool]] = []
        self.out = 0
        self.closed = False

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        if self.out:
            self.out -= 1
            raise Permanente("nobody there")
        self.told.append((alerta.titulo, alerta.contagem, fim))

    async def close(self) -> None:
        self.closed = True


class Platforms(OddServer):
    """Slack, Discord and a webhook under one address."""

    async def do_slack(self, writer: StreamWriter) -> None:
        self.answer(writer, b"ok")

    async def do_discord(self, writer: StreamWriter) -> None:
        self.answer(writer, b'{"id": "1", "channel_id": "2"}')

    async def do_gone(self, writer: StreamWriter) -> None:
        self.answer(writer, b"no_service", status="404 Not Found")


async def test_the_first_notice_goes_to_every_channel_at_once() -> None:
    async with odd_server(Platforms()) as server:
        channels = [
            SlackAlertChannel(f"{server.url}/slack"),
            DiscordAlertChannel(f"{server.url}/discord"),
            WebhookAlertChannel(f"{server.url}/ok", secret="obviously-fake"),
            LogAlertChannel(),
        ]
        async with AlertManager(channels) as alerts:
            with capture_logs() as logged:
                record = await alerts.send_alert("estoque_baixo", "Estoque acabando", text="3 un.")

        assert record.outcome == "sent"
        assert record.delivered == ("slack", "discord", "webhook", "log")
        assert all(b"Estoque acabando" in x for x in server.requests)
        assert len(server.requests) == 3
        assert [x["titulo"] for x in logged] == ["Estoque acabando"]


async def test_the_same_alert_is_not_told_again_within_five_minutes() -> None:
    pager, now = Recording(), [0.0]
    alerts = AlertManager([pager], clock=lambda: now[0])

    for now[0] in (0.0, 299.0, 301.0):
        await alerts.send_alert("erro_nota", "Nota recusada", labels={"serie": "1"})

    assert [x.outcome for x in alerts.history] == ["sent", "repeated", "sent"]
    assert pager.told == [("Nota recusada", 1, False), ("Nota recusada", 3, False)]


async def test_another_label_is_another_alert() -> None:
    pager = Recording()
    alerts = AlertManager([pager])

    for produto in ("CAFE-500G", "LEITE-1L"):
        await alerts.send_alert("estoque_baixo", "Acabando", labels={"produto_id": produto})

    assert len(pager.told) == 2


async def test_many_at_once_are_told_once() -> None:
    pager = Recording()
    alerts = AlertManager([pager])

    await asyncio.gather(*(alerts.send_alert("erp_fora", "ERP fora") for _ in range(20)))

    assert len(pager.told) == 1
    assert [x.outcome for x in alerts.history].count("repeated") == 19


async def test_one_name_cannot_flood_anybody_nor_hold_another_up() -> None:
    pager = Recording()
    alerts = AlertManager([pager], max_per_name=3, clock=lambda: 0.0)

    for i in range(5):
        await alerts.send_alert("estoque_baixo", "Acabando", labels={"produto_id": str(i)})
    other = await alerts.send_alert("erp_fora", "ERP fora")

    assert [x.outcome for x in alerts.history] == ["sent"] * 3 + ["limited"] * 2 + ["sent"]
    assert other.delivered == ("pager",)


async def test_a_notice_that_nobody_took_is_tried_again_by_the_next_firing() -> None:
    pager = Recording()
    pager.out = 1
    alerts = AlertManager([pager])

    lost = await alerts.send_alert("erp_fora", "ERP fora")
    told = await alerts.send_alert("erp_fora", "ERP fora")

    assert (lost.outcome, lost.failed) == ("failed", {"pager": "nobody there"})
    assert (told.outcome, pager.told) == ("sent", [("ERP fora", 2, False)])


async def test_a_channel_that_fails_holds_up_no_other_and_is_named() -> None:
    async with odd_server(Platforms()) as server:
        pager = Recording()
        gone, unset = SlackAlertChannel(f"{server.url}/gone"), DiscordAlertChannel()
        async with AlertManager([gone, unset, pager]) as alerts:
            record = await alerts.send_alert("erp_fora", "ERP fora")

    assert (record.outcome, record.delivered) == ("sent", ("pager",))
    assert record.failed.keys() == {"slack", "discord"}
    assert "PONTE_DISCORD__WEBHOOK_URL" in record.failed["discord"]
    assert server.url not in record.failed["slack"]
    assert pager.closed


async def test_a_cancelled_notice_does_not_count_as_told() -> None:
    class Slow(Recording):
        async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
            if self.out:
                self.out -= 1
                await asyncio.Event().wait()
            await super().deliver(alerta, fim=fim)

    pager = Slow()
    pager.out = 1
    alerts = AlertManager([pager])

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(alerts.send_alert("erp_fora", "ERP fora"), 0.1)
    told = await alerts.send_alert("erp_fora", "ERP fora")

    assert told.outcome == "sent"


async def test_the_end_is_told_once_where_the_alert_was() -> None:
    pager = Recording()
    alerts = AlertManager([pager])
    await alerts.send_alert("erp_fora", "ERP fora", severity="critico")

    ended = await alerts.resolve_alert("erp_fora")
    twice = await alerts.resolve_alert("erp_fora")
    back = await alerts.send_alert("erp_fora", "ERP fora")

    assert ended is not None
    assert (ended.outcome, ended.alerta.resolvido) == ("sent", True)
    assert twice is None
    assert back.outcome == "sent"
    assert [fim for *_, fim in pager.told] == [False, True, False]


async def test_the_history_keeps_the_newest() -> None:
    alerts = AlertManager(history=2)

    for i in range(3):
        await alerts.send_alert("erp_fora", f"vez {i}")

    assert [x.alerta.titulo for x in alerts.history] == ["vez 1", "vez 2"]


async def test_an_unknown_severity_is_refused_and_nothing_told() -> None:
    pager = Recording()
    alerts = AlertManager([pager])

    with pytest.raises(DadosInvalidos, match="severity"):
        await alerts.send_alert("erp_fora", "ERP fora", severity="panic")

    assert (pager.told, alerts.history) == ([], [])

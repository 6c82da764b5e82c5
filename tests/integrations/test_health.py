"""Health: what a script is told of its hubs is what it would meet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.errors import NaoEncontrado
from ponte.integrations import (
    HubHealthChecker,
    HubMetricsRegistry,
    InstagramHub,
    TelegramHub,
    get_health_checker,
)
from ponte.resilience.classes import OutsideError
from ponte.simulators.telegram import TOKEN, SimuladorTelegram


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in a folder without `.env`, so that nothing is set."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def bot(telegram: SimuladorTelegram) -> AsyncIterator[TelegramHub]:
    async with TelegramHub(
        registry=HubMetricsRegistry(),
        circuit_breaker_threshold=2,
        retry_max_attempts=1,
        bot_token=TOKEN,
        base_url=await telegram.start(),
    ) as hub:
        yield hub


async def test_a_hub_that_answers_is_healthy(bot: TelegramHub) -> None:
    await bot.send_message(recipient_id="42", text="olá")

    health = await HubHealthChecker().check_hub_health(bot)

    assert (health.name, health.status, health.detail) == ("telegram", "healthy", "")
    assert (health.probe, health.breaker, health.failures) == ("ok", "closed", 0)
    assert health.last_success_age_s is not None
    assert health.probe_age_s is not None


async def test_a_hub_that_is_not_set_up_is_disabled_and_says_what_is_missing() -> None:
    hub = InstagramHub(registry=HubMetricsRegistry())

    health = await HubHealthChecker().check_hub_health(hub)

    assert health.status == "disabled"
    assert "PONTE_INSTAGRAM__ACCESS_TOKEN" in health.detail


async def test_a_hub_whose_settings_are_wrong_is_unhealthy_and_says_which() -> None:
    hub = InstagramHub(registry=HubMetricsRegistry(), base_url="nowhere")

    health = await HubHealthChecker().check_hub_health(hub)

    assert health.status == "unhealthy"
    assert "PONTE_INSTAGRAM__BASE_URL" in health.detail


async def test_a_refused_token_is_unhealthy_until_a_good_one_is_set(bot: TelegramHub) -> None:
    checker = HubHealthChecker()
    bot.configure(bot_token="1:obviously-fake")

    health = await checker.check_hub_health(bot)
    bot.configure(bot_token=TOKEN)
    mended = await checker.check_hub_health(bot)

    assert (health.status, health.probe) == ("unhealthy", "auth")
    assert (mended.status, mended.probe) == ("healthy", "ok")
    assert "obviously-fake" not in repr(health)


async def test_failures_degrade_a_hub_an_open_breaker_fails_it_and_a_success_mends_it(
    bot: TelegramHub, telegram: SimuladorTelegram
) -> None:
    checker = HubHealthChecker()
    stands = [(await checker.check_hub_health(bot)).status]
    telegram.misbehave("5xx", 2)

    for _ in range(2):
        with pytest.raises(OutsideError):
            await bot.send_message(recipient_id="42", text="olá")
        stands.append((await checker.check_hub_health(bot)).status)
    bot.breaker.try_now()
    stands.append((await checker.check_hub_health(bot)).status)
    await bot.send_message(recipient_id="42", text="olá")
    stands.append((await checker.check_hub_health(bot)).status)

    assert stands == ["healthy", "degraded", "unhealthy", "degraded", "healthy"]


async def test_a_platform_that_asks_for_patience_is_degraded(
    bot: TelegramHub, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("429", 1, segundos=30)
    checker = HubHealthChecker(probe_every_s=0)

    first = await checker.check_hub_health(bot)
    second = await checker.check_hub_health(bot)  # the probe itself must wait its turn

    assert (first.status, first.probe) == ("degraded", "rate_limited")
    assert (second.status, second.probe) == ("degraded", "rate_limited")
    assert len(telegram.chamadas) == 1


async def test_looking_often_asks_the_platform_once(
    bot: TelegramHub, telegram: SimuladorTelegram
) -> None:
    checker = HubHealthChecker()

    for _ in range(5):
        await checker.check_hub_health(bot)

    assert list(telegram.chamadas) == ["getMe", "getWebhookInfo"]


async def test_an_old_answer_is_asked_for_again(
    bot: TelegramHub, telegram: SimuladorTelegram
) -> None:
    checker = HubHealthChecker(probe_every_s=0)

    await checker.check_hub_health(bot)
    telegram.misbehave("5xx", 1)
    health = await checker.check_hub_health(bot)

    assert (health.status, health.probe) == ("unhealthy", "retry")


async def test_the_whole_is_as_its_worst_part_that_is_set_up(bot: TelegramHub) -> None:
    off = InstagramHub(registry=HubMetricsRegistry())

    whole = await HubHealthChecker([bot, off]).get_overall_status()
    nothing = await HubHealthChecker([off]).get_overall_status()

    assert whole["status"] == "healthy"
    assert whole["hubs"]["instagram"]["status"] == "disabled"
    assert nothing["status"] == "disabled"


async def test_a_name_stands_for_the_hub_of_the_process() -> None:
    checker = get_health_checker()

    health = await checker.check_hub_health("tiktok")
    whole = await checker.get_overall_status()

    assert checker is get_health_checker()
    assert (health.name, health.status) == ("tiktok", "disabled")
    assert whole["hubs"].keys() == {"whatsapp", "instagram", "facebook", "tiktok", "telegram", "x"}
    with pytest.raises(NaoEncontrado):
        await checker.check_hub_health("orkut")

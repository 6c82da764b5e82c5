"""Build: an alerta as a sendMessage call."""

from dataclasses import replace

from pydantic import SecretStr

from ponte.connectors.telegram.build import build
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.alerta import Severidade
from ponte.domain.notificacao import units
from tests.connectors.lent import ESTOQUE_BAIXO, NOW_MS

SETTINGS = TelegramSettings.model_validate(
    {"bot_token": SecretStr("123:fake"), "chat_id": -100123, "base_url": "https://bots.test/"}
)


def test_an_alerta_is_one_message_with_its_headline_in_bold() -> None:
    request = build(ESTOQUE_BAIXO, SETTINGS)

    assert request.url == "https://bots.test/bot123:fake/sendMessage"
    assert request.json == {
        "chat_id": "-100123",
        "text": "<b>🟡 Aviso: Estoque baixo</b>\n"
        "Café &lt;500g&gt; &amp; Filtro (7891): 3 un. na filial 1, mínimo 5.\n\n"
        "filial 1 · produto 7891 · 31/12/2025 21:00:00",
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }


def test_without_markup_the_text_is_as_it_is() -> None:
    body = build(ESTOQUE_BAIXO, SETTINGS, html_mode=False).json

    assert body["text"].startswith("🟡 Aviso: Estoque baixo\nCafé <500g> & Filtro (7891)")
    assert "parse_mode" not in body


def test_the_end_of_an_alerta_comes_without_a_sound() -> None:
    over = replace(ESTOQUE_BAIXO, resolvido=True, resolvido_em=NOW_MS + 60_000)

    body = build(over, SETTINGS, fim=True).json

    assert body["text"].startswith("<b>✅ Resolvido: Estoque baixo</b>")
    assert body["text"].endswith("31/12/2025 21:01:00")
    assert body["disable_notification"] is True


def test_information_comes_without_a_sound() -> None:
    body = build(replace(ESTOQUE_BAIXO, severidade=Severidade.INFO), SETTINGS).json

    assert body["disable_notification"] is True


def test_a_long_text_is_cut_and_keeps_headline_and_time() -> None:
    body = build(replace(ESTOQUE_BAIXO, texto="&" * 10_000), SETTINGS, html_mode=False).json

    assert units(body["text"]) == 4096
    assert "&…\n\nfilial 1" in body["text"]


def test_an_alerta_without_text_leaves_no_empty_line() -> None:
    body = build(replace(ESTOQUE_BAIXO, texto=" "), SETTINGS, html_mode=False).json

    assert body["text"] == (
        "🟡 Aviso: Estoque baixo\nfilial 1 · produto 7891 · 31/12/2025 21:00:00"
    )

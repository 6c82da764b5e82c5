"""A hub's health is judged by what it did; each verdict says in words why."""

import pytest

from ponte.canais.saude import HORA_S, SEMANA_H, Fatos, Saude, expected, judge, overall
from ponte.resilience.breaker import CLOSED, HALF_OPEN, OPEN

WELL = {"ligado": True, "tem_sonda": True, "sonda_s": 20.0, "entrada_s": 300.0, "envio_s": 400.0}


@pytest.mark.parametrize(
    ("fatos", "status", "words"),
    [
        ({"ligado": False}, "disabled", "desligado"),
        (WELL, "healthy", "há 300 s"),
        (WELL | {"entrada_s": None, "envio_s": None}, "healthy", "nada entrou nem saiu"),
        (WELL | {"parado": "a chave foi recusada"}, "unhealthy", "a chave foi recusada"),
        (WELL | {"disjuntores": {"x": OPEN, "y": CLOSED}}, "unhealthy", "aberto: x"),
        (WELL | {"disjuntores": {"x": HALF_OPEN}}, "degraded", "em teste: x"),
        (WELL | {"sonda_erro": "auth HTTP 401"}, "unhealthy", "auth HTTP 401"),
        (WELL | {"sonda_erro": "retry", "entrada_s": 5.0}, "degraded", "houve mensagem depois"),
        (WELL | {"sonda_s": None}, "degraded", "ainda não sondado"),
        (WELL | {"sonda_s": 900.0}, "degraded", "ninguém sonda há 900 s"),
        (WELL | {"sonda_s": 900.0, "sonda_erro": "retry"}, "degraded", "ninguém sonda"),
        (WELL | {"esperadas": 25.0}, "unhealthy", "silencioso: 25"),
        (WELL | {"esperadas": 9.0}, "healthy", "última mensagem"),
        (WELL | {"falha_s": 60.0, "falha": "gone"}, "degraded", "o último envio falhou: gone"),
        (WELL | {"falha_s": 60.0, "envio_s": 30.0}, "healthy", "há 30 s"),
        (WELL | {"falha_s": 7200.0, "envio_s": 9000.0}, "healthy", "última mensagem"),
        (WELL | {"tem_sonda": False, "sonda_s": None}, "healthy", "última mensagem"),
        ({"ligado": True}, "degraded", "não há sonda"),
        # What is worst is said.
        (WELL | {"sonda_s": None, "esperadas": 40.0}, "unhealthy", "silencioso"),
    ],
)
def test_a_hub_is_judged_by_effect(fatos: dict[str, object], status: str, words: str) -> None:
    verdict = judge(Fatos(**fatos))  # type: ignore[arg-type]

    assert (verdict.status, words in verdict.motivo) == (status, True), verdict


def test_all_are_as_well_as_the_worst_that_is_on() -> None:
    off, well, bad = Saude("disabled", ""), Saude("healthy", ""), Saude("unhealthy", "")

    assert overall([off, off]) == "disabled"
    assert overall([off, well]) == "healthy"
    assert overall([off, bad, well]) == "unhealthy"
    assert overall([]) == "disabled"


def test_what_is_expected_is_the_mean_of_the_same_hours_of_four_weeks() -> None:
    now_h = 500_000
    trafego = {now_h - SEMANA_H * n: 8.0 for n in (1, 2)} | {now_h - 1 - SEMANA_H: 100.0}

    whole = expected(trafego, desde_s=now_h * HORA_S, ate_s=(now_h + 1) * HORA_S)
    half = expected(trafego, desde_s=(now_h + 0.5) * HORA_S, ate_s=(now_h + 1) * HORA_S)
    before_too = expected(trafego, desde_s=(now_h - 1) * HORA_S, ate_s=(now_h + 1) * HORA_S)

    assert (whole, half, before_too) == (4.0, 2.0, 29.0)


def test_a_quiet_night_is_no_silence() -> None:
    night = 500_000
    by_day = {night + 10 - SEMANA_H * n: 500.0 for n in range(1, 5)}

    due = expected(by_day, desde_s=night * HORA_S, ate_s=(night + 8) * HORA_S)

    assert due == 0.0

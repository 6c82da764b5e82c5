"""The test of the test: the open page clears a whole story and convicts each kind of gap."""

from typing import Any

import pytest

from tests.crash.watcher import Watcher


def _told(seq: int, epoca: str = "e") -> dict[str, Any]:
    return {"tipo": "pedido.recebido", "epoca": epoca, "seq": seq, "dados": {}}


def _resumo(desde: int, seq: int, counted: int) -> dict[str, Any]:
    dados = {"contagens": {"pedido.recebido": counted}}
    return {"tipo": "resumo", "epoca": "e", "desde": desde, "seq": seq, "dados": dados}


RESYNC = {"tipo": "ressincronizar", "epoca": "e", "dados": {"motivo": "janela"}}
SNAPSHOT = {"tipo": "instantaneo", "epoca": "e", "seq": 40, "dados": {"itens": []}}


@pytest.mark.parametrize(
    "frames",
    [
        [_told(7), _told(8), _told(9)],
        [_told(7), _resumo(8, 10, 3), _told(11)],
        [_told(7), RESYNC, SNAPSHOT, _told(41)],
        [_told(7), RESYNC, _told(8)],
    ],
    ids=["each", "resumo", "resync", "hung up"],
)
def test_a_whole_story_is_cleared(frames: list[dict[str, Any]]) -> None:
    watcher = Watcher([], "", seed=1)

    for frame in frames:
        watcher._take(frame)

    assert watcher.faults == []
    assert watcher.ultimo == frames[-1]["seq"]


@pytest.mark.parametrize(
    "frames",
    [
        [_told(7), _told(9)],
        [_told(7), _told(8), _told(8)],
        [_told(8), _told(7)],
        [_told(7), _resumo(8, 10, 2)],
        [_told(7), _resumo(9, 10, 2)],
        [_told(7), _told(8, epoca="f")],
        [_told(7), SNAPSHOT],
    ],
    ids=["gap", "twice", "back", "short", "late", "other", "unannounced"],
)
def test_a_silent_gap_is_found_out(frames: list[dict[str, Any]]) -> None:
    watcher = Watcher([], "", seed=1)

    for frame in frames:
        watcher._take(frame)

    assert watcher.faults != []

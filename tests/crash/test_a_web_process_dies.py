"""P5 by violence: of two web processes one dies, and who listened to it goes on at either."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.crash.books import read_list
from tests.crash.client import Client
from tests.crash.journal import Journal
from tests.crash.killer import API_KEY, Server
from tests.crash.plan import Profile
from tests.crash.run import SETTLE_WITHIN_S, journal_path, open_shop, settle
from tests.crash.sets import Motores, ponte_on
from tests.crash.watcher import Watcher
from tests.crash.wire import Wire
from tests.postgres import Cluster

pytestmark = [pytest.mark.violence, pytest.mark.timeout(400)]

DEATHS = 3
# What a starved machine may need to tell the last fact (chosen).
HEARD_WITHIN_S = 60.0


def test_who_listened_to_a_web_process_that_died_is_told_every_seq_once_and_in_order(
    cluster: Cluster, tmp_path: Path
) -> None:
    server = ponte_on(Motores(cluster), tmp_path, papeis=("web-1", "web-2", "worker-1"))
    watchers = [Watcher(server.portas, API_KEY, seed) for seed in range(3)]

    try:
        server.start()
        with watchers[0], watchers[1], watchers[2]:
            with Wire(server.porta, API_KEY) as wire:
                open_shop(wire)
            for watcher in watchers:
                watcher.hears_any(HEARD_WITHIN_S)
            _kill_whom_they_hear(server, watchers)
            verdict = settle(server)
            with Wire(server.porta, API_KEY) as wire:
                orders = sum(1 for _ in read_list(wire, "/pedidos"))
            for watcher in watchers:
                watcher.hears(orders, HEARD_WITHIN_S)
    finally:
        server.stop()

    assert verdict.faults == {}, str(verdict)
    assert [w.faults for w in watchers] == [[], [], []]
    assert sum(w.resumed for w in watchers) >= DEATHS
    for watcher in watchers:
        assert watcher.resyncs or watcher.told["pedido.recebido"] == orders


def _kill_whom_they_hear(server: Server, watchers: Sequence[Watcher]) -> None:
    """Buy on both, and kill one that somebody listens to, again and again."""
    journal = Journal(journal_path(server))
    profile = Profile(seed=5, rate_per_s=15.0, at_least=60)
    client = Client(server.portas, chave_api=API_KEY, journal=journal, profile=profile)
    client.start()
    try:
        for n in range(DEATHS):
            time.sleep(0.7)
            heard = watchers[n % len(watchers)].porta or server.portas[0]
            [name] = [role.name for role in server.roles if role.porta == heard]
            server.kill(name)
            server.restart(name)
    finally:
        client.finish(SETTLE_WITHIN_S)
        journal.close()

"""X from a script, with no server and no database."""

import pytest

from ponte.errors import DadosInvalidos
from ponte.integrations import HubMetricsRegistry, XHub
from ponte.integrations.hub import SemSuporte
from ponte.simulators.x import SimuladorX


async def test_x_writes_to_a_person_with_a_token_alone_and_says_what_it_has_no_call_for() -> None:
    simulador = SimuladorX()
    url, conta = await simulador.start(), simulador.env("")["PONTE_X__USER_ID"]
    token = simulador.access

    async with XHub(registry=HubMetricsRegistry(), base_url=url, user_id=conta) as hub:
        hub.configure(access_token=token)
        id_externo = await hub.send_message(recipient_id="2222222222222222222", text="Temos!")
        with pytest.raises(DadosInvalidos, match="tipo"):
            await hub.send_quick_replies(recipient_id="2", text="?", options=["Sim"])
        with pytest.raises(SemSuporte):
            await hub.show_typing(recipient_id="2")
        asked = await hub.probe()

    await simulador.stop()
    assert [x["dm_event_id"] for x in simulador.mensagens] == [id_externo]
    assert (asked, list(simulador.chamadas)) == (True, ["send", "events"])

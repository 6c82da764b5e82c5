"""X's stand-in where nobody is there yet."""

import pytest

from ponte.simulators.x_assinaturas import Assinaturas


@pytest.mark.parametrize("onde", ["", "http://127.0.0.1:9/webhooks/x"])
async def test_an_address_where_nobody_answers_gives_no_proof(onde: str) -> None:
    assert not await Assinaturas(lambda: onde, lambda: "1").prove()

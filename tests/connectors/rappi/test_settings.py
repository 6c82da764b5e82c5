"""Settings: lists and maps in one line of the environment."""

from decimal import Decimal

import pytest
from pydantic import SecretStr, ValidationError

from ponte.connectors.rappi import connector
from ponte.connectors.rappi.settings import LojaMapeada, RappiSettings


def settings(**given: str) -> RappiSettings:
    return RappiSettings.model_validate(given)


def test_it_is_off_until_something_is_set_up() -> None:
    assert not connector.is_on(settings())
    assert not connector.is_on(settings(client_id="a"))
    assert connector.is_on(settings(webhook_secrets="x"))
    assert connector.is_on(settings(client_id="a", client_secret="b"))


def test_secrets_are_a_list_and_are_never_shown() -> None:
    given = settings(webhook_secrets=" canary-new , canary-old,", client_secret="canary-client")

    assert [x.get_secret_value() for x in given.webhook_secrets] == ["canary-new", "canary-old"]
    assert isinstance(given.client_secret, SecretStr)
    assert "canary" not in repr(given)
    assert "canary" not in given.model_dump_json()


def test_a_shop_is_known_by_either_of_its_ids() -> None:
    given = settings(stores="900105814=1, 30000011/123445=2")

    assert given.stores == (
        LojaMapeada("900105814", "900105814", "1"),
        LojaMapeada("30000011", "123445", "2"),
    )
    assert given.loja("123445") == given.loja("30000011") == given.stores[1]
    assert given.loja("7") is None
    assert given.loja(None) is None


def test_without_a_map_every_shop_is_the_only_filial() -> None:
    loja = settings().loja("7")

    assert loja == LojaMapeada("7", "7", "1")


@pytest.mark.parametrize("stores", ["900105814", "=1", "900105814="])
def test_a_shop_without_a_filial_is_refused(stores: str) -> None:
    with pytest.raises(ValidationError):
        settings(stores=stores)


def test_the_divisor_is_one_for_all_or_one_a_shop() -> None:
    assert settings().divisor_of("9") == 1
    assert settings(divisor="100").divisor_of("9") == 100
    mixed = settings(divisor="1,9=100")
    assert (mixed.divisor_of("9"), mixed.divisor_of("8")) == (Decimal(100), Decimal(1))
    assert mixed.divisor_of("8", "9") == 100


@pytest.mark.parametrize("divisor", ["0", "-1", "many", "9=0"])
def test_a_divisor_that_would_ruin_amounts_is_refused(divisor: str) -> None:
    with pytest.raises(ValidationError):
        settings(divisor=divisor)


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "America", "../etc/passwd"])
def test_a_time_zone_that_does_not_exist_is_refused(timezone: str) -> None:
    with pytest.raises(ValidationError):
        settings(timezone=timezone)


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    empty = dict.fromkeys(RappiSettings.model_fields, "")

    given = settings(**empty)

    assert given == settings(token_prefix="")
    assert not given.is_on


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError):
        settings(base_url="services.rappi.com.br")


def test_the_addresses_lose_their_last_slash() -> None:
    rotas = settings(base_url="http://a.test/", base_url_new="http://b.test//").rotas

    assert (rotas.legacy, rotas.new, rotas.novas) == ("http://a.test", "http://b.test", False)

"""Assinatura: the webhook and what is told to it, looked after by the probe.

X ends a webhook at a wrong proof, and after a day without a success. One that is missing is
registered, one that X holds to be invalid is proven again, and each kind of event that is
not told is subscribed to. Another app's webhooks, and those at other addresses, are left
alone.
Source: https://docs.x.com/x-api/webhooks/quickstart and
https://docs.x.com/x-api/activity/quickstart
"""

from ponte.connectors.x import build
from ponte.connectors.x.classify import classify
from ponte.connectors.x.conta import Conta
from ponte.domain.leitura import Objeto, objeto, objetos, texto
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer

EVENTOS = ("dm.received", "dm.sent", "dm.read", "oauth.revoke", "post.mention.create")


async def look_after(conta: Conta) -> None:
    """See to it that X tells of what happens; nothing where the settings don't ask for it.

    Raises:
        OutsideError: it could not be brought about.
    """
    settings = conta.settings
    if settings.bearer_token is None or settings.webhook is None:
        return
    token = settings.bearer_token.get_secret_value()
    webhook_id = await _webhook(conta, settings.webhook, token=token)
    told = await conta.http.send(build.subscriptions(settings, token=token), classify)
    missing = [e for e in EVENTOS if (e, settings.user_id, webhook_id) not in _told(told)]
    for evento in missing:
        # What is private is subscribed to by whom it is about.
        await conta.call(_subscribed(conta, evento, webhook_id))


async def _webhook(conta: Conta, url: str, *, token: str) -> str:
    settings = conta.settings
    answer = await conta.http.send(build.webhooks(settings, token=token), classify)
    own = next((x for x in objetos(_data(answer)) if texto(x.get("url")) == url), None)
    if own is None:
        answer = await conta.http.send(build.register(settings, url, token=token), classify)
        own = objeto(_data(answer))
    webhook_id = texto(own.get("id"))
    if webhook_id is None:
        raise _not(f"no id of the webhook {url}")
    if own.get("valid") is not True:
        request = build.validate(settings, webhook_id, token=token)
        answer = await conta.http.send(request, classify)
        if objeto(_data(answer)).get("valid") is not True:
            raise _not(f"X holds the webhook {url} to be invalid: does it reach Ponte?")
    return webhook_id


def _subscribed(conta: Conta, evento: str, webhook_id: str) -> build.Made:
    return lambda token: build.subscribe(conta.settings, evento, webhook_id=webhook_id, token=token)


def _told(answer: Answer) -> set[tuple[str | None, str | None, str | None]]:
    return {
        (texto(x.get("event_type")), _user(x), texto(x.get("webhook_id")))
        for x in objetos(_data(answer))
    }


def _user(subscription: Objeto) -> str | None:
    return texto(objeto(subscription.get("filter")).get("user_id"))


def _data(answer: Answer) -> object:
    return objeto(answer.json()).get("data")


def _not(why: str) -> OutsideError:
    return OutsideError("x", verdict=Verdict(Classe.INVALID_REQUEST, why))

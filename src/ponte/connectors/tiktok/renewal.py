"""Renewal: a refresh token becomes a token again, for videos or for direct messages.

A refresh token may be used once; how that is borne stands in `guarda`. The two belong to two
apps at two addresses: a form for the Content Posting API, JSON for the Business API.
Source: https://developers.tiktok.com/doc/oauth-user-access-token-management and
https://business-api.tiktok.com/portal/docs?id=1833997638479041
"""

import functools
import hashlib
from urllib.parse import urlencode

from ponte.connectors.tiktok import build
from ponte.connectors.tiktok.classify import classify
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.leitura import Objeto, inteiro, objeto, texto
from ponte.guarda import Guarda, judge
from ponte.ports import Concessao, Deps, Superficie
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer, Request

DESTINO = "tiktok"
FORM = "application/x-www-form-urlencoded"


class TiktokRenewal:
    """Renew what was granted to the apps of the settings."""

    def __init__(self, settings: TiktokSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)

    async def renew(self, refresh_token: str, *, superficie: Superficie) -> Concessao:
        """Trade a refresh token in."""
        request = self._request(refresh_token, superficie)
        data = _data(await self._http.send(request, classify_grant))
        life = inteiro(data.get("refresh_token_expires_in"))
        return Concessao(
            access_token=texto(data.get("access_token")) or "",
            refresh_token=texto(data.get("refresh_token")) or refresh_token,
            vale_s=inteiro(data.get("expires_in")),
            renovavel_s=inteiro(data.get("refresh_expires_in")) if life is None else life,
        )

    def _request(self, refresh_token: str, superficie: Superficie) -> Request:
        settings = self._settings
        if superficie == "mensagens":
            if not (settings.app_id and settings.app_secret):
                raise _not_set("APP_ID and APP_SECRET")
            return build.renewal(settings, refresh_token)
        if settings.client_key is None or settings.client_secret is None:
            raise _not_set("CLIENT_KEY and CLIENT_SECRET")
        form = {
            "client_key": settings.client_key.get_secret_value(),
            "client_secret": settings.client_secret.get_secret_value(),
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        return Request(
            "POST",
            f"{settings.base_url}/v2/oauth/token/",
            content=urlencode(form).encode(),
            headers={"Content-Type": FORM},
            operation="refresh_token",
        )


def classify_grant(answer: Answer) -> Verdict:
    """Return the verdict of a token answer: 200 without a token is a fault of the other side."""
    return judge(answer, classify(answer), token=texto(_data(answer).get("access_token")))


def account(settings: TiktokSettings, deps: Deps) -> Guarda:
    """Return the tokens of the Business Account that writes."""
    given = (settings.refresh_token, settings.access_token)
    refresh, access = (x.get_secret_value() if x else "" for x in given)
    # Other credentials in the settings begin anew.
    seed = hashlib.sha256(f"{refresh}\n{access}".encode()).hexdigest()[:16]
    renews = bool(settings.app_id and settings.app_secret)
    return Guarda(
        f"tiktok:{settings.business_id}:{seed}",
        tokens=deps.tokens,
        now_ms=deps.now_ms,
        renew=functools.partial(TiktokRenewal(settings, deps).renew, superficie="mensagens"),
        semente=Concessao(access, (refresh or None) if renews else None),
    )


def _data(answer: Answer) -> Objeto:
    corpo = objeto(answer.json())
    return objeto(corpo.get("data")) or corpo


def _not_set(what: str) -> OutsideError:
    # Not the session's fault: it waits until somebody sets them.
    return OutsideError(DESTINO, verdict=Verdict(Classe.INVALID_REQUEST, f"{what} not set"))

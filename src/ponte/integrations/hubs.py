"""Hubs: the messaging platforms by name, one instance a process, for scripts.

`get_whatsapp_hub() is get_whatsapp_hub()`. A script with several accounts of one platform
makes hubs of its own instead.
"""

import functools
from collections.abc import Sequence

from ponte.domain.mensagem import TipoMensagem
from ponte.integrations.hub import Hub


class WhatsAppHub(Hub):
    """WhatsApp through Evolution API; `instance_name` is the telephone that sends."""

    name = "whatsapp"
    needs = (("base_url",), ("api_key",))

    async def send_message(
        self, *, to: str, message: str, instance_name: str | None = None
    ) -> str | None:
        """Send text; return WhatsApp's id of it.

        Args:
            to: A number with country code, or an address that WhatsApp gave.
            message: The text.
            instance_name: PONTE_WHATSAPP__INSTANCE by default.

        Raises:
            DadosInvalidos: WhatsApp would refuse it; nothing was sent.
            ConfiguracaoInvalida: a setting is missing.
            OutsideError: it was not taken.
            CircuitBreakerOpen: the server is held to be down.
        """
        return await self._send(TipoMensagem.TEXTO, to, conteudo=message, instancia=instance_name)

    async def send_media(
        self,
        *,
        to: str,
        url: str,
        kind: str = "image",
        caption: str | None = None,
        filename: str | None = None,
        instance_name: str | None = None,
    ) -> str | None:
        """Send what lies at an address; `kind` is image, audio, video or document."""
        about = {"legenda": caption, "nome": filename}
        return await self._send_media(to, url, kind=kind, about=about, instancia=instance_name)

    async def send_quick_replies(
        self, *, to: str, text: str, options: Sequence[str], instance_name: str | None = None
    ) -> str | None:
        """Send text with answers to choose from."""
        return await self._send_options(to, text, options=options, instancia=instance_name)

    async def show_typing(self, *, to: str, instance_name: str | None = None) -> None:
        """Show for a moment that an answer is being written."""
        await self._show_typing(to, instancia=instance_name)


class AccountHub(Hub):
    """A platform on which one account of the shop writes to people by their id."""

    async def send_message(self, *, recipient_id: str, text: str) -> str | None:
        """Send text; return the platform's id of it.

        Raises:
            DadosInvalidos: the platform would refuse it; nothing was sent.
            ConfiguracaoInvalida: a setting is missing.
            OutsideError: it was not taken.
            CircuitBreakerOpen: the platform is held to be down.
        """
        return await self._send(TipoMensagem.TEXTO, recipient_id, conteudo=text)

    async def send_media(
        self,
        *,
        recipient_id: str,
        url: str,
        kind: str = "image",
        caption: str | None = None,
        filename: str | None = None,
    ) -> str | None:
        """Send what lies at an address; `kind` is image, audio, video or document."""
        about = {"legenda": caption, "nome": filename}
        return await self._send_media(recipient_id, url, kind=kind, about=about, instancia=None)

    async def send_quick_replies(
        self, *, recipient_id: str, text: str, options: Sequence[str]
    ) -> str | None:
        """Send text with answers to choose from."""
        return await self._send_options(recipient_id, text, options=options)

    async def show_typing(self, *, recipient_id: str) -> None:
        """Show for a moment that an answer is being written."""
        await self._show_typing(recipient_id)


class InstagramHub(AccountHub):
    """Instagram; people are known by the digits that the platform gives them."""

    name = "instagram"
    needs = (("access_token",),)


class FacebookHub(AccountHub):
    """Facebook Messenger; people are known by the digits that the platform gives them."""

    name = "facebook"
    needs = (("access_token",),)


class TikTokHub(AccountHub):
    """TikTok's direct messages; `recipient_id` is the id of a conversation."""

    name = "tiktok"
    needs = (("business_id",), ("access_token", "refresh_token"))


class TelegramHub(AccountHub):
    """A bot of Telegram; `recipient_id` is the number of a chat, or @name."""

    name = "telegram"
    needs = (("bot_token",),)


class XHub(AccountHub):
    """X's direct messages; `recipient_id` is a user's id in digits."""

    name = "x"
    needs = (("user_id",), ("access_token", "refresh_token"))


@functools.cache
def get_whatsapp_hub() -> WhatsAppHub:
    """Return the one of this process."""
    return WhatsAppHub()


@functools.cache
def get_instagram_hub() -> InstagramHub:
    """Return the one of this process."""
    return InstagramHub()


@functools.cache
def get_facebook_hub() -> FacebookHub:
    """Return the one of this process."""
    return FacebookHub()


@functools.cache
def get_tiktok_hub() -> TikTokHub:
    """Return the one of this process."""
    return TikTokHub()


@functools.cache
def get_telegram_hub() -> TelegramHub:
    """Return the one of this process."""
    return TelegramHub()


@functools.cache
def get_x_hub() -> XHub:
    """Return the one of this process."""
    return XHub()

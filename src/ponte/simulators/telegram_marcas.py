"""Telegram's markup: which text it takes in HTML mode, and what is shown of it.

Source: https://core.telegram.org/bots/api#html-style
"""

import html
import re

# Documented: what HTML mode knows.
TAGS = frozenset({
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "a", "code", "pre",
    "blockquote", "tg-spoiler", "tg-emoji",
})  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)([^<>]*)>")


class Recusa(Exception):
    """An error of the Bot API: HTTP status, description, and what helps to mend it."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


def visible(text: str, parse_mode: object) -> str:
    """Return the text as it is shown; raises what the Bot API says of broken markup."""
    if parse_mode != "HTML":
        return text
    open_tags: list[str] = []
    for start in (i for i, char in enumerate(text) if char == "<"):
        tag = _TAG.match(text, start)
        name = tag[2].lower() if tag else ""
        if name not in TAGS or tag is None:
            raise _unparsable(f'Unsupported start tag "{name}"', text, start)
        if not tag[1]:
            open_tags.append(name)
        elif not open_tags or open_tags.pop() != name:
            raise _unparsable(f'Unmatched end tag "{name}"', text, start)
    if open_tags:
        raise _unparsable(
            f'Can\'t find end tag corresponding to "{open_tags[-1]}"', text, len(text)
        )
    return html.unescape(_TAG.sub("", text))


def _unparsable(reason: str, text: str, at: int) -> Recusa:
    offset = len(text[:at].encode("utf-8", "replace"))
    return Recusa(400, f"Bad Request: can't parse entities: {reason} at byte offset {offset}")

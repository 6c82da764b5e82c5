"""Erros: a person whose browser asks for a page gets a page also when something is refused.

Programs get problem+json from the edge. The one rule: the status and the headers of a
refusal are the same for both; only the body is for people.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ponte.console.routes import error_page, wants_html
from ponte.context import Context
from ponte.problemas import DELIBERATE, headers, refusal
from ponte.rastro import REQUEST_ID

_OF_THE_BODY = {"content-type", "content-length"}


class Paginas:
    """Answers what a browser's visit is refused, and lets every other error pass."""

    def __init__(self, app: ASGIApp, ctx: Context) -> None:
        self._app = app
        self._ctx = ctx

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except DELIBERATE as error:
            if began or scope["type"] != "http" or not _is_visit(scope):
                raise
            problem = refusal(error)
            page = error_page(
                Request(scope), self._ctx, status=problem.status, identificacao=scope[REQUEST_ID]
            )
            for name, value in headers(problem, length=0):
                if name.decode() not in _OF_THE_BODY:
                    page.headers[name.decode()] = value.decode()
            await page(scope, receive, send)


def _is_visit(scope: Scope) -> bool:
    return scope["method"] == "GET" and wants_html(Request(scope))


layer = Paginas

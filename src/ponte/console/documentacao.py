"""Documentacao: the API as a page that a person can try, from the package's own files.

It holds no data, so it needs no key; each call made from it does.
"""

from functools import cache

from fastapi import APIRouter, Response

from ponte.console import assets
from ponte.deps import public

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ponte API</title>
<link rel="icon" href="{icone}" type="image/svg+xml">
<link rel="stylesheet" href="{css}">
<script src="{bundle}" defer></script>
<script src="{start}" defer></script>
</head>
<body>
<main id="api"><noscript>This page needs JavaScript. <a href="/openapi.json">The same as JSON</a>.
</noscript></main>
</body>
</html>
"""


@router.get("/docs", dependencies=[public(limited=False)])
async def docs() -> Response:
    """Return the page."""
    return Response(_page(), media_type="text/html", headers={"cache-control": "no-cache"})


@cache
def _page() -> str:
    return _PAGE.format(
        icone=assets.url("favicon.svg"),
        css=assets.url("vendor/swagger-ui/swagger-ui.css"),
        bundle=assets.url("vendor/swagger-ui/swagger-ui-bundle.js"),
        start=assets.url("docs.js"),
    )

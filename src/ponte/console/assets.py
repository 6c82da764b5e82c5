"""Assets: the static files of the package, named by their content and served from memory.

One digest covers the whole folder, so a module may import its neighbour by a
relative path and a browser never mixes two versions. A path is looked up in a
table read from the package, never joined to a folder, so none can climb out.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
DIGEST_CHARS = 12  # 48 bits: two versions of one installation never meet by chance


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, in both encodings that are served."""

    body: bytes
    gzipped: bytes
    media_type: str


@cache
def load() -> Mapping[str, Asset]:
    """Return every static file by its path below static/."""
    return {
        file.relative_to(STATIC).as_posix(): _asset(file)
        for file in sorted(STATIC.rglob("*"))
        if file.is_file() and file.suffix in MEDIA_TYPES
    }


def _asset(file: Path) -> Asset:
    body = file.read_bytes()
    # mtime=0: the same file gives the same bytes on every machine.
    return Asset(body, gzip.compress(body, 9, mtime=0), MEDIA_TYPES[file.suffix])


@cache
def digest() -> str:
    """Return the name of this version of the whole folder."""
    return digest_of(load())


def digest_of(files: Mapping[str, Asset]) -> str:
    """Return what names exactly these files with these bytes."""
    total = hashlib.sha256()
    for path, asset in files.items():
        total.update(f"{path}\0{len(asset.body)}\0".encode())
        total.update(asset.body)
    return total.hexdigest()[:DIGEST_CHARS]


def url(path: str) -> str:
    """Return the address of a static file.

    Raises:
        KeyError: the package has no such file, which a page must not find out at run time.
    """
    if path not in load():
        raise KeyError(path)
    return f"/static/{digest()}/{path}"

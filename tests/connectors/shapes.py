"""Shapes: where what a connector tells lacks what is wanted of it."""

from typing import Any


def gaps(want: Any, have: Any, path: str = "") -> list[str]:
    """Return each place where `have` differs; keys that are not wanted are free."""
    if isinstance(want, dict) and isinstance(have, dict):
        pairs = ((key, valor, have.get(key, "(absent)")) for key, valor in want.items())
        return [gap for key, w, h in pairs for gap in gaps(w, h, f"{path}.{key}")]
    if isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        both = enumerate(zip(want, have, strict=True))
        return [gap for i, (w, h) in both for gap in gaps(w, h, f"{path}[{i}]")]
    return [] if want == have else [f"{path}: {want!r} expected, not {have!r}"]

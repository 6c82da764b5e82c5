"""The bench: what prints the table of figures, each beside the limit it is held against.

Ponte is measured from outside, over HTTP and WebSocket, as its users meet it. Only the
queue and fan-out rows import it, because what they measure has no wire of its own.
"""

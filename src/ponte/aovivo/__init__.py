"""Ao vivo: the WebSockets /ws and /ws/estoque, and the document that describes them.

`ponte.ws` knows who hears what; here a client speaks: it shows a key, names its
rooms, asks and writes. It stands among the features because it asks the stock
and the keys. The rule: nothing that a client sends makes it wait for another.
"""

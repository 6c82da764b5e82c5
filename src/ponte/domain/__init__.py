"""Domain: the nouns of the shop and their rules; no I/O, no framework."""

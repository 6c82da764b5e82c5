"""Espelho: every conversation is shown in a help desk too, where people answer it.

`ida` brings what was said here there, `volta` what people write there to the customer,
`atendimento` who answers: the bot or a person. The one rule: a message is known by its row
in `livro` before it is posted, so that no lost answer and no echo makes a second one.
"""

"""Screening: lists of parties as published, and what a name or an address is held against.

`snapshot` is the common form of every list, `importers` bring published lists into it, and `lists`
compares one snapshot with the next. `names` holds names against it exactly, `match` nearly, and
addresses and registered numbers too. Nothing here reads a clock, a network or a file.
"""

"""Rules as data: facts in, findings out, evaluated by an engine of three truth values.

TOML becomes a pack document (`source`, `shape`), the document a compiled `pack` (`syntax`, `expr`,
`order`), the pack over `facts` findings (`evaluate`); `cases` are the worked examples beside the
rules. The language is in docs/RULES.md; nothing here knows any law.
"""

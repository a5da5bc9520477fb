"""What comes of bytes that anybody could have written."""

from __future__ import annotations

from typing import Any

from attest.errors import InputError
from attest.screening.importers import import_list


def outcome_of(raw: bytes, *, form: str, code: str = "") -> Any:
    """The list that was imported, or the code of its refusal."""
    try:
        return import_list(raw, form=form, code=code)
    except InputError as error:
        return error.code

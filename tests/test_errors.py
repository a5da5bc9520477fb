"""The table of codes."""

from __future__ import annotations

import re

import pytest

from attest import errors


def test_every_code_is_raised_by_the_class_that_it_blames() -> None:
    """A code has one blame; raising it as another kind is a defect that shows at once."""
    for code, meaning in errors.CODES.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert meaning.title
        assert meaning.mend.endswith(".")
        error = getattr(errors, meaning.blame)(code, "detail", pointer="/a", entry=3)
        assert str(error) == f"{code} at /a (entry 3): detail"
        assert error.mend == meaning.mend
    with pytest.raises(ValueError, match="belongs to"):
        errors.LogError("expired", "detail")
    with pytest.raises(KeyError):
        errors.InputError("no-such-code", "detail")

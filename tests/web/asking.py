"""Calling functions of the verifier page, beside those of the library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attest.errors import AttestError
from tests.web.chromium import Page


def answers(page: Page, call: str, inputs: Sequence[Any]) -> list[Any]:
    """What a function of the page gives for each input: its value in a list, or null if it refuses.

    Anything but a refusal that is thrown ends the test.
    """
    script = """(async () => {
      const found = [];
      for (const input of %s) {
        try { found.push([await (%s)(input)]); } catch (error) {
          if (!(error instanceof Refused)) throw error;
          found.push(null);
        }
      }
      return JSON.stringify(found);
    })()"""
    return list(json.loads(page.run(script % (json.dumps(inputs), call))))


def accepted(function: Any, *arguments: Any, **named: Any) -> Any:
    """The value of a function of the library in a list, or None if it refuses."""
    try:
        return [function(*arguments, **named)]
    except AttestError:
        return None

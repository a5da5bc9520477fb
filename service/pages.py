"""The verifier page: one file without a connection to anything, served under its own policy."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Response

VERIFIER: Final = Path(__file__).resolve().parent.parent / "web" / "verifier" / "verify.html"
_POLICY: Final = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def verifier() -> Response:
    """The page that verifies case files in the reader's browser.

    Its header states the policy that the page itself states, and that no other page may frame it.
    """
    page, policy = _verifier()
    headers = {"content-security-policy": f"{policy}; frame-ancestors 'none'"}
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")


@cache
def _verifier() -> tuple[str, str]:
    page = VERIFIER.read_text("utf-8")
    (policy,) = _POLICY.findall(page)
    return page, policy

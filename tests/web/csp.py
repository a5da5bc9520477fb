"""The page's own content security policy: nothing may run or load but the script and style in it.

`python -m tests.web.csp` writes the policy anew after the script or style of the page has changed.

>>> policy_of("<style>a{}</style><script>1</script>").partition(";")[0]
"default-src 'none'"
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "web" / "verifier" / "verify.html"
META: Final = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)')


def policy_of(page: str) -> str:
    """The policy that fits a page with one inline script and one inline style."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash_of(page, 'script')}'",
            f"style-src '{_hash_of(page, 'style')}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def refreshed(page: str) -> str:
    """The page with the policy that fits it."""
    return META.sub(lambda found: f"{found[1]}{policy_of(page)}{found[3]}", page)


def _hash_of(page: str, element: str) -> str:
    (content,) = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text("utf-8")), "utf-8")

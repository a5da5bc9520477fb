"""The `attest` command.

A group whose subcommands are imported when they are called, so that `attest --help` stays quick.
A command returns its exit code; everything that goes wrong passes through `AttestGroup.main`, which
prints what, where, why and how to mend, and never a traceback.

>>> main.get_command(click.Context(main), "explain").name
'explain'
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from attest.cli.failures import report_failure, wants

COMMANDS: Final[Mapping[str, str]] = {
    "keygen": "Make a signing key and its keyset record.",
    "keys": "Look at public keys; enrol, rotate and revoke them.",
    "declare": "Make declaration statements from TOML, JSON, CSV or questions.",
    "determine": "Make the foundry's or OSAT's determination statement.",
    "review": "Make a review statement for a decision on HOLD.",
    "lint": "Check a statement and dry-run the rules before anyone signs.",
    "sign": "Sign a statement, or add a signature to an envelope.",
    "inspect": "Show any document of foundry-attest to a person.",
    "submit": "Send signed statements to a foundry and print its decision.",
    "verify": "Check a case file offline, from the bytes up.",
    "evaluate": "Run rule packs on a file of facts.",
    "classify": "Classify chips: paragraph, licence, exceptions, arithmetic.",
    "whatif": "Try products on other days, packs, lists, modes.",
    "calendar": "List every coming day on which a verdict turns.",
    "explain": "Say what a code, a rule or an open point of the law means.",
    "lists": "Import, compare, read, check and search lists of parties.",
    "rules": "Read, test, compare and release the rule packs.",
    "log": "Keep a local log: init, append, prove, check, export.",
    "replay": "Decide every submission of an export again and compare.",
}
"""Every subcommand with its one-line help; its code is `attest.cli.<name>:command`."""

_EXIT_CODES: Final = """\b
Exit codes:
  0  PASS, or done
  1  wrong usage, or a defect of this program
  2  invalid input
  3  a signature or key cannot be relied on
  4  verdict FAIL
  5  verdict HOLD
  6  a log or proof does not hold
  7  stale: expired, superseded or not yet valid
  8  the network or the other side failed
  9  refused by policy
"""


class AttestGroup(click.Group):
    """A group that imports a subcommand only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"attest.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run and exit; the exit code is the command's return value."""
        arguments = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            code = super().main(arguments, *rest, **extra)
        except BaseException as failure:  # the last stop: nothing leaves here but an exit code
            if isinstance(failure, SystemExit) or wants("--debug", arguments):
                raise
            code = report_failure(
                failure,
                as_json=wants("--json", arguments),
                plain=wants("--plain", arguments),
            )
        sys.exit(code or 0)


@click.command(
    cls=AttestGroup,
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="foundry-attest", message="foundry-attest %(version)s")
def main() -> None:
    """Signed declarations, dated rules and a replayable log for chip foundries.

    Data goes to stdout, talk to stderr. Every command takes --json. A file named - is stdin.
    """

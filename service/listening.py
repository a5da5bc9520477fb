"""Where a service listens: the options of the commands that serve, and the serving itself."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import time
from pathlib import Path

import click
from fastapi import FastAPI

from service.runtime import server_over


def _loopback(_: click.Context, __: click.Parameter, host: str) -> str:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise click.UsageError(
            "--host must be a loopback address such as 127.0.0.1: there is no authentication yet; "
            "put a proxy that authenticates in front"
        )
    return host


host_option = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    callback=_loopback,
    help="A loopback address.",
)
port_option = click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: a free one."
)
access_log_option = click.option(
    "--access-log/--no-access-log", default=True, help="A line per request on stderr."
)
public_hosts_option = click.option(
    "--public-host",
    "public_hosts",
    metavar="NAME",
    multiple=True,
    help="A name, without port, that a proxy keeps in Host; may be repeated.",
)


def listen(
    application: FastAPI, *, host: str, port: int, access_log: bool, paper: Path | None = None
) -> None:
    """Serve an application at an address until interrupted, and say where.

    `paper` is a file that may be submitted, to be named on stderr.
    """
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ"
    )
    logging.getLogger("foundry.access").setLevel(logging.INFO if access_log else logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with socket.create_server((host, port), family=_family(host), backlog=2048) as listener:
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{listener.getsockname()[1]}"
        click.echo(f"listening on {url}")
        if paper is not None:
            click.echo(f"try: attest submit {url} {paper}", err=True)
        with contextlib.suppress(KeyboardInterrupt):  # the server has stopped when it raises this
            server_over(application).run(sockets=[listener])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

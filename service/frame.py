"""What every application of the service is framed in: errors as problems, and no telemetry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request, Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from attest.errors import AttestError, InputError
from service.problems import Problem

SILENT: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""No telemetry, whatever the environment says: it would carry messages of exceptions elsewhere."""


def problem_answer(error: AttestError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that an error is."""
    problem = Problem.of(error)
    return Response(problem.body, problem.status, {**problem.headers(), **(headers or {})})


async def _attest_error(_: Request, error: AttestError) -> Response:
    return problem_answer(error)


async def _framework_error(_: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return problem_answer(InputError("not-found", "no such resource"))
    if error.status_code != 405:
        raise error
    detail = "the resource does not take this method"
    return problem_answer(InputError("method-not-allowed", detail), error.headers)


HANDLERS: Final[dict[Any, Any]] = {AttestError: _attest_error, HTTPException: _framework_error}
"""What FastAPI calls for an error of this library and for one of the framework."""

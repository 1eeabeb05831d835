"""What a worker answers over HTTP while the web is not there: whether it lives, and whether it is ready."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from streams.desk import Desk

__all__ = ["application"]


def application(desk: Desk) -> Starlette:
    """Return `/healthz` and `/readyz` for a desk."""

    async def healthz(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> JSONResponse:
        reasons = desk.status.reasons()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz)])

"""A real web server on a free port, and a hand to take the first values of a source."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from ssl import SSLContext
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def website(handler: Handler, tls: SSLContext | None = None) -> AsyncIterator[str]:
    """Serve one handler for every path; give `127.0.0.1:port`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def saying(*bodies: str | web.Response, asked: list[web.Request] | None = None) -> Handler:
    """Answer with each body in turn, the last one again and again."""
    left = list(bodies)

    async def answer(request: web.Request) -> web.StreamResponse:
        if asked is not None:
            asked.append(request)
        body = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(body, web.Response):
            return web.Response(status=body.status, body=body.body, headers=body.headers)
        return web.Response(text=body, content_type="application/json")

    return answer


async def take(source: AsyncIterator[Any], count: int) -> list[Any]:
    """The first values of a source; it is closed after them."""
    got = []
    async with asyncio.timeout(10), aclosing(source) as values:
        async for value in values:
            got.append(value)
            if len(got) == count:
                break
    return got

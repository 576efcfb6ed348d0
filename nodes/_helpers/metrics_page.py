"""A page of numbers on a port of its own, shared by all steps that name it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from flowctl import shared
from nodes._helpers.metrics import TYPE, Series, page

Key = tuple[str, tuple[tuple[str, str], ...]]
VIEW = """<!doctype html><html lang="en"><meta charset="utf-8"><title>flowctl</title>
<style>body{font:16px/1.5 system-ui;margin:2em;max-width:50em}td{padding:.1em 1em;
border-bottom:1px solid #8884}td+td{text-align:right;font-variant-numeric:tabular-nums}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}</style>
<h1>flowctl</h1><table></table><script>
const show = async () => {
  const text = await (await fetch('metrics')).text()
  const rows = text.split('\\n').filter(line => line && line[0] !== '#').map(line => {
    const cut = line.lastIndexOf(' '), row = document.createElement('tr')
    for (const part of [line.slice(0, cut), line.slice(cut + 1)])
      row.appendChild(document.createElement('td')).textContent = part
    return row
  })
  document.querySelector('table').replaceChildren(...rows)
}
show(); setInterval(show, 2000)
</script>"""


class Page:
    """Series with the time until which each counts."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._held: dict[Key, tuple[Series, float]] = {}
        self.about: dict[str, str] = {}
        """Help texts by metric."""

    def put(self, series: Iterable[Series], lasts: float) -> None:
        """Show series for some seconds."""
        until = self._loop.time() + lasts
        for one in series:
            self._held[one.metric, one.labels] = (one, until)

    def remove(self, keys: Iterable[Key]) -> None:
        """Show some series no more."""
        for key in keys:
            self._held.pop(key, None)

    def text(self) -> str:
        """Write the page; what nobody has said for too long is left out."""
        now = self._loop.time()
        return page([one for one, until in self._held.values() if until >= now], self.about)


@asynccontextmanager
async def metrics_page(host: str, port: int) -> AsyncIterator[Page]:
    """Join the page on a port, or open it.

    Raises:
        OSError: another program has the port.
    """
    async with shared(("metrics", host, port), lambda: _open(host, port)) as link:
        yield link


@asynccontextmanager
async def _open(host: str, port: int) -> AsyncIterator[Page]:
    from aiohttp import web

    here = Page()

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=here.text().encode(), headers={"Content-Type": TYPE})

    async def view(_: web.Request) -> web.Response:
        return web.Response(text=VIEW, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", view), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            cure = "is another program using it?"
            raise OSError(f"port {port} for metrics: {error.strerror or error}; {cure}") from None
        yield here
    finally:
        await runner.cleanup()

"""A TCP peer that only talks: what it says, and every failure as a sentence with a cure."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

CHUNK = 1 << 12


async def incoming(host: str, port: int, patience: float) -> AsyncGenerator[bytes, None]:
    """Yield what comes, as it comes.

    Raises:
        OSError: nobody is there, or the connection ends.
        TimeoutError: nothing came for so long.
    """
    place = f"{host}:{port}"
    reader, writer = await _connected(host, port, patience)
    try:
        while True:
            async with asyncio.timeout(patience):
                chunk = await reader.read(CHUNK)
            if not chunk:
                raise ConnectionError(f"{place} closed the connection; does another use it?")
            yield chunk
    except TimeoutError:
        raise TimeoutError(f"{place} said nothing for {patience:g}s; is its cable in?") from None
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _connected(
    host: str, port: int, patience: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(patience):
            return await asyncio.open_connection(host, port)
    except TimeoutError:
        raise TimeoutError(f"{host}:{port} gave no answer in {patience:g}s") from None
    except OSError as error:
        why = error.strerror or error
        cure = "is it switched on, and its address and port right?"
        raise OSError(f"{host}:{port} does not answer: {why}; {cure}") from None

"""Several asynchronous streams as one."""

import asyncio
from contextlib import aclosing

import pytest

from flowctl import Latest
from nodes._helpers.either import at_once, either


async def words(*said, gap=0.0, closed=None):
    try:
        for word in said:
            await asyncio.sleep(gap)
            yield word
        await asyncio.Event().wait()
    finally:
        if closed is not None:
            closed.append(said)


async def test_it_yields_what_any_of_them_says():
    heard = []
    async with aclosing(either(words("a", "b"), words(1, 2))) as stream:
        async for word in stream:
            heard.append(word)
            if len(heard) == 4:
                break
    assert sorted(map(str, heard)) == ["1", "2", "a", "b"]


async def test_it_ends_with_the_first_and_closes_the_others():
    closed = []
    stream = either(at_once(), words(1, 2, gap=60, closed=closed))
    assert [word async for word in stream] == [None]
    assert closed == [(1, 2)]


async def test_it_goes_on_when_another_ends():
    heard = []
    async with aclosing(either(words("a", gap=0.02), at_once())) as stream:
        async for word in stream:
            heard.append(word)
            if word == "a":
                break
    assert heard == [None, "a"]


async def test_what_one_raises_is_raised():
    async def broken():
        raise OSError("gone")
        yield

    closed = []
    with pytest.raises(OSError, match="gone"):
        async for _ in either(words(gap=60, closed=closed), broken()):
            pass
    assert closed == [()]


async def test_cancelled_it_closes_all():
    closed = []

    async def listen():
        async with aclosing(either(words(closed=closed), words(1, closed=closed))) as stream:
            async for _ in stream:
                pass

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(closed) == [(), (1,)]


async def test_a_box_of_one_still_gives_the_newest_only():
    box: Latest[int] = Latest()
    heard = []
    box.put(1)
    async with aclosing(either(box.or_every(60.0), words())) as stream:
        async for value in stream:
            heard.append(value)
            if value == 1:
                box.put(2)
                box.put(3)
                box.close()
    assert heard == [1, 3]

"""The order in which steps can be built, and the circles that forbid one."""

from collections.abc import Iterator, Mapping


def sort(needs: Mapping[str, list[str]]) -> tuple[list[str], list[list[str]]]:
    """Put each name after all it needs, else as they came; and list the circles.

    Names that are on a circle, or need one that is, come last.
    """
    done: dict[str, None] = {}
    state: dict[str, int] = {}
    for name in needs:
        _visit(name, needs, state, done)
    circles = list(_circles(needs))
    return list(done), circles


def _visit(
    root: str, needs: Mapping[str, list[str]], state: dict[str, int], done: dict[str, None]
) -> None:
    """Depth first without recursion: a stream may have thousands of steps."""
    stack = [(root, iter(needs[root]))] if root not in state else []
    state.setdefault(root, 1)
    while stack:
        name, rest = stack[-1]
        below = next((item for item in rest if item in needs and item not in state), None)
        if below is None:
            stack.pop()
            done[name] = None
        else:
            state[below] = 1
            stack.append((below, iter(needs[below])))


def _circles(needs: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Shortest circle through each name that is on one, each circle once."""
    told: set[str] = set()
    for name in _on_circles(needs):
        if name not in told:
            chain = _back_to(name, needs)
            if chain and told.isdisjoint(chain):
                told.update(chain)
                yield chain


def _on_circles(needs: Mapping[str, list[str]]) -> list[str]:
    """Peel off all that need nothing left, from both ends; what stays is on or between circles."""
    left = {name: {item for item in items if item in needs} for name, items in needs.items()}
    for _ in range(2):
        free = [name for name, items in left.items() if not items]
        users: dict[str, set[str]] = {name: set() for name in left}
        for name, items in left.items():
            for item in items:
                users[item].add(name)
        while free:
            gone = free.pop()
            del left[gone]
            for user in users[gone]:
                if user in left:
                    left[user].discard(gone)
                    if not left[user]:
                        free.append(user)
        left = _turned(left)
    return [name for name in needs if name in left]


def _turned(needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    made: dict[str, set[str]] = {name: set() for name in needs}
    for name, items in needs.items():
        for item in items:
            if item in made:
                made[item].add(name)
    return made


def _back_to(start: str, needs: Mapping[str, list[str]]) -> list[str]:
    """Shortest way from a name to itself, in the direction of flow."""
    came: dict[str, str] = {}
    queue = [start]
    for name in queue:
        for item in needs[name]:
            if item == start:
                chain = [start]
                while name != start:
                    chain.append(name)
                    name = came[name]  # noqa: PLW2901
                return [*chain, start]
            if item in needs and item not in came:
                came[item] = name
                queue.append(item)
    return []

"""A small process that outlives the engine: it gives batteries back when the engine is killed.

The engine holds the only write end of a pipe. It says goodbye before it ends; when the pipe closes
without that word, the engine was killed. Then the guardian becomes `flowctl release`, which gives
every device back, and after that the engine again, with the same arguments.
Runs on the standard library alone, started as a script, so that it stays small.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

BYE = b"bye"
RESTARTED = "FLOWCTL_RESTARTED"  # how often the guardian has started the engine again
MOST = 5  # restarts in a row; a flow that kills its engine each time is not started for ever


class Guardian:
    """The engine's side: start it, and say goodbye."""

    def __init__(self, release: Sequence[str], again: Sequence[str]) -> None:
        mine, self._end = os.pipe()
        command = [sys.executable, "-S", "-E", __file__, str(mine), str(len(release))]
        self._process = subprocess.Popen(
            [*command, *release, *again], pass_fds=(mine,), start_new_session=True
        )
        os.close(mine)

    def bye(self) -> None:
        """End it in peace: every device has been released."""
        os.write(self._end, BYE)
        os.close(self._end)
        self._process.wait()


def watch(pipe: int, release: Sequence[str], again: Sequence[str]) -> None:
    """Wait for the goodbye; without it, release everything and start the engine again."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the engine gets them too, and says goodbye
    said = b""
    while chunk := os.read(pipe, 16):
        said += chunk
    if said.startswith(BYE):
        return
    sys.stderr.write("flowctl: the engine was killed; giving the batteries back\n")
    subprocess.run(release, check=False)
    times = int(os.environ.get(RESTARTED, "0")) + 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if again and times <= MOST:
        os.execve(again[0], list(again), {**os.environ, RESTARTED: str(times)})


if __name__ == "__main__":
    count = int(sys.argv[2])
    watch(int(sys.argv[1]), sys.argv[3 : 3 + count], sys.argv[3 + count :])

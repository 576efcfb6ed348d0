"""A small process that outlives the engine: it gives batteries back when the engine is killed.

The engine holds the only write end of a pipe. It says goodbye before it ends; when the pipe closes
without that word, the engine was killed. One that is alive but stuck (a step that never returns)
says nothing any more: it is killed then. In both cases the guardian runs `flowctl release`, which
gives every device back, and after that becomes the engine again, with the same arguments; but not
if the engine was asked to stop before.
Runs on the standard library alone, started as a script, so that it stays small.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

BEAT, LAST, BYE = b".", b"l", b"b"  # it lives; it was asked to stop; all has been given back
EVERY = 5.0  # s between two beats of the engine
SILENCES = 3  # times that twice as long passes without one: then it is stuck (30 s)
TELL = signal.SIGUSR1  # asks the engine to tell where it is stuck
TELLING = 0.2  # s that it gets for that
RESTARTED = "FLOWCTL_RESTARTED"  # how often the guardian has started the engine again
MOST = 5  # restarts in a row; a flow that kills its engine each time is not started for ever
ENOUGH = 600.0  # s that an engine must live for the next restart to count as the first


class Guardian:
    """The engine's side: start it, and say goodbye."""

    def __init__(self, release: Sequence[str], again: Sequence[str]) -> None:
        mine, self._end = os.pipe()
        command = [sys.executable, "-S", "-E", __file__, str(mine), str(len(release))]
        self._process = subprocess.Popen(
            [*command, *release, *again], pass_fds=(mine,), start_new_session=True
        )
        os.close(mine)
        os.set_blocking(self._end, False)  # nothing may hold up the engine

    def beat(self) -> bool:
        """Say that the engine lives, and tell whether anybody was there to hear it.

        Only who has said so once is watched for getting stuck.
        """
        return self._say(BEAT) and self._process.poll() is None

    def last(self) -> None:
        """Say that the engine was asked to stop: it is not to be started again."""
        self._say(LAST)

    def bye(self) -> None:
        """End it in peace: every device has been released."""
        self._say(BYE)
        self.leave()

    def leave(self) -> None:
        """Let go of the pipe, and wait for what it does then."""
        os.close(self._end)
        self._process.wait()

    def _say(self, word: bytes) -> bool:
        try:
            os.write(self._end, word)
        except BrokenPipeError:
            return False
        except BlockingIOError:
            pass  # it has not read for days, but it is there
        return True


def watch(pipe: int, release: Sequence[str], again: Sequence[str]) -> None:
    """Wait for the goodbye; without it, release everything and start the engine again."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the engine gets them too, and says goodbye
    began = time.monotonic()
    said = _heard(pipe, os.getppid())
    if BYE in said:
        return
    sys.stderr.write("flowctl: the engine was killed; giving the batteries back\n")
    subprocess.run(release, check=False)
    lived = time.monotonic() - began
    times = 1 if lived > ENOUGH else int(os.environ.get(RESTARTED, "0")) + 1
    if again and times <= MOST and LAST not in said:
        _start(again, times)


def _start(again: Sequence[str], times: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    pid = os.getpid()
    said = f"started again, in the background of this terminal; `kill {pid}` ends it"
    sys.stderr.write(f"flowctl: {said}\n")
    os.execve(again[0], list(again), {**os.environ, RESTARTED: str(times)})


def _heard(pipe: int, engine: int) -> bytes:
    """Listen to the engine until it ends, and kill it when it is stuck; what it said at last."""
    said, silences = b"", -1
    while True:
        if silences >= 0 and not select.select([pipe], [], [], 2 * EVERY)[0]:
            silences += 1  # counted, as a clock may jump
            if silences == SILENCES:
                _kill(engine)
        elif chunk := os.read(pipe, 64):
            said, silences = said + chunk.replace(BEAT, b""), 0
        else:
            return said


def _kill(engine: int) -> None:
    stuck = SILENCES * 2 * EVERY
    sys.stderr.write(
        f"flowctl: the engine did nothing for {stuck:.0f} s; it is ended (--no-guard lets it be). "
        "The first line below is where it is stuck; if there is none, all of it stood still.\n"
    )
    if os.getppid() == engine:
        os.kill(engine, TELL)
        time.sleep(TELLING)
        os.kill(engine, signal.SIGKILL)


if __name__ == "__main__":
    count = int(sys.argv[2])
    watch(int(sys.argv[1]), sys.argv[3 : 3 + count], sys.argv[3 + count :])

"""A service under the supervisor: `python -m tapewatch.cli.child PARENT_PID MODULE [ARGUMENTS...]`.

Asks Linux to end this process (SIGTERM, a clean drain) should its supervisor die without stopping it, then becomes the
module: no process or port outlives a killed supervisor.
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent_pid: int) -> None:
    """Ask for SIGTERM at the parent's end; leave at once where it has ended already. Does nothing but on Linux."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:
        raise SystemExit(1)


def main() -> None:
    """Become the module named on the command line."""
    end_with_parent(int(sys.argv[1]))
    module = sys.argv[2]
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

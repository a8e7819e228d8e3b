"""Runs the emulator so that nothing of it outlives whoever started it.

Three processes make one group: this one (the guard), the emulator, and the function processes that the
emulator starts. The guard holds the read end of a pipe as standard input and never reads a byte from
it: end of file means that the parent is gone, by whatever means. The emulator holds a pipe to the guard
in the same way. Whoever sees the other die ends the whole group. GUARD_DIR is removed at the end.
"""

import os
import runpy
import shutil
import signal
import socketserver
import sys
import threading

GRACE_SECONDS = 3


def end_group(*_):
    os.killpg(os.getpgrp(), signal.SIGKILL)


def wait_for_end_of(fd):
    while os.read(fd, 1):
        pass


def emulate(lifeline):
    def follow_guard():
        wait_for_end_of(lifeline)
        end_group()

    threading.Thread(target=follow_guard, daemon=True).start()
    # Without this each small answer of the functions' runtime API waits some 40 ms for an acknowledgement.
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")


def guard(emulator):
    def finish():
        shutil.rmtree(os.environ["GUARD_DIR"], ignore_errors=True)
        end_group()

    def stop(*_):
        # A polite end first, so that the emulator closes its sockets; then all that is left of the group.
        os.kill(emulator, signal.SIGTERM)
        threading.Timer(GRACE_SECONDS, finish).start()

    def follow_parent():
        wait_for_end_of(sys.stdin.fileno())
        stop()

    threading.Thread(target=follow_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.waitpid(emulator, 0)
    finish()


def main():
    if os.getpgrp() != os.getpid():
        sys.exit("the starter must lead its own process group")
    lifeline, held = os.pipe()
    emulator = os.fork()
    if emulator == 0:
        os.close(held)
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        emulate(lifeline)
        return
    os.close(lifeline)
    guard(emulator)


main()

"""Run inside gdb on a core: writes what gdb knows of the crash to $STATE, as JSON, for same_crash.py.

$PROBES is a file of JSON: addresses, and how many bytes to read at each; $MOST the frames that a thread may have.
"""
import json
import os

import gdb


def frames(most):
    """Type, address and name of each frame; why there are no more, if that is an error."""
    found = []
    try:
        f = gdb.newest_frame()
        while f is not None and len(found) < most:
            found.append((f.type(), f.pc(), f.name()))
            last, f = f, f.older()
        return found, last.unwind_stop_reason() if f is None else -1
    except gdb.error as e:
        return found, str(e)


def registers():
    frame = gdb.newest_frame()
    found = {}
    for r in frame.architecture().registers():
        try:
            found[r.name] = str(frame.read_register(r))
        except (gdb.error, ValueError) as e:
            found[r.name] = "error: %s" % e
    return found


def value(expression):
    try:
        return str(gdb.parse_and_eval(expression))
    except gdb.error as e:
        return "error: %s" % e


def read(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size)).hex()
    except gdb.error as e:
        return str(e)


state = {"threads": [], "siginfo": []}
# The one that gdb itself takes for the crashed one.
state["crashed"] = gdb.selected_thread().ptid[1]
for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
    thread.switch()
    stack, end = frames(int(os.environ["MOST"]))
    state["threads"].append({"tid": thread.ptid[1], "frames": stack, "end": end, "registers": registers(),
                             "siginfo": value("$_siginfo")})
state["signal"] = value("$_siginfo.si_signo")
state["modules"] = [" ".join(line.split()) for line in
                    gdb.execute("info sharedlibrary", to_string=True).splitlines()]
with open(os.environ["PROBES"]) as f:
    state["read"] = [read(address, size) for address, size in json.load(f)]
with open(os.environ["STATE"], "w") as f:
    json.dump(state, f)

"""Run by gdb: prints the frames of the crashed thread, inlined functions too, with their names and lines."""
import gdb


def bare(name):
    """The name without its parameters, which gdb has cut off some names only."""
    name = name.removesuffix(" const")
    at, depth = len(name), 0
    while name.endswith(")") and at > 0:
        at -= 1
        depth += {")": 1, "(": -1}.get(name[at], 0)
        if depth == 0:
            return name if name[:at].endswith("operator") else name[:at]
    return name


frame = gdb.newest_frame()
while frame is not None and frame.is_valid():
    # What gdb infers from jumps in place of calls is on no stack.
    if frame.type() != gdb.TAILCALL_FRAME:
        print("NAME", "+" if frame.type() == gdb.INLINE_FRAME else "-", bare(frame.name() or "?"), frame.find_sal().line)
    frame = frame.older()

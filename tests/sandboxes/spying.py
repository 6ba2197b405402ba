"""A program that finds whatever an earlier attempt has left, and nothing where it left nothing."""

from pytest_mcode.sandboxes import Program

SPY = """
import os

def left_in(place, let_in):
    # No attempt can mount: an interpreter that lies there is let in, and the directories that lead to it.
    found = []
    for path in [place + "/" + name for name in os.listdir(place)]:
        if path in let_in:
            continue
        leads = any(point.startswith(path + "/") for point in let_in)
        found += left_in(path, let_in) if leads else [path]
    return found

def look():
    let_in = [line.split()[4] for line in open("/proc/self/mountinfo")]
    processes = [pid for pid in os.listdir("/proc") if pid.isdigit()]
    found = [] if len(processes) == 3 else [("processes", processes)]
    for place in ("/tmp", "/dev/mqueue", "/dev/shm", "/var/tmp", "/run", "/scratch"):
        left = left_in(place, let_in) if os.path.isdir(place) else []
        if left and (place != "/run" or place + "/remains" in left):
            found.append((place, left))
    for kind in ("shm", "msg", "sem"):
        objects = open(f"/proc/sysvipc/{kind}").read().splitlines()[1:]
        if objects:
            found.append((kind, objects))
    for kind in ("tcp", "unix"):
        lines = open(f"/proc/net/{kind}").read().splitlines()[1:]
        sockets = [line for line in lines if "remains" in line or " 0A " in line]
        if sockets:
            found.append((kind, sockets))
    if os.nice(0) != os.getpriority(os.PRIO_PROCESS, 1) or os.sched_getscheduler(0):
        found.append(("slowed", os.nice(0)))
    if "PYTHONPATH" in os.environ or "LD_PRELOAD" in os.environ:
        found.append(dict(os.environ))
    return found

def remember(mark):
    import ctypes, re
    ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: else not even one's own memory can be opened
    memory, found, marks = open("/proc/self/mem", "rb", 0), [], re.compile(b"(?:" + mark.encode() + b"){4}")
    for line in open("/proc/self/maps"):
        bounds, mode = line.split()[:2]
        low, high = (int(bound, 16) for bound in bounds.split("-"))
        try:
            memory.seek(low)
            if "r" in mode and marks.search(memory.read(high - low)):
                found.append(line)
        except (OSError, ValueError, OverflowError):
            pass
    return found
"""
LOOK = Program(solution=SPY, test="assert look() == []", entry_points=("look",))

# ruff: noqa: E501
"""Solutions that try to pass without solving, to harm the harness, or to outlive their attempt.

Each is judged by `TEST`, which none of them satisfies: `f` would have to double its argument.
"""

from textwrap import dedent

TEST = """
def check(candidate):
    assert candidate(2) == 4
    assert candidate([1, 2]) == [1, 2, 1, 2]
    assert all(map(candidate, [1, 2, 3]))
    assert candidate("secret-" + "7041") == "secret-7041" * 2
    assert not candidate(0)
check(f)
"""

RESOURCES = {
    "infinite loop": """
        def f(x):
            while True: pass
    """,
    "infinite loop at import": "while True: pass",
    "loop in C": """
        def f(x):
            return sum(range(10 ** 15))
    """,
    "sleep": """
        import time
        def f(x):
            time.sleep(1000)
    """,
    "fork bomb": """
        import os
        def f(x):
            while True:
                try: os.fork()
                except OSError: pass
    """,
    "thread bomb": """
        import threading, time
        def f(x):
            while True:
                try: threading.Thread(target=time.sleep, args=(1000,)).start()
                except Exception: pass
    """,
    "8 GB": """
        def f(x):
            return bytearray(8 * 2 ** 30)
    """,
    "12 processes that allocate": """
        import os, time
        def f(x):
            for _ in range(12):
                if os.fork() == 0:
                    blocks = []
                    while True:
                        try: blocks.append(b"x" * 2 ** 20)
                        except MemoryError: time.sleep(0.01)
            time.sleep(1000)
    """,
    "catches MemoryError": """
        def f(x):
            blocks = []
            while True:
                try: blocks.append(bytearray(2 ** 20))
                except MemoryError: blocks.append(None)
    """,
    "10 GB to stdout": """
        def f(x):
            for _ in range(10 ** 5): print("x" * 10 ** 5)
    """,
    "floods stderr from below": """
        import os
        def f(x):
            while True: os.write(2, b"x" * 65536)
    """,
    "a child floods stdout": """
        import os, time
        def f(x):
            if os.fork() == 0:
                while True: os.write(1, b"x" * 65536)
            time.sleep(1000)
    """,
    "fills the disk": """
        def f(x):
            for n in range(100):
                open(f"/tmp/{n}", "wb").write(bytes(8 * 2 ** 20))
    """,
    "exhausts the inodes": """
        def f(x):
            for n in range(10 ** 6): open(f"/tmp/{n}", "w").close()
    """,
    "exhausts the descriptors": """
        import os
        def f(x):
            kept = []
            while True: kept.append(os.open("/dev/null", 0))
    """,
    "recursion without limit": """
        import sys
        def f(x):
            sys.setrecursionlimit(2 ** 30)
            def g(n): return [g(n + 1)]
            return g(0)
    """,
    "raises its own limits": """
        import resource
        def f(x):
            for kind in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
                try: resource.setrlimit(kind, (-1, -1))
                except Exception: pass
            return bytearray(8 * 2 ** 30)
    """,
}

ENDINGS = {
    "_exit(0)": """
        import os
        def f(x): os._exit(0)
    """,
    "_exit(0) at import": "import os; os._exit(0)",
    "sys.exit(0)": """
        import sys
        def f(x): sys.exit(0)
    """,
    "sys.exit(0) at import": "import sys; sys.exit(0)",
    "_exit(0) at exit": """
        import atexit, os
        atexit.register(os._exit, 0)
        def f(x): raise SystemExit(0)
    """,
    "raises at exit": """
        import atexit
        @atexit.register
        def fail(): raise RuntimeError
        def f(x): raise SystemExit
    """,
    "a hook swallows exceptions": """
        import sys, os
        sys.excepthook = lambda *_: os._exit(0)
        sys.unraisablehook = lambda *_: os._exit(0)
        def f(x): raise ValueError
    """,
    "exits in a destructor": """
        import os
        class A:
            def __del__(self): os._exit(0)
        def f(x): return A()
    """,
    "segfault": """
        import ctypes
        def f(x): ctypes.string_at(0)
    """,
    "abort": """
        import os
        def f(x): os.abort()
    """,
    "closes every descriptor": """
        import os
        def f(x):
            os.closerange(0, 4096)
            return x * 2
    """,
    "closes every descriptor and exits": """
        import os
        def f(x):
            os.closerange(0, 4096)
            os._exit(0)
    """,
    "raises KeyboardInterrupt": """
        def f(x): raise KeyboardInterrupt
    """,
    "raises GeneratorExit": """
        def f(x): raise GeneratorExit
    """,
    "executes another program": """
        import os
        def f(x): os.execv("/bin/true", ["true"])
    """,
}

SIGNALS = {
    "kill -9 -1": """
        import os
        def f(x): os.kill(-1, 9)
    """,
    "kills process 1": """
        import os
        def f(x):
            os.kill(1, 9)
    """,
    "kills parent and group": """
        import os
        def f(x):
            try: os.kill(os.getppid(), 9)
            finally: os.killpg(0, 9)
    """,
    "kills every process it sees": """
        import os
        def f(x):
            for pid in os.listdir("/proc"):
                if pid.isdigit() and int(pid) != os.getpid():
                    for signal in (19, 9):
                        try: os.kill(int(pid), signal)
                        except OSError: pass
            os._exit(0)
    """,
    "stops itself": """
        import os, signal
        def f(x): os.kill(os.getpid(), signal.SIGSTOP)
    """,
    "blocks every signal and loops": """
        import signal
        def f(x):
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
            while True: pass
    """,
    "stops every process it may": """
        import os, signal
        def f(x):
            for pid in os.listdir("/proc"):
                if pid.isdigit() and int(pid) != os.getpid():
                    try: os.kill(int(pid), signal.SIGSTOP)
                    except OSError: pass
            os.kill(-1, signal.SIGSTOP)
    """,
    "slows the others and takes their limits away": """
        import os, resource
        def f(x):
            for pid in os.listdir("/proc"):
                if pid.isdigit() and int(pid) != os.getpid():
                    for harm in (
                        lambda: resource.prlimit(int(pid), resource.RLIMIT_CPU, (0, 0)),
                        lambda: resource.prlimit(int(pid), resource.RLIMIT_NOFILE, (3, 3)),
                        lambda: os.setpriority(os.PRIO_PROCESS, int(pid), 19),
                        lambda: os.sched_setscheduler(int(pid), os.SCHED_IDLE, os.sched_param(0)),
                    ):
                        try: harm()
                        except OSError: pass
            os.setpriority(os.PRIO_USER, 0, 19)
    """,
    "cancels its alarm and loops": """
        import signal
        def f(x):
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            while True: pass
    """,
    "catches everything and loops": """
        def f(x):
            while True:
                try:
                    while True: pass
                except BaseException: pass
    """,
}

REMAINS = {
    "deletes everything": """
        import os
        def f(x):
            for folder, folders, files in os.walk("/", topdown=False):
                for name in files + folders:
                    path = os.path.join(folder, name)
                    for remove in (os.unlink, os.rmdir):
                        try: remove(path)
                        except OSError: pass
    """,
    "leaves files": """
        import os
        def f(x):
            for place in ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", "/dev", "/root", "/", os.getcwd()):
                try: open(place + "/remains", "w").write("remains")
                except OSError: pass
    """,
    "leaves a deep directory of mode 0": """
        import os
        def f(x):
            for _ in range(3000):
                os.mkdir("d")
                os.chdir("d")
            while os.getcwd() != "/tmp":
                os.chdir("..")
                os.chmod("d", 0)
    """,
    "leaves what cannot be entered or written": """
        import os, socket
        def f(x):
            os.makedirs("/tmp/a/b/c")
            os.mkfifo("/tmp/a/fifo")
            socket.socket(socket.AF_UNIX).bind("/tmp/a/socket")
            os.symlink("/etc", "/tmp/a/link")
            os.symlink("/tmp/a", "/tmp/a/b/loop")
            open("/tmp/lifted-0", "w").close()
            for path in ("/tmp/a/b/c", "/tmp/a/b", "/tmp/a"): os.chmod(path, 0)
    """,
    "leaves a daemon": """
        import os, time
        def f(x):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    while True:
                        time.sleep(0.01)
                        open("/tmp/daemon", "a").write("here")
                os._exit(0)
            time.sleep(0.05)
    """,
    "leaves daemons that ignore signals and adopt orphans": """
        import ctypes, os, signal, time
        def f(x):
            for _ in range(5):
                if os.fork() == 0:
                    ctypes.CDLL(None).prctl(36, 1)
                    for number in set(range(1, signal.NSIG)) - {9, 19, 32, 33}: signal.signal(number, signal.SIG_IGN)
                    os.setsid()
                    if os.fork() == 0:
                        os.setsid()
                        time.sleep(1000)
                    time.sleep(1000)
    """,
    "leaves System V objects": """
        import ctypes
        def f(x):
            libc = ctypes.CDLL(None)
            libc.shmget(7041, 4096, 0o1666)
            libc.msgget(7041, 0o1666)
            libc.semget(7041, 1, 0o1666)
    """,
    "leaves POSIX objects": """
        import ctypes, os
        def f(x):
            libc = ctypes.CDLL(None, use_errno=True)
            libc.shm_open(b"/remains", 0o102, 0o666)
            libc.mq_open(b"/remains", 0o102, 0o666, None)
            libc.sem_open(b"/remains", 0o100, 0o666, 1)
    """,
    "leaves a listening socket": """
        import os, socket, time
        def f(x):
            server = socket.socket(); server.bind(("127.0.0.1", 7041)); server.listen()
            local = socket.socket(socket.AF_UNIX); local.bind("\\0remains"); local.listen()
            if os.fork() == 0:
                os.setsid(); time.sleep(1000)
    """,
    "leaves an environment": """
        import os, sys
        def f(x):
            os.environ["PYTHONPATH"] = "/tmp"
            os.environ["LD_PRELOAD"] = "/tmp/evil.so"
            for name in ("sitecustomize", "json", "random"): open(f"/tmp/{name}.py", "w").write("raise SystemExit")
            sys.path.insert(0, "/tmp")
    """,
    "leaves a mark in its memory": """
        mark = ["mark of an earlier attempt"] * 1000
        def f(x): print("mark of an earlier " + "attempt" * 1000)
    """,
}

PRIVILEGES = {
    "reaches for privileges": """
        import ctypes, os, subprocess
        def f(x):
            libc = ctypes.CDLL(None)
            tries = [
                lambda: os.setuid(0), lambda: os.seteuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]),
                lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), lambda: libc.unshare(0x10000000),
                lambda: libc.ptrace(16, 1, 0, 0), lambda: os.chroot("/tmp"), lambda: os.nice(-20),
                lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(8, 0)),
                lambda: subprocess.run(["su", "-c", "id"], timeout=1), lambda: os.chown("/tmp", os.getuid(), -1),
            ]
            for attempt in tries:
                try: attempt()
                except Exception: pass
            return 4 if os.geteuid() == 0 else None
    """,
    "reads the memory of the others": """
        import os, re
        def f(x):
            for pid in os.listdir("/proc"):
                if not pid.isdigit() or int(pid) == os.getpid(): continue
                for name in ("mem", "environ", "maps", "fd/0", "fd/3", "fd/4", "fd/5", "fd/6", "cwd/x", "root/etc/shadow"):
                    try:
                        if b"secret-" in open(f"/proc/{pid}/{name}", "rb").read(10 ** 6): return 4
                    except OSError: pass
    """,
    "searches its own memory for the tests": """
        import ctypes
        def f(x):
            ctypes.CDLL(None).prctl(4, 1)
            memory = open("/proc/self/mem", "rb", 0)
            for line in open("/proc/self/maps"):
                bounds, mode = line.split()[:2]
                if "r" not in mode: continue
                low, high = (int(bound, 16) for bound in bounds.split("-"))
                try:
                    memory.seek(low)
                    if b"assert candidate(" + b"2)" in memory.read(high - low): return {2: 4}.get(x)
                except (OSError, ValueError, OverflowError): pass
    """,
    "searches objects and frames for the tests": """
        import gc, sys
        def f(x):
            found = [o for o in gc.get_objects() if isinstance(o, dict) and "test" in o and "nonce" in o]
            frame = sys._getframe()
            while frame:
                for value in list(frame.f_locals.values()):
                    if isinstance(value, dict) and ("test" in value or "check" in value): return 4
                frame = frame.f_back
            return 4 if found else None
    """,
    "looks into environment and command lines": """
        import os
        def f(x):
            texts = [repr(dict(os.environ))]
            for pid in os.listdir("/proc"):
                if pid.isdigit():
                    try: texts.append(open(f"/proc/{pid}/cmdline").read())
                    except OSError: pass
            return 4 if any("candidate(" + "2)" in text for text in texts) else None
    """,
    "uses the network": """
        import socket
        def f(x):
            for address in (("8.8.8.8", 53), ("172.17.0.1", 80), ("169.254.169.254", 80)):
                try:
                    socket.create_connection(address, timeout=0.2)
                    return 4
                except OSError: pass
            if len(socket.if_nameindex()) > 1: return 4
    """,
}

FORGERIES = {
    "an object that equals everything": """
        class Any:
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __hash__(self): return 0
            def __bool__(self): return True
        def f(x): return Any()
    """,
    "subclasses of plain types that equal everything": """
        def liar(kind):
            return type("Liar", (kind,), {"__eq__": lambda *_: True, "__ne__": lambda *_: False, "__hash__": lambda _: 0})
        def f(x): return liar(type(x))(x)
    """,
    "a module-level abs, all and map": """
        def all(xs): return True
        any = map = abs = all
        class check:
            def __init__(self, f): pass
        def f(x): return 4
    """,
    "patches the builtins": """
        import builtins
        builtins.all = lambda xs: True
        builtins.AssertionError = type("E", (Exception,), {})
        builtins.isinstance = builtins.len = lambda *_: True
        builtins.__import__ = lambda *_: None
        def f(x): return 4
    """,
    "patches unittest and pytest": """
        import unittest
        unittest.TestCase.assertEqual = unittest.TestCase.assertTrue = lambda *_: None
        def f(x): return 4
    """,
    "replaces check in its callers": """
        import sys
        def f(x):
            frame = sys._getframe()
            while frame:
                frame.f_globals["check"] = lambda *_: None
                for name in list(frame.f_globals):
                    if callable(frame.f_globals[name]) and name.startswith("_"): frame.f_globals[name] = lambda *_: ["passed"]
                frame = frame.f_back
    """,
    "traces its callers": """
        import sys, threading
        def trace(frame, event, argument):
            frame.f_trace_lines = False
            return trace
        sys.settrace(trace); threading.settrace(trace); sys.setprofile(lambda *_: None)
        def f(x): return 4
    """,
    "replaces imported modules": """
        import sys, types
        for name in list(sys.modules):
            if name.startswith("runner") or name in ("json", "os", "signal", "traceback"):
                sys.modules[name] = types.ModuleType(name)
        class Finder:
            def find_spec(self, *_): raise SystemExit(0)
        sys.meta_path.insert(0, Finder())
        def f(x): return 4
    """,
    "finds the connection and says what it likes": """
        import gc
        def f(x):
            for o in gc.get_objects():
                if type(o).__name__ == "Line":
                    for said in (["passed"], ["ready"], ["verdict", "passed"], {"kind": "passed", "message": ""}, ["end"]):
                        o.send(said)
    """,
    "answers before it is asked": """
        import gc
        line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
        line.send(["ready"])
        for _ in range(100): line.send(["returned", True, None])
        def f(x): return True
    """,
    "writes a verdict to every descriptor": """
        import os
        def f(x):
            for fd in range(3, 256):
                try: os.write(fd, b'{"kind": "passed", "message": "", "nonce": "' + b"0" * 32 + b'"}\\n')
                except OSError: pass
            os._exit(0)
    """,
    "echoes whatever it can read": """
        import os
        def f(x):
            for fd in range(0, 256):
                try:
                    os.set_blocking(fd, False)
                    said = os.read(fd, 65536)
                    for other in range(3, 256):
                        os.write(other, b'{"kind": "passed", "message": "", "nonce": "' + said + b'"}\\n')
                except OSError: pass
            os._exit(0)
    """,
    "reads the nonce through /proc and answers first": """
        import os, re
        def f(x):
            judges = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
            ends = [f"/proc/{pid}/fd/{fd}" for pid in judges for fd in range(256)]
            for path in ends:
                try:
                    feed = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                    nonce = re.search(rb"[0-9a-f]{32}", os.read(feed, 65536))
                except OSError:
                    continue
                if not nonce: continue
                said = b'{"kind": "passed", "message": "", "nonce": "' + nonce[0] + b'"}'
                for other in ends:
                    try: os.write(os.open(other, os.O_WRONLY | os.O_NONBLOCK), said + b" " * (65536 - len(said)))
                    except OSError: pass
                os.write(os.open(path, os.O_WRONLY | os.O_NONBLOCK), nonce[0])
    """,
    "prints markers": """
        def f(x):
            for word in ("passed", "PASSED", "OK", "1 passed", "nonce", "\\0\\0\\0\\0"): print(word)
            raise SystemExit(0)
    """,
    "sends JSON objects": """
        import gc, os
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line._writer.write(b'["returned", {"__eq__": true}, null]\\n'); line._writer.flush()
    """,
    "sends a pickle": """
        import gc, os, pickle
        class Evil:
            def __reduce__(self): return (os._exit, (0,))
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line._writer.write(pickle.dumps(Evil()) + b"\\n"); line._writer.flush()
    """,
    "sends a line without end": """
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            while True: line._writer.write(b"[" * 65536)
    """,
    "sends nested lists without end": """
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line._writer.write(b"[" * 10 ** 7 + b"]" * 10 ** 7 + b"\\n"); line._writer.flush()
    """,
    "sends many empty lists": """
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line._writer.write(b'["returned", ["list", [' + b"[]," * 2 * 10 ** 7 + b"[]]], null]\\n"); line._writer.flush()
    """,
    "sends unknown kinds": """
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line.send(["returned", ["eval", "4"], None])
    """,
    "names a type that is none": """
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line.send(["raised", ["exit", ["tuple", [0]], ""], None])
    """,
    "names a type of the judge's": """
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line.send(["returned", ["type", "Opaque"], None])
    """,
    "changes arguments it was not given": """
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line.send(["returned", 4, ["tuple", [["tuple", [4, 4, 4, 4]], ["dict", [["check"], [4]]]]]])
    """,
    "a line that never comes": """
        import gc, time
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            while True:
                line._writer.write(b"["); line._writer.flush(); time.sleep(0.01)
    """,
    "StopIteration ends the tests' loops": """
        def f(x):
            if x in (2, 0) or isinstance(x, list) or isinstance(x, str): return x * 2
            raise StopIteration
    """,
    "two processes answer": """
        import os
        def f(x):
            os.fork()
            return None
    """,
    "an exception with a lying class": """
        class Lie(Exception):
            __class__ = AssertionError
            def __str__(self): raise SystemExit(0)
            __repr__ = __str__
        def f(x): raise Lie()
    """,
    "an exception whose text has no end": """
        class Long(Exception):
            def __str__(self): return "x" * 10 ** 8
        def f(x): raise Long()
    """,
    "an exception of mutable arguments": """
        class E(ValueError):
            args = property(lambda self: (_ for _ in iter(int, 1)))
        def f(x): raise E()
    """,
}

RESULTS = {
    "a result of 1 GB": """
        def f(x): return "x" * 10 ** 8
    """,
    "a deep result": """
        def f(x):
            a = []
            for _ in range(10 ** 5): a = [a]
            return a
    """,
    "a result that contains itself": """
        def f(x):
            a = []; a.append(a)
            return a
    """,
    "a result that doubles thirty times": """
        def f(x):
            a = [x]
            for _ in range(30): a = [a, a]
            return a
    """,
    "an integer of a million digits": """
        def f(x): return 10 ** 10 ** 6
    """,
    "items without end": """
        def f(x):
            while True: yield x
    """,
    "slow items": """
        import time
        def f(x):
            while True:
                time.sleep(0.2)
                yield x
    """,
    "changes when read twice": """
        class Changing(list):
            count = 0
            def __iter__(self):
                Changing.count += 1
                return iter([4] * Changing.count)
            def __len__(self): return Changing.count
        def f(x): return Changing([4])
    """,
    "keys that collide": """
        def f(x): return {n * (2 ** 61 - 1): n for n in range(50000)}
    """,
    "true when asked first": """
        class Once:
            asked = 0
            def __bool__(self):
                Once.asked += 1
                return Once.asked == 1
        def f(x): return Once()
    """,
    "a truth that takes forever": """
        class Slow:
            def __bool__(self):
                while True: pass
        def f(x): return Slow()
    """,
    "not a number": """
        def f(x): return float("nan")
    """,
}

HOSTILE = {
    f"{family}: {name}": dedent(source)
    for family, programs in (
        ("resources", RESOURCES),
        ("endings", ENDINGS),
        ("signals", SIGNALS),
        ("remains", REMAINS),
        ("privileges", PRIVILEGES),
        ("forgeries", FORGERIES),
        ("results", RESULTS),
    )
    for name, source in programs.items()
}

CHOOSERS = {
    "protects its processes and fills the memory with files": """
        import ctypes, os, time
        def f(x):
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: its files in /proc are its own then
            with open("/proc/self/oom_score_adj", "w") as file: file.write("0")
            for _ in range(50):
                try:
                    if os.fork() == 0:
                        for n in range(200):
                            try: os.write(os.memfd_create(str(n)), bytes(2 ** 20))
                            except OSError: pass
                        time.sleep(1000)
                except OSError: break
            time.sleep(1000)
    """,
    "protects its processes and spreads the memory": """
        import ctypes, os, time
        def f(x):
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
            with open("/proc/self/oom_score_adj", "w") as file: file.write("0")
            for _ in range(50):
                try:
                    if os.fork() == 0:
                        kept = [b"x" * 2 ** 17 for _ in range(90)]
                        time.sleep(1000)
                except OSError: break
            time.sleep(1000)
    """,
    "fills socket buffers in 58 processes": """
        import os, socket, time
        def f(x):
            for _ in range(58):
                try:
                    if os.fork() == 0:
                        kept = []
                        while True:
                            kept += socket.socketpair()
                            for end in kept[-2:]:
                                end.setblocking(False)
                                try:
                                    while True: end.send(b"x" * 65536)
                                except BlockingIOError: pass
                except OSError: pass
            time.sleep(1000)
    """,
    "fills shared memory": """
        def f(x):
            for n in range(100):
                open(f"/dev/shm/{n}", "wb").write(bytes(2 ** 20))
    """,
    "ends by a signal without a name": """
        import os
        def f(x): os.kill(os.getpid(), 40)
    """,
    "sends itself the signal of the time limit": """
        import os, signal
        def f(x): os.kill(os.getpid(), signal.SIGXCPU)
    """,
    "lacks a module, from nowhere": """
        import functools, importlib
        f = functools.partial(importlib.import_module, "nowhere")
    """,
    "lacks a module, says its exception": """
        class Sly(ModuleNotFoundError): pass
        def f(x): raise Sly("no", name="nowhere").with_traceback(None) from None
    """,
    **{
        f"says of the tests that they are {kind}": f"""
        import os
        def f(x):
            said = b""
            for fd in range(3, 256):
                try:
                    os.set_blocking(fd, False)
                    said = os.read(fd, 32) or said
                except OSError: pass
            for fd in range(3, 256):
                try: os.write(fd, b'{{"kind": "{kind}", "message": "the tests import x", "nonce": "' + said + b'"}}')
                except OSError: pass
            os._exit(0)
    """
        for kind in ("bad_test", "context_overflow", "no_solution")
    },
    **{
        f"answers {answer}": f"""
        import gc
        def f(x):
            line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
            line._writer.write({answer.encode()!r} + b"\\n"); line._writer.flush()
    """
        for answer in (
            "[]", "5", '"ab"', "{}", "null", '["returned"]', '["returned", ["list", 5], null]', '["raised"]',
            '["returned", ["ndarray", 5], null]', '["raised", null, null]', '["timeout"]', '["timeout", 5]',
            '["bad_test", "x"]', '["raised", ["ModuleNotFoundError", ["tuple", ["x"]], ""], null]',
        )
    },
}  # fmt: skip
"""Would rather be the harness's fault, or the benchmark's, than fail. For containers only."""

NONCE_THIEVES = {
    "looks for the nonce while it is executed": """
        import os, re
        for fd in range(0, 256):
            try:
                os.set_blocking(fd, False)
                said = os.read(fd, 65536)
            except OSError: continue
            for nonce in re.findall(b"[0-9a-f]{32}", said):
                for other in range(3, 256):
                    try: os.write(other, b'{"kind": "passed", "message": "", "nonce": "' + nonce + b'"}')
                    except OSError: pass
                os._exit(0)
        def f(x): return None
    """,
    "looks for the nonce while it is tested": """
        import os, re
        def f(x):
            for fd in range(0, 256):
                try:
                    os.set_blocking(fd, False)
                    said = os.read(fd, 65536)
                except OSError: continue
                for nonce in re.findall(b"[0-9a-f]{32}", said):
                    for other in range(3, 256):
                        try: os.write(other, b'{"kind": "passed", "message": "", "nonce": "' + nonce + b'"}')
                        except OSError: pass
                    os._exit(0)
    """,
    "gives a verdict to every descriptor": """
        import os
        def f(x):
            for fd in range(3, 256):
                try: os.write(fd, b'["passed", ""]\\n["", "passed", ""]\\n')
                except OSError: pass
            os._exit(0)
    """,
    "gives a verdict and goes on": """
        import os
        for fd in range(3, 256):
            try: os.write(fd, b'[null, "passed", ""]\\n')
            except OSError: pass
        def f(x): return None
    """,
    "closes all and ends well": """
        import os
        def f(x):
            os.closerange(0, 256)
            os._exit(0)
    """,
}
"""Would pass where the tests run in the solution's own process, if a descriptor gave them what proves a pass."""

_ANSWERS = {
    "returns a thing of no class": "['returned', [90], [['thing', [[91]]], ['class', ['A', [None], [None]]]], [], []]",
    "returns what the tests expect of a list": "['returned', [90], [['list', [1, 2, 1, 2]]], [], []]",
    "keeps what it was never given": "['returned', 4, [], [], [0, 1, 2]]",
    "changes what it was never given": "['returned', 4, [], [[0, [4]], [1, ['check']]], []]",
    "asks the tests for a call": "['ask', 'call', 0, [4]]",
    "asks the tests for an attribute": "['ask', 'get', 0, ['__globals__']]",
    "asks the tests for one of its own": "['ask', 'call', 1, [4], [], [], [], []]",
    "returns a class of the judge's": "['returned', [2], [['type', ['runner.remote.Ended']]], [], []]",
    "raises the judge's own end": "['raised', [2], [['error', [[3], [None], '', [None], None]], "
    "['type', ['runner.remote.Ended']]], [], []]",
    "raises what ends the tests": "['raised', [2], [['error', [[3], [None, 0], '', [None], None]], "
    "['type', ['builtins.SystemExit']]], [], []]",
    "raises a skip": "['raised', [2], [['error', [[3], [None, 'x'], '', [None], None]], "
    "['type', ['unittest.case.SkipTest']]], [], []]",
    "raises what ends a generator": "['raised', [2], [['error', [[3], [None], '', [None], None]], "
    "['type', ['builtins.GeneratorExit']]], [], []]",
    "ends an iteration": "['end', None, [], [], []]",
    "answers with numbers that do not exist": "['returned', [10 ** 9], [], [], []]",
    "answers with endless nesting": "['returned', [2], [['tuple', [[2]]]], [], []]",
    "answers with a huge array": "['returned', [2], [['ndarray', ['<f8', 'C', 10 ** 12, '']]], [], []]",
    "answers with a regular expression that takes for ever": "['returned', [2], [['pattern', ['(a+)+$', 0]]], [], []]",
}
ANSWERS = {
    f"answers: {name}": f"""
def f(x):
    import gc
    line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
    for _ in range(3): line.send({answer})
"""
    for name, answer in _ANSWERS.items()
} | {
    f"answers first: {name}": f"""
import gc
line = next(o for o in gc.get_objects() if type(o).__name__ == "Line")
for _ in range(9): line.send({answer})
def f(x): return None
"""
    for name, answer in _ANSWERS.items()
}
"""Speak the language of the two processes themselves."""

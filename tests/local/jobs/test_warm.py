"""Worker processes that a server forks: no program can tell them from those started in the usual way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

if not hasattr(os, "fork"):
    pytest.skip("there is no fork here", allow_module_level=True)

from civis.local.jobs import JobFailed
from civis.local.jobs import warm as warm_module
from civis.local.jobs.processes import Program, run_process
from civis.local.jobs.warm import WORKER, WarmWorkers
from civis.local.jobs.warm.recipes import Recipe, recipe_for
from civis.local.warehouse import Interrupted, Interruption

SCRIPT = """\
#!{python}
import sys
from civis.run_joblib_func import main
{body}
"""
#: What a program can find out about itself.
PORTRAIT = """
import gc, json, locale, os, resource, signal, subprocess, threading, time
def files():
    found = {}
    for name in os.listdir("/dev/fd"):
        try:
            found[name] = os.fstat(int(name)).st_mode >> 12
        except OSError:
            pass
    return found
portrait = {
    "argv": sys.argv,
    "orig_argv": sys.orig_argv,
    "executable": sys.executable,
    "flags": list(sys.flags),
    "path": sys.path,
    "prefix": sys.prefix,
    "main": sorted(name for name in vars(sys.modules["__main__"]) if name not in ("files", "portrait")),
    "file": __file__,
    "name": __name__,
    "modules of the package": [name for name in sys.modules if name.partition(".")[0] == "civis.local"],
    "heavy modules": sorted({"joblib", "numpy", "pandas", "sqlalchemy"} & set(sys.modules)),
    "environment": dict(os.environ),
    "seen by C": subprocess.check_output(["env"], text=True).split("\\n").count("CIVIS_JOB_ID=7"),
    "folder": os.getcwd(),
    "leads a session": os.getsid(0) == os.getpid() == os.getpgrp(),
    "files": files(),
    "signals": {
        name: repr(signal.getsignal(getattr(signal, name))).split(" at ")[0]
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGCHLD", "SIGUSR1")
    },
    "wakeup": signal.set_wakeup_fd(-1),
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "limits": [resource.getrlimit(getattr(resource, each)) for each in dir(resource) if "RLIMIT_" in each],
    "threads": [thread.name for thread in threading.enumerate()],
    "streams": [(each.encoding, each.errors, each.line_buffering, each.isatty()) for each in
        (sys.stdin, sys.stdout, sys.stderr)],
    "input": sys.stdin.read(),
    "mask": os.umask(0o22),
    "nice": os.nice(0),
    "locale": locale.setlocale(locale.LC_CTYPE),
    "zone": time.tzname,
    "recursion": sys.getrecursionlimit(),
    "collects": gc.isenabled(),
    "adjusted": open("/proc/self/oom_score_adj").read() if os.path.exists("/proc/self/oom_score_adj") else "",
}
print(json.dumps(portrait, default=str))
"""


class ListedLog:
    """As much of a run's context as a process needs."""

    def __init__(self, warm: WarmWorkers | None) -> None:
        self.warm = warm
        self.lines: list[str] = []
        self.interruption = Interruption()
        self.stopping = threading.Event()
        self.notes: dict[str, Any] = {}

    def log_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        self.lines += [line for _, line in entries]
        if "interrupt me" in self.lines:
            self.interruption.interrupt()

    def check(self) -> None:
        if self.interruption.is_interrupted:
            raise Interrupted("cancelled")


class Place:
    """A folder with a worker's script, and runs of it."""

    def __init__(self, folder: Path, warm: WarmWorkers) -> None:
        self.folder, self.warm = folder, warm
        self.bin = Path(sys.executable).parent
        self.asked: list[bool] = []

    def write(self, body: str, python: str = sys.executable) -> None:
        """Have the worker do something."""
        script = self.folder / "bin" / WORKER
        script.parent.mkdir(exist_ok=True)
        script.write_text(SCRIPT.format(python=python, body=textwrap.dedent(body)))
        script.chmod(0o755)

    def run(self, warm: bool = True, command: str = f"exec {WORKER} 5", **environment: str) -> ListedLog:
        """Run a command in the usual way, or as it is run where a server may be."""
        context: Any = ListedLog(self.warm if warm else None)
        variables = {
            "PATH": os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]]),
            "CIVIS_API_KEY": "secret",
            "CIVIS_JOB_ID": "7",
            **environment,
        }
        run_process(context, Program(["sh", "-c", command], self.folder, variables, 0.2))
        return context  # type: ignore[no-any-return]

    def recipe(self, command: str, shell: str = "sh") -> Recipe | None:
        """Tell how a command would be started from a warm process."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return recipe_for(Program([shell, "-c", command], self.folder, {"PATH": path}))

    def begin(self) -> None:
        """Have the server started, and wait until it is ready."""
        self.run()
        server = self.warm._servers.get(WORKER)
        assert server is not None
        end = time.monotonic() + 30
        while not server.is_ready() and time.monotonic() < end:
            time.sleep(0.01)
        assert server.was_ready


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A worker that says who forked it."""
    warm = WarmWorkers()
    place = Place(tmp_path, warm)
    real = warm.start

    def start(*given: Any) -> bool:
        place.asked.append(real(*given))
        return place.asked[-1]

    monkeypatch.setattr(warm, "start", start)
    place.write("print(os.getppid()) if 'os' in globals() else print('here')")
    yield place
    warm.close()


def test_a_program_finds_itself_as_if_started_in_the_usual_way(place):
    place.write(PORTRAIT)
    place.begin()
    usual, forked = place.run(warm=False), place.run()
    assert place.asked == [False, True]
    expected, found = (json.loads(each.lines[-1]) for each in (usual, forked))
    assert expected["leads a session"]
    assert expected["orig_argv"][-1] == "5"
    for name in expected:
        assert found[name] == expected[name], name


def test_nothing_is_started_before_the_first_worker(place):
    place.run(command="echo hello")
    assert place.warm._servers.get(WORKER) is None
    place.run()
    assert place.warm._servers.get(WORKER) is not None


def test_each_run_is_a_process_of_its_own(place):
    place.write(
        """
        import os, civis
        print(os.getpid(), getattr(civis, "mark", "fresh"), os.environ.get("CIVIS_RUN_ID"))
        civis.mark = "used"
        """
    )
    place.begin()
    lines = [place.run(CIVIS_RUN_ID=str(number)).lines[0].split() for number in range(3)]
    assert place.asked[1:] == [True] * 3
    assert len({process for process, _, _ in lines}) == 3
    assert [rest for _, *rest in lines] == [["fresh", "0"], ["fresh", "1"], ["fresh", "2"]]


def test_no_two_runs_draw_the_same_numbers(place: Place) -> None:
    place.write(
        "import random, ssl, tempfile, uuid\n"
        "print(random.random(), uuid.uuid4(), ssl.RAND_bytes(8).hex(), tempfile.mkdtemp(dir='.'))"
    )
    place.begin()
    found = [place.run().lines[0].split() for _ in range(3)]
    assert all(len(set(each)) == len(found) for each in zip(*found, strict=True)), found


def test_what_the_worker_loads_is_loaded_already(place):
    """Else the list in the server has to grow."""
    place.write(
        """
        before = set(sys.modules)
        from civis.client import APIClient
        from civis.parallel import _files
        from civis.parallel._api import WORKER_API
        own = set(sys.modules)
        try:
            with APIClient("key", local_api_spec=WORKER_API, retries=0) as client:
                _files.load(client, 1)
        except Exception:
            pass
        print([name for name in set(sys.modules) - own if name.startswith("civis")])
        """
    )
    place.begin()
    lines = place.run(CIVIS_API_ENDPOINT="http://127.0.0.1:9/").lines
    assert place.asked[-1]
    assert lines == ["[]"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("sys.exit(3)", "ended with code 3", id="code"),
        pytest.param("sys.exit('wrong')", "ended with code 1: wrong", id="text"),
        pytest.param("raise ValueError('no')", "code 1: ValueError: no", id="exception"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "ended by signal 9", id="killed"),
        pytest.param("import os; os._exit(4)", "ended with code 4", id="exit at once"),
    ],
)
def test_a_bad_end_is_told_alike(place, body, expected):
    place.begin()
    place.write(body)
    told = []
    for warm in (False, True):
        with pytest.raises(JobFailed, match=expected) as caught:
            place.run(warm=warm)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_what_waits_for_the_end_of_an_interpreter_is_done(place):
    body = """
    import atexit, threading, time
    atexit.register(print, "at exit")
    threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
    print("main", end="\\n")
    """
    place.write(body)
    place.begin()
    assert place.run().lines == ["main", "thread", "at exit"]
    assert place.asked[-1]


def test_a_cancel_ends_all_that_a_program_started(place, tmp_path):
    place.write(
        f"""
        import os, signal, subprocess, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "300"], start_new_session=True)
        open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
        if os.environ.get("CIVIS_RUN_ID"):
            print("interrupt me", flush=True)
            time.sleep(300)
        """
    )
    place.begin()
    with pytest.raises(Interrupted):
        place.run(CIVIS_RUN_ID="1")
    assert place.asked[-1]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "child").read_text()), 0)


@pytest.mark.parametrize(
    "command",
    [
        f"{WORKER} 5; echo done",
        f"export A=b && exec {WORKER} 5",
        f"{WORKER} 5 6",
        f"{WORKER} five",
        f"{WORKER}-2 5",
        f"A=b {WORKER}",
        f"{WORKER} 5 > file",
        f"{WORKER} $FILE",
        f"{WORKER} 5\nexit 0",
    ],
)
def test_only_what_is_plainly_the_workers_is_taken(place, command):
    assert place.recipe(command) is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [(f"exec {WORKER} 5", ["5"]), (WORKER, []), (f"{WORKER} 12", ["12"]), (f"exec {WORKER}\n", [])],
)
def test_the_workers_commands(place, command, expected):
    assert place.recipe(command).arguments[1:] == expected
    assert place.recipe(command, shell="bash") is None


def test_another_environment_is_started_in_the_usual_way(place):
    place.write(
        "import os; print(os.environ.get('PYTHONHASHSEED'), hash('a') == hash('a'), sys.flags.optimize)"
    )
    place.begin()
    assert place.run(PYTHONOPTIMIZE="1").lines == ["None True 1"]
    assert place.run(MY_ARGUMENT="1").lines == ["None True 0"]
    assert place.run().lines == ["None True 0"]
    assert place.asked == [False, False, False, True]


def test_an_argument_is_in_no_servers_environment(place):
    """It may be a password, and the server outlives the run."""
    place.write("import os; print(os.environ.get('LOGIN_PASSWORD'))")
    assert place.run(LOGIN_PASSWORD="secret").lines == ["secret"]
    assert place.warm._servers.get(WORKER) is None
    place.begin()
    assert place.run().lines == ["None"]
    assert place.asked[-1]


def test_another_interpreters_script_is_started_in_the_usual_way(place, tmp_path):
    place.write("print(sys.executable)", python=f"{sys.executable} -s")
    place.run(command=f"true; {WORKER} 5")
    place.run()
    assert place.warm._servers.get(WORKER) is None


def test_a_change_of_what_was_loaded_is_seen(place, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    place.write("import own; print(own.word)")
    (package / "own.py").write_text("word = 'old'")
    place.folder.joinpath("bin", "own.py").write_text("word = 'old'")
    place.begin()
    assert place.run().lines == ["old"]
    assert place.asked[-1]
    first = place.warm._servers.get(WORKER)
    place.write("import own; print(own.word, 'and new')")
    # Asked, but not taken: the script is another one now.
    assert place.run().lines == ["old and new"]
    end = time.monotonic() + 10
    while place.warm._servers.get(WORKER) is first and time.monotonic() < end:
        assert place.run().lines == ["old and new"]
    assert place.warm._servers.get(WORKER) is not first


def test_a_server_that_was_killed_is_replaced(place):
    place.begin()
    server = place.warm._servers.get(WORKER)
    assert server is not None
    server._process.kill()
    server._process.wait()
    assert place.run().lines == ["here"]
    place.begin()
    assert place.warm._servers.get(WORKER) is not server
    assert place.run().lines == ["here"]
    assert place.asked[-1]


def test_a_server_that_cannot_start_is_not_tried_again(place, monkeypatch, tmp_path):
    broken = tmp_path / "server.py"
    broken.write_text("raise SystemExit(1)")
    monkeypatch.setattr(warm_module, "_SERVER", broken)
    place.run()
    server = place.warm._servers.get(WORKER)
    assert server is not None
    server._process.wait()
    for _ in range(3):
        assert place.run().lines == ["here"]
    assert place.warm._servers.get(WORKER) is None
    assert not any(place.asked)


def test_a_folder_that_is_gone_is_told_as_ever(place):
    place.begin()
    texts = []
    for warm in (False, True):
        context: Any = ListedLog(place.warm if warm else None)
        environment = {"PATH": os.pathsep.join([str(place.folder / "bin"), os.environ["PATH"]])}
        program = Program(["sh", "-c", WORKER], place.folder / "gone", environment)
        with pytest.raises(JobFailed, match="cannot be started") as caught:
            run_process(context, program)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
    assert place.asked[-1]


def test_the_end_of_the_platform_ends_server_and_programs(tmp_path):
    """Even if it is killed."""
    source = f"""
import os, sys, threading, time
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from pathlib import Path
from tests.local.jobs.test_warm import ListedLog, Place, WarmWorkers
place = Place(Path({str(tmp_path)!r}), WarmWorkers())
place.write("import os, time; print('here', flush=True); os.environ.get('CIVIS_RUN_ID') and time.sleep(300)")
place.begin()
print(place.warm._servers["civis_joblib_worker"]._process.pid, flush=True)
class Telling(ListedLog):
    def log_entries(self, entries):
        print("running", flush=True)
import tests.local.jobs.test_warm as module
module.ListedLog = Telling
place.run(CIVIS_RUN_ID="1")
"""
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as platform:
        assert platform.stdout is not None
        server = int(platform.stdout.readline())
        assert platform.stdout.readline() == "running\n"
        platform.kill()
    word = str(tmp_path / "bin")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        listed = subprocess.check_output(["ps", "-eo", "pid,args"], text=True).split("\n")
        left = [line for line in listed if word in line or line.strip().startswith(f"{server} ")]
        if not left:
            return
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.kill(server, 9)
    raise AssertionError(left)


def test_the_installed_script_is_found():
    folders = os.pathsep.join([sysconfig.get_path("scripts"), str(Path(sys.executable).parent)])
    if shutil.which(WORKER, path=folders) is None:
        pytest.skip("the package is not installed")
    program = Program(["sh", "-c", WORKER], Path.cwd(), {"PATH": folders})
    found = recipe_for(program)
    assert found is not None
    assert Path(found.source.place).name == WORKER

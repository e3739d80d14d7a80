"""Kill the workers of a sweep: three processes on one PostgreSQL, two of them killed in the middle of a trial.

`python .ci/wild/sweeps.py [--quick]`: five rounds (one with --quick) of a 3 × 3 × 3 grid, each held against the rows
of one process; in the last round the server, too, is stopped and started again. The server is Debian's, started on a
free port in a temporary folder and stopped at the end; where there is none, SQLite takes its place, and a line says so.
"""
import argparse, os, pwd, random, shutil, signal, socket, subprocess, sys, tempfile, time
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from steernb.lab.trials import Queue, Sweep
from steernb.record import log_step, read_log

GRID = Sweep(dict(lr=(1e-3, 1e-2, 1e-1), r=(4, 8, 16), seed=(0, 1, 2)), metric="score", retries=20)

def trial(settings, folder):
    "Stand for a training: steps that take a while, and a score that only the settings decide"
    draw = random.Random(repr(settings))
    (folder/"pid").write_text(str(os.getpid()))
    for step in range(len(read_log(folder/"metrics.jsonl")[0]), 4): # goes on where it was killed
        time.sleep(.3)
        log_step(folder, dict(step=step, eval_loss=1 / (1 + step)))
    return dict(score=draw.random())

def programs():
    "The folder of PostgreSQL's programs, or None"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None

@contextmanager
def postgres():
    "A server of its own: the URL of its database"
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    bin, data = programs(), folder/"data"
    root = hasattr(os, "geteuid") and os.geteuid() == 0 # the server refuses to run as root
    user = "postgres" if root else pwd.getpwuid(os.geteuid()).pw_name
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if root else []
    if root: shutil.chown(folder, user)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    def do(program, *args):
        subprocess.run([*as_user, bin/program, *args], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        do("initdb", "-D", data, "-U", "steernb", "-A", "trust")
        do("pg_ctl", "-D", data, "-w", "-l", folder/"log", "-o", f"-p {port} -h 127.0.0.1 -k {folder} -F", "start")
        def again(): do("pg_ctl", "-D", data, "-w", "-m", "fast", "-l", folder/"log", "restart")
        try: yield f"postgresql://steernb@127.0.0.1:{port}/postgres", again
        finally: do("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally: shutil.rmtree(folder, ignore_errors=True)

def worker(asked, ready):
    "Work on a sweep once all processes are there"
    queue = Queue(**asked)
    ready.wait()
    queue.work(trial)

def at_work(root, pid):
    "Whether a process is in the middle of a trial"
    for file in root.glob("*/pid"):
        own = file.read_text() == str(pid) and not (file.parent/"trial.json").exists()
        if own and read_log(file.parent/"metrics.jsonl")[0]: return True
    return False

def killed_round(seed, url, root, again=None):
    "One sweep by three workers, two of them killed; its queue"
    asked = dict(sweep=GRID, root=root, storage=url, what=f"round {seed}", beat=1)
    queue, draw, spawn = Queue(**asked), random.Random(seed), get_context("spawn")
    queue.settle()
    ready = spawn.Barrier(4)
    workers = [spawn.Process(target=worker, args=(asked, ready)) for _ in range(3)]
    for w in workers: w.start()
    ready.wait()
    for w in draw.sample(workers, 2):
        time.sleep(draw.uniform(0, 1))
        while not at_work(root, w.pid) and w.is_alive(): time.sleep(.02)
        os.kill(w.pid, signal.SIGKILL)
    if again: again()
    for w in workers: w.join(300)
    return queue, [w.exitcode for w in workers]

def problems(queue, codes, expected):
    "What is wrong with a round"
    states = [t.state.name for t in queue.study.get_trials(deepcopy=False)]
    done = [repr(t.params) for t in queue.study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"]
    if len(done) != 27: yield f"{len(done)} trials have ended well, not 27: {states}"
    if len({*done}) < len(done): yield "a trial was doubled"
    found = rows(queue)
    if not found.equals(expected): yield f"rows differ from those of one process: {found.compare(expected)}"
    logs = {len(read_log(f.parent/"metrics.jsonl")[0]) for f in queue.root.glob("*/trial.json")}
    if logs != {4}: yield f"a trial has {logs} steps, not 4"
    if sorted(codes) != [-9, -9, 0]: yield f"exit codes {codes}"
    if queue.table().killed.sum() < 2: yield "no trial was in the middle when its worker was killed"

def rows(queue):
    "What came out, without the story of how"
    return queue.table().drop(columns="killed").sort_values("trial", ignore_index=True)

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round")
    rounds = range(1 if parser.parse_args(argv).quick else 5)
    passed = failed = 0
    folder = Path(tempfile.mkdtemp(prefix="sweep"))
    try:
        with postgres() if programs() and find_spec("psycopg") else local(folder) as (url, again):
            alone = Queue(GRID, folder/"alone", url, "one process", beat=1)
            alone.work(trial)
            expected = rows(alone)
            for seed in rounds:
                queue, codes = killed_round(seed, url, folder/f"round{seed}", again if seed == rounds[-1] else None)
                wrong = list(problems(queue, codes, expected))
                word, killed = "FAIL" if wrong else "ok", queue.table().killed.sum()
                print(f"{word}   round {seed}: {killed} trials killed", *wrong, flush=True)
                passed, failed = passed + (not wrong), failed + bool(wrong)
    finally: shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0

@contextmanager
def local(folder):
    "SQLite in the place of a server"
    print("no PostgreSQL (Debian's package postgresql, Python's psycopg): SQLite takes its place")
    yield f"sqlite:///{folder/'sweep.db'}", None

if __name__ == "__main__": sys.exit(main())

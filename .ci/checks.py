"""Every check of `make test`: `python .ci/checks.py [words] [--random-order [SEED]]` runs those whose name contains a
word, or all.

All of it happens in a temporary copy of the files that git knows or would add, so a dirty tree works and stays as it
is. A check is a function with the decorator `@check("name")` (house.py, docs.py). Each runs in a forked process
(torch and its friends are imported once, before), two at a time. In the end the failed ones are named again, beside
the slowest; the last line is `N passed, N failed`. A random order also gives the notebooks another seed than 0 for
draws that they do not seed, so that an example which depends on one is found.
"""
import argparse, contextlib, importlib, io, json, multiprocessing, os, random, re, signal, sys, tempfile, time
import traceback
from multiprocessing.connection import wait
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import CHECKS, ROOT, Skip, cells, copy_tree, notebooks, source
import house, docs # noqa: F401  fill CHECKS

WORKERS, LIMIT = 2, 1500               # processes at a time, seconds for one check
SEED = 0                               # of the draws that a notebook does not seed
HEAVY = """torch transformers transformers.models.qwen3.modeling_qwen3 peft accelerate datasets pandas scipy.stats
    statsmodels.api sklearn.decomposition matplotlib.pyplot seaborn ipywidgets tyro fastcore.all nbdev.test
    nbdev.showdoc nbdev.processors""".split()

def run_notebook(path):
    "nbdev's own test of a notebook, without the cells that `tst_flags` leaves out"
    from nbdev.config import get_config
    from nbdev.test import test_nb
    flags = get_config().tst_flags.split()
    from steernb.core import seed_all
    seed_all(SEED)
    off = re.compile(rf"^\s*#\|\s*({'|'.join(flags)}|eval:\s*false)\s*$", flags=re.M)
    left_out = sum(bool(off.search(source(c))) for c in cells(path))
    passed, seconds = test_nb(path.absolute(), skip_flags=flags, basepath=Path.cwd())
    assert passed, "a cell raised"
    if seconds == 0: raise Skip("skip_exec")
    return f"{left_out} slow or gpu cells left out" if left_out else ""

def child(name, job, result, log):
    "Run one job in its own process group; write its lines [status, name, note] to `result`"
    os.setsid()
    with open(log, "w", buffering=1) as f:
        os.dup2(f.fileno(), 1)
        os.dup2(f.fileno(), 2)
    lines = []
    def one(name, f):
        try: lines.append(["ok", name, f() or ""])
        except Skip as e: lines.append(["skip", name, str(e)])
        except BaseException as e:
            lines.append(["FAIL", name, str(e) if isinstance(e, AssertionError) else traceback.format_exc()])
    def all_of():
        got = job()
        if not hasattr(got, "send"): return got
        for sub, f in got: one(sub, f)
    one(name, all_of)
    if len(lines) > 1 and lines[-1][0] == "ok": lines.pop()      # a job of several lines needs none of its own
    Path(result).write_text(json.dumps(lines))
    sys.stdout.flush()
    os._exit(0)

def kill(p):
    with contextlib.suppress(ProcessLookupError): os.killpg(p.pid, signal.SIGKILL)

def indented(text, mark): return "\n".join(f"       {mark} {line}" for line in text.splitlines())

def ended(p, name, base, took, late):
    "Wait for a job, print its lines, return them as (status, name, seconds, note)"
    if late: kill(p)
    p.join()
    result, log = Path(f"{base}.json"), Path(f"{base}.log")
    why = f"stopped after {LIMIT} s" if late else f"died with exit code {p.exitcode}"
    lines = json.loads(result.read_text()) if result.exists() else [["FAIL", name, why]]
    for status, name, note in lines:
        short = f" ({note})" if note and status != "FAIL" else ""
        print(f"{status:4} {took:6.1f} s  {name}{short}", flush=True)
        if status == "FAIL": print(indented(note, "|"), flush=True)
    if any(status == "FAIL" for status, _, _ in lines) and log.exists():
        print(indented("\n".join(log.read_text(errors="replace").splitlines()[-60:]), ">"), flush=True)
    return [(status, name, took, note) for status, name, note in lines]

def run(jobs, tmp):
    "Run `jobs` ({name: function}), print a line for each result, return [(status, name, seconds, note)]"
    results, queue, running = [], list(jobs.items()), {}
    fork = multiprocessing.get_context("fork")
    try:
        while queue or running:
            while queue and len(running) < WORKERS:
                name, job = queue.pop(0)
                base = tmp/f"job{len(queue)}"
                p = fork.Process(target=child, args=(name, job, f"{base}.json", f"{base}.log"))
                p.start()
                running[p.sentinel] = p, name, base, time.time()
            done = wait(list(running), timeout=5)
            late = [s for s, (_, _, _, t) in running.items() if time.time() - t > LIMIT]
            for s in {*done, *late}:
                p, name, base, t = running.pop(s)
                results += ended(p, name, base, time.time() - t, s in late)
    finally:
        for p, *_ in running.values(): kill(p)
    return results

def print_end(results, seconds):
    "The slowest jobs, the failed checks once more, and the counts"
    jobs = {}
    for _, name, took, _ in results: jobs.setdefault(took, name)    # lines of one job have one time
    print(f"{seconds:.0f} s in all, the slowest:")
    for took in sorted(jobs, reverse=True)[:10]: print(f"     {took:6.1f} s  {jobs[took]}")
    for status, name, _, note in results:
        if status == "skip": print(f"skip           {name} ({note})")
    for status, name, _, note in results:
        if status != "FAIL": continue
        lines = note.strip().splitlines() or [""]
        print(f"FAIL           {name}: {lines[-1 if lines[0].startswith('Traceback') else 0][:200]}")
    count = {s: sum(r[0] == s for r in results) for s in ("ok", "FAIL", "skip")}
    skipped = f", {count['skip']} skipped" if count["skip"] else ""
    print(f"{count['ok']} passed, {count['FAIL']} failed{skipped}")
    return 1 if count["FAIL"] or not count["ok"] else 0

def chosen(args):
    "The jobs to run, the longest first, or in a random order"
    global SEED
    jobs = {"docs": CHECKS.pop("docs")}
    jobs |= {f"notebook {p}": (lambda p=p: run_notebook(p)) for p in notebooks()} | CHECKS
    jobs = {n: f for n, f in jobs.items() if not args.words or any(w in n for w in args.words)}
    if not jobs: sys.exit(f"no check's name contains {' or '.join(args.words)}")
    if args.random_order is None: return jobs
    SEED = random.randrange(1, 10**6) if args.random_order < 0 else args.random_order
    print(f"random order, seed {SEED} (again with --random-order {SEED})", flush=True)
    return dict(random.Random(SEED).sample(list(jobs.items()), len(jobs)))

def main(argv):
    start = time.time()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only checks whose name contains one of these")
    parser.add_argument("--random-order", nargs="?", type=int, const=-1, metavar="SEED",
                        help="shuffle the checks; without a number the seed is drawn")
    args = parser.parse_args(argv)
    os.environ.setdefault("STEERNB_SHARED", str(ROOT.parent/"shared"))
    os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", MPLBACKEND="Agg", STEERNB_QUIET="1")
    with tempfile.TemporaryDirectory(prefix="steernb_") as tmp:
        here = copy_tree(Path(tmp)/"steernb")
        os.chdir(here)
        os.environ["PYTHONPATH"] = str(here)
        sys.path.insert(0, str(here))
        jobs = chosen(args)
        before = {str(p) for p in Path(".").rglob("*")}
        with contextlib.redirect_stderr(io.StringIO()):
            for name in HEAVY: importlib.import_module(name)
        assert "steernb" not in sys.modules
        sys.modules["torch"].set_num_threads(1)
        print(f"{time.time() - start:4.0f} s to copy the tree and import torch and friends", flush=True)
        results = run(jobs, Path(tmp))
        new = sorted(str(p) for p in Path(".").rglob("*") if str(p) not in before and "__pycache__" not in p.parts)
        if new:
            note = f"it has new files: {', '.join(new[:10])}"
            results.append(("FAIL", "tree: no check leaves files in it", 0., note))
        os.chdir(ROOT)
    return print_end(results, time.time() - start)

if __name__ == "__main__": sys.exit(main(sys.argv[1:]))

"""Run the pages that have `#| slow` cells again and compare their figures with the stored ones:
`python .ci/slow.py [words]`.

A page runs whole, in a copy of the tree, in a kernel of its own; cells that need a GPU and cells that never run are
left out. Every figure of a slow cell's stored output is compared with the new one: they may differ by `--rtol` of their
size or by `--atol`. Times are not compared. The last line is `N passed, N failed`, counted in pages.
"""
import argparse, json, os, re, sys, tempfile, time
from pathlib import Path
from common import ROOT, copy_tree
from outputs import differences, figures, shown

DEAR = { # pages that a night does not run unless `--dear` asks for them: why
    "journal/2026-11-21-adapter-ablation.ipynb": "50 minutes of training",
    "journal/2026-11-21-adapter-sweeps.ipynb": "an hour of training",
    "journal/2026-11-22-pairs-and-passes.ipynb": "an hour of training",
}
SPEED = { # cells whose figures are times or ratios of times; they run, and are not compared
    "model.states": ["c095"], "direction.fisher": ["c058"], "eval.score": ["c076"], "adapter.innerpissa": ["c071"],
}

def options(source):
    "The words of the `#|` lines of a cell"
    return {line.split(":")[0].split()[0] for line in re.findall(r"^\s*#\|\s*(\S.*?)\s*$", source, flags=re.M)}

def slow_pages():
    "Notebooks that have a slow cell"
    for path in sorted(p for folder in ("nbs", "journal") for p in Path(folder).rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        if any("slow" in options("".join(c["source"])) for c in cells if c["cell_type"] == "code"): yield path

def shared_folder(): return Path(os.environ["STEERNB_SHARED"]).is_dir()

def never_runs(source):
    "Whether a cell is left out"
    return "gpu" in options(source) or bool(re.search(r"^#\|\s*eval:\s*false", source, flags=re.M))

def run(path, timeout):
    "The page's cells with new outputs"
    import nbformat
    from nbclient import NotebookClient
    nb = nbformat.read(path, as_version=4)
    for c in nb.cells:
        if c.cell_type == "code" and never_runs(c.source): c.source = ""
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(nb, timeout=timeout, kernel_name="python3", resources=where).execute()
    return nb.cells

def compare(path, args):
    "Lines that say which cells of a page differ"
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    timed = SPEED.get(re.sub(r"^\d+_", "", path.stem), ())
    for i, (old, new) in enumerate(zip(stored, run(path, args.timeout))):
        if "slow" not in options(new.source) or not old.get("outputs") or old.get("id") in timed: continue
        was, now = shown(old["outputs"]), shown(new.outputs)
        if not shared_folder() and not figures(now): continue  # it reads outside data, which are not here
        found = differences(was, now, args.rtol, args.atol)
        if not found: continue
        yield f"cell {i} ({old.get('id')}): {len(found)} of {len(figures(was))} figures differ: {'; '.join(found[:6])}"

def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only pages whose name contains one of these")
    parser.add_argument("--rtol", type=float, default=.02, help="share by which a figure may differ")
    parser.add_argument("--atol", type=float, default=.011, help="amount by which it may; figures have two digits")
    parser.add_argument("--timeout", type=int, default=5400, help="seconds for one cell")
    parser.add_argument("--dear", action="store_true", help="also the pages that take most of an hour")
    parser.add_argument("--part", default="1/1", help="2/3: the second third of the pages")
    return parser.parse_args(argv)

def tried(path, args):
    "What differs on a page, or the error that it ends with"
    try: return list(compare(path, args))
    except Exception as e: return [f"{type(e).__name__}: {(str(e).strip() or ' ').splitlines()[-1][:300]}"]

def main(argv=None):
    args = arguments(argv)
    part, parts = map(int, args.part.split("/"))
    os.environ.setdefault("STEERNB_SHARED", str(ROOT.parent/"shared"))
    os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", MPLBACKEND="Agg", STEERNB_QUIET="1")
    passed, failed = 0, []
    with tempfile.TemporaryDirectory(prefix="steernb_") as tmp:
        os.chdir(copy_tree(Path(tmp)/"steernb"))
        os.environ["PYTHONPATH"] = os.getcwd()
        pages = [p for p in slow_pages() if not args.words or any(w in str(p) for w in args.words)]
        for path in pages[part - 1::parts]:
            if str(path) in DEAR and not args.dear:
                print(f"skip            {path} ({DEAR[str(path)]}; --dear runs it)", flush=True)
                continue
            start = time.time()
            found = tried(path, args)
            print(f"{'FAIL' if found else 'ok':4} {time.time() - start:8.0f} s  {path}", flush=True)
            for f in found: print(f"       | {f}", flush=True)
            passed += not found
            if found: failed.append(path)
        os.chdir(ROOT)
    if failed: print("failed:", *failed, sep="\n  ")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0

if __name__ == "__main__": sys.exit(main())

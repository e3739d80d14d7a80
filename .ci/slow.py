"""Run the pages that have `#| slow` cells again and compare their figures with the stored ones: `python .ci/slow.py [words]`.

A page runs whole, in a copy of the tree, in a kernel of its own; cells that need a GPU and cells that never run are left out.
Every figure of a slow cell's stored output is compared with the new one: they may differ by `--rtol` of their size or by `--atol`.
Times are not compared. The last line is `N passed, N failed`, counted in pages.
"""
import argparse, html, json, math, os, re, sys, tempfile, time
from pathlib import Path
from checks import ROOT, copy_tree

DEAR = { # pages that a night does not run unless `--dear` asks for them: why
    "journal/2026-11-21-adapter-ablation.ipynb": "50 minutes of training",
    "journal/2026-11-21-adapter-sweeps.ipynb": "an hour of training",
    "journal/2026-11-22-pairs-and-passes.ipynb": "an hour of training",
}
SPEED = { # cells whose figures are times or ratios of times; they run, and are not compared
    "nbs/08_model.capture.ipynb": ["c095"], "nbs/21_direction.fisher.ipynb": ["c058"], "nbs/42_eval.score.ipynb": ["c076"],
    "nbs/51_adapter.innerpissa.ipynb": ["c071"],
}
FIGURE = re.compile(r"(?<![\w.])[-+−]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?", flags=re.I)
TIME = re.compile(r"[\d.:]+\s*(?:ms|µs|s|sec|seconds?|min|minutes?|h|hours?|MB|GB)\b|\d{4}-\d\d-\d\d[T ][\d:.]*Z?|\d{8}T\d{6,}Z")

def options(source):
    "The words of the `#|` lines of a cell"
    return {w for line in re.findall(r"^\s*#\|\s*(.+?)\s*$", source, flags=re.M) for w in [line.split(":")[0].split()[0]]}

def slow_pages():
    "Notebooks that have a slow cell"
    for path in sorted(p for folder in ("nbs", "journal") for p in Path(folder).rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        if any("slow" in options("".join(c["source"])) for c in cells if c["cell_type"] == "code"): yield path

def shown(outputs):
    "What a reader sees of outputs, as text without times"
    parts = []
    for o in outputs:
        data = {k: "".join(v) for k, v in o.get("data", {}).items() if k.startswith("text/")}
        if o["output_type"] == "stream" and o["name"] == "stdout": parts.append("".join(o["text"]))
        elif "text/html" in data and "<table" in data["text/html"]:
            table = re.sub(r"<style.*?</style>|<script.*?</script>", "", data["text/html"], flags=re.S)
            parts.append(html.unescape(re.sub(r"<[^>]+>", " ", table)))
        elif data: parts.append(data.get("text/markdown") or data.get("text/plain") or "")
    return TIME.sub("", re.sub(r" at 0x\w+", "", "\n".join(parts)))

def figures(text): return [float(f.replace("−", "-").replace(",", "")) for f in FIGURE.findall(text)]

def differences(old, new, rtol, atol):
    "How the text `new` differs from `old`: other words, another number of figures, or figures further apart than allowed"
    a, b = figures(old), figures(new)
    if len(a) != len(b): return [f"{len(a)} figures are stored, {len(b)} came"]
    far = [f"{x:g} → {y:g}" for x, y in zip(a, b) if not math.isclose(x, y, rel_tol=rtol, abs_tol=atol)]
    words = [" ".join(FIGURE.sub("#", t).split()) for t in (old, new)]
    return far or (["other words"] if words[0] != words[1] else [])

def shared_folder(): return Path(os.environ["STEERNB_SHARED"]).is_dir()

def run(path, timeout):
    "The page's cells with new outputs"
    import nbformat
    from nbclient import NotebookClient
    nb = nbformat.read(path, as_version=4)
    for c in nb.cells:
        off = c.cell_type == "code" and ({"gpu"} & options(c.source) or re.search(r"^#\|\s*eval:\s*false", c.source, flags=re.M))
        if off: c.source = ""
    client = NotebookClient(nb, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    return nb.cells

def compare(path, args):
    "Lines that say which cells of a page differ"
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for i, (old, new) in enumerate(zip(stored, run(path, args.timeout))):
        if "slow" not in options(new.source) or not old.get("outputs") or old.get("id") in SPEED.get(str(path), ()): continue
        if not shared_folder() and not figures(shown(new.outputs)): continue  # it reads outside data, which are not here
        found = differences(shown(old["outputs"]), shown(new.outputs), args.rtol, args.atol)
        total = len(figures(shown(old["outputs"])))
        if found: yield f"cell {i} ({old.get('id')}): {len(found)} of {total} figures differ: {'; '.join(found[:6])}"

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only pages whose name contains one of these")
    parser.add_argument("--rtol", type=float, default=.02, help="share by which a figure may differ")
    parser.add_argument("--atol", type=float, default=.011, help="amount by which a figure may differ; figures are stored with two digits")
    parser.add_argument("--timeout", type=int, default=5400, help="seconds for one cell")
    parser.add_argument("--dear", action="store_true", help="also the pages that take most of an hour")
    parser.add_argument("--part", default="1/1", help="2/3: the second third of the pages")
    args = parser.parse_args(argv)
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
            try: found = list(compare(path, args))
            except Exception as e: found = [f"{type(e).__name__}: {str(e).strip().splitlines()[-1][:300] if str(e).strip() else ''}"]
            print(f"{'FAIL' if found else 'ok':4} {time.time() - start:8.0f} s  {path}", *(f"       | {f}" for f in found), sep="\n", flush=True)
            passed += not found
            if found: failed.append(path)
        os.chdir(ROOT)
    if failed: print("failed:", *failed, sep="\n  ")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0

if __name__ == "__main__": sys.exit(main())

"""What notebooks have stored, before and after a change: `python .ci/outputs.py OLD [NEW]` compares the outputs of two
commits (NEW: the working tree if it is left out), cell by cell, and prints where a figure or a word differs.

Cells are found again by page and id, also where the page has another number, and by their text where they moved to
another page. The last line is `N cells the same, N differ, N without an output now`.
"""
import argparse, html, json, math, re, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIGURE = re.compile(r"(?<![\w.])[-+−]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?", flags=re.I)
TIME = re.compile(r"[\d.:]+\s*(?:ms|µs|s|sec|seconds?|min|minutes?|h|hours?|MB|GB)\b"
                  r"|\d{4}-\d\d-\d\d[T ][\d:.]*Z?|\d{8}T\d{6,}Z")

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

def figures(text):
    "The numbers in a text"
    return [float(f.replace("−", "-").replace(",", "")) for f in FIGURE.findall(text)]

def differences(old, new, rtol=0., atol=0.):
    "How the text `new` differs: other words, another number of figures, or figures further apart than allowed"
    a, b = figures(old), figures(new)
    if len(a) != len(b): return [f"{len(a)} figures are stored, {len(b)} came"]
    far = [f"{x:g} → {y:g}" for x, y in zip(a, b) if not math.isclose(x, y, rel_tol=rtol, abs_tol=atol)]
    words = [" ".join(FIGURE.sub("#", t).split()) for t in (old, new)]
    return far or (["other words"] if words[0] != words[1] else [])

def git(*args):
    p = subprocess.run(["git", "-c", "safe.directory=*", *args], cwd=ROOT, capture_output=True, check=True)
    return p.stdout.decode("utf-8")

def pages(commit):
    "{page: {cell: text that its outputs show}} of a commit, or of the working tree; a page has no number"
    if commit: names = git("ls-tree", "-r", "--name-only", commit, "nbs", "journal").splitlines()
    else: names = [p.relative_to(ROOT).as_posix() for f in ("nbs", "journal") for p in (ROOT/f).rglob("*.ipynb")]
    found = {}
    for name in sorted(n for n in names if n.endswith(".ipynb")):
        text = git("show", f"{commit}:{name}") if commit else (ROOT/name).read_text(encoding="utf-8")
        cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
        found[re.sub(r"/\d\d_", "/", name)] = {c["id"]: shown(c["outputs"]) for c in cells}
    return found

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", help="commit before the change")
    parser.add_argument("new", nargs="?", help="commit after it; none: the working tree")
    parser.add_argument("--rtol", type=float, default=0., help="share by which a figure may differ")
    parser.add_argument("--atol", type=float, default=0., help="amount by which a figure may differ")
    args = parser.parse_args(argv)
    old, new = pages(args.old), pages(args.new)
    by_text = {" ".join(text.split()) for page in new.values() for text in page.values()}
    count = dict(same=0, differ=0, gone=0)
    for page, cells in old.items():
        for cell, text in cells.items():
            if not text.strip(): continue
            now = new.get(page, {}).get(cell, "")
            found = differences(text, now, args.rtol, args.atol)
            if not found or " ".join(text.split()) in by_text: count["same"] += 1
            elif now.strip():
                count["differ"] += 1
                print(f"{page} {cell}: {len(found)} of {len(figures(text))} figures: {'; '.join(found[:8])}")
                if found == ["other words"]: print(*changed_lines(text, now), sep="\n")
            else:
                count["gone"] += 1
                print(f"{page} {cell}: nothing is stored now; it was {' '.join(text.split())[:90]!r}")
    print(f"{count['same']} cells the same, {count['differ']} differ, {count['gone']} without an output now")
    return int(count["differ"] + count["gone"] > 0)

def changed_lines(old, new, n=3):
    "The first lines that differ"
    pairs = [(a, b) for a, b in zip(old.splitlines(), new.splitlines()) if a.split() != b.split()]
    return [f"    - {a.strip()[:110]}\n    + {b.strip()[:110]}" for a, b in pairs[:n]]

if __name__ == "__main__": sys.exit(main())

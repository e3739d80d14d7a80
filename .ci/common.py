"""What the checks share: the table of checks, a copy of the tree, what notebooks hold, problems as a failure."""
import contextlib, json, os, shutil, subprocess, sys, tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKS = {}

class Skip(Exception):
    "Nothing to check here; the text says why"

def check(name):
    "Decorator: a check raises to fail, raises `Skip` to be skipped, and may return a note or yield (name, function)"
    def add(f):
        CHECKS[name] = f
        return f
    return add

def copy_tree(dst):
    "Copy the files that git tracks or would add to `dst`"
    command = ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if not (ROOT/name).is_file(): continue
        (dst/name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT/name, dst/name)
    return dst

@contextlib.contextmanager
def own_copy():
    "A second copy of the checked tree, for a check that writes into it"
    with tempfile.TemporaryDirectory(prefix="steernb_") as tmp:
        old, new = Path.cwd(), Path(tmp)/"steernb"
        shutil.copytree(old, new)
        os.chdir(new)
        try: yield new
        finally: os.chdir(old)

def none(problems, what):
    "Fail with the list of `problems`, if there are any"
    problems = list(problems)
    assert not problems, f"{len(problems)} {what}:\n" + "\n".join(f"  {p}" for p in problems[:40])

def notebooks(): return sorted(p for folder in ("nbs", "journal") for p in Path(folder).rglob("*.ipynb"))
def quarto_pages():
    below = (p for folder in ("nbs", "journal") for p in Path(folder).rglob("*.qmd"))
    return sorted([*Path(".").glob("*.qmd"), *below])

def cells(path, kind="code"):
    return [c for c in json.loads(Path(path).read_text(encoding="utf-8"))["cells"] if c["cell_type"] == kind]

def source(cell): return "".join(cell["source"])

def python(code, timeout=600, cwd=None):
    "What a program prints; fails with what it says if it ends badly"
    p = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, cwd=cwd,
                       stdin=subprocess.DEVNULL)
    assert p.returncode == 0, p.stdout[-2000:] + p.stderr[-4000:]
    return p.stdout

def tool(*command):
    "Run a tool of the environment; fails with what it prints if it ends badly"
    p = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert p.returncode == 0, (p.stdout + p.stderr)[-6000:]
    return p.stdout

def files_under(folder):
    "{name: bytes} of a folder"
    files = (p for p in sorted(Path(folder).rglob("*")) if p.is_file() and "__pycache__" not in p.parts)
    return {str(p): p.read_bytes() for p in files}

def changed(before, after):
    "How the files of a folder differ"
    for n in sorted(before.keys() | after.keys()):
        if n not in before: yield f"{n}: missing"
        elif n not in after: yield f"{n}: has no notebook"
        elif before[n] != after[n]: yield f"{n}: differs"

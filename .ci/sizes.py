"""The table of sizes: `python .ci/sizes.py [words]` prints it for the rooms and pages whose name contains a word, or
all.

Rooms are measured as exported in steernb/*.py. A function is one at the top of a module or of a class, what is defined
inside of it included. Pages are those of the journal: their code beyond imports and calls of the library.
"""
import ast, json, re, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS = dict(wide="lines over 120 columns", long="functions over 1,600 characters", tall="functions over 40 lines",
             many="functions with more than 8 parameters", private="private names imported from another room",
             joined="statements joined by ; or in an assignment of unlike things",
             own="pages with more than 40 lines of their own")
BARS = dict(wide=0, long=0, tall=5, many=5, private=0, joined=0, own=12) # at most so many in the whole project
KB = 1520
COLUMNS, CHARACTERS, LINES, PARAMETERS, OWN = 120, 1600, 40, 8, 40

def rooms():
    "Paths of the exported modules"
    return [p for p in sorted((ROOT/"steernb").rglob("*.py")) if p.name not in ("__init__.py", "_modidx.py")]

def scripts():
    "Paths of the programs beside the library, and of the table of its names"
    programs = sorted(p for folder in (".ci", ".ci/wild", "bench") for p in (ROOT/folder).glob("*.py"))
    return [ROOT/"steernb"/"__init__.py", *programs]

def pages():
    "Paths of the journal's notebooks"
    return sorted((ROOT/"journal").glob("*.ipynb"))

def wide(text):
    "Numbers of the lines that are too long"
    return [i for i, line in enumerate(text.splitlines(), 1) if len(line) > COLUMNS]

def is_function(node): return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))

def functions(tree):
    "Functions of a module and methods of its classes"
    for node in tree.body:
        if is_function(node): yield node.name, node
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{f.name}", f) for f in node.body if is_function(f))

def parameters(f):
    "How many parameters a function has, self and cls left out"
    names = [x.arg for x in [*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs]]
    return len([n for n in names if n not in ("self", "cls")])

def joined(tree):
    "Lines of statements that share a line by `;`, and of tuple assignments whose values are of three kinds or more"
    for node in ast.walk(tree):
        for body in (getattr(node, k, None) for k in ("body", "orelse", "finalbody")):
            if not isinstance(body, list): continue
            yield from (b.lineno for a, b in zip(body, body[1:]) if a.end_lineno == b.lineno)
        if not isinstance(node, ast.Assign): continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len({type(v) for v in value.elts}) > 2:
            yield node.lineno

def imports(tree):
    "Import statements of the library itself"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("steernb")): yield node

def room(path):
    "What the table says of one module: its columns, and the places by column"
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    name = ".".join(path.relative_to(ROOT/"steernb").with_suffix("").parts)
    places = {k: [] for k in BARS}
    own = re.search(r"^# %% (?!auto)", text, flags=re.M)   # nbdev itself writes what stands above the first cell
    head = text[:own.start()].count("\n") if own else 0
    places["wide"] = [f"{name}:{i}" for i in wide(text) if i > head]
    places["joined"] = [f"{name}:{i}" for i in joined(tree)]
    private = (a.name for node in imports(tree) for a in node.names if re.match(r"_(?!space)[a-z]", a.name))
    places["private"] = [f"{name}: {n}" for n in private]
    for f, node in functions(tree):
        high = node.end_lineno - node.lineno + 1
        size = len("\n".join(lines[node.lineno - 1:node.end_lineno]))
        if size > CHARACTERS: places["long"].append(f"{name}.{f} {size}")
        if high > LINES: places["tall"].append(f"{name}.{f} {high}")
        if parameters(node) > PARAMETERS: places["many"].append(f"{name}.{f} {parameters(node)}")
    return dict(name=name, kb=len(text.encode()) / 1000, lines=len(lines), places=places)

def of_library(node, names):
    "Whether an expression is a call of the library, or prints or reads out one: `sn.score(…)`, `print(about(rows))`"
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)): node = node.value
    if isinstance(node, ast.Name): return True
    if not isinstance(node, ast.Call): return isinstance(node, ast.Constant)
    root = node.func
    while isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
        root = root.func if isinstance(root, ast.Call) else root.value
    name = getattr(root, "id", "")
    shown = name in ("print", "display", "Markdown") and all(of_library(a, names) for a in node.args)
    return shown or name in names

def own_lines(sources):
    "How many lines of code cells are neither imports, checks, empty, comments nor calls of the library"
    names, n = {"sn", "steernb"}, 0
    for source in sources:
        tree = ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.M))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("steernb"):
                names |= {a.asname or a.name for a in node.names}
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert)): continue
            if isinstance(node, (ast.Expr, ast.Assign)) and of_library(node.value, names): continue
            lines = source.splitlines()[node.lineno - 1:node.end_lineno]
            n += len([line for line in lines if line.strip() and not line.strip().startswith("#")])
    return n

def page(path):
    "What the table says of a page"
    cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    sources = {c["id"]: "".join(c["source"]) for c in cells}
    name, n = path.relative_to(ROOT).with_suffix("").as_posix(), own_lines(sources.values())
    places = {k: [] for k in BARS} | dict(own=[f"{name} {n}"][:n > OWN])
    places["wide"] = [f"{name} {i}:{line}" for i, text in sources.items() for line in wide(text)]
    return dict(name=name, kb=0, lines=n, places=places)

def script(path):
    "What the table says of a program: only how wide it is"
    name = path.relative_to(ROOT).as_posix()
    found = {k: [] for k in BARS} | dict(wide=[f"{name}:{i}" for i in wide(path.read_text(encoding="utf-8"))])
    return dict(name=name, kb=0, lines=0, places=found)

def table(words=()):
    "All lines whose name contains one of the `words`, or all lines"
    lines = [*map(room, rooms()), *map(page, pages()), *map(script, scripts())]
    return [t for t in lines if not words or any(w in t["name"] for w in words)]

def over(lines):
    "What is above its bar, a line each"
    places = {k: [x for t in lines for x in t["places"][k]] for k in BARS}
    size = sum(t["kb"] for t in lines)
    problems = [f"{len(places[k])} {WORDS[k]} (bar {bar})" for k, bar in BARS.items() if len(places[k]) > bar]
    return [*problems, f"{size:.0f} kB (bar {KB})"] if size > KB else problems

def main(words):
    lines = table(words)
    def shown(name, kb, n, counts):
        print(f"{name:42}{kb and f'{kb:.1f}':>7}{n or '':>7}" + "".join(f"{c or '':>8}" for c in counts))
    print(f"{'room, page':42}{'kB':>7}{'lines':>7}" + "".join(f"{k:>8}" for k in BARS))
    for t in lines:
        counts = [len(t["places"][k]) for k in BARS]
        if t["lines"] or any(counts): shown(t["name"], t["kb"] or "", t["lines"], counts)
    places = {k: [x for t in lines for x in t["places"][k]] for k in BARS}
    shown("together", sum(t["kb"] for t in lines), sum(t["lines"] for t in lines if t["kb"]), map(len, places.values()))
    if words:
        for k in BARS:
            if places[k]: print(f"\n{WORDS[k]}:", *places[k], sep="\n  ")
        return 0
    problems = over(lines)
    print("", *(problems or ["all within their bars"]), sep="\n")
    return bool(problems)

if __name__ == "__main__": sys.exit(main(sys.argv[1:]))

"""Whether the coverage page says what is so: `problems()` names the rows whose cells do not call what the row names.

A row names functions and pages. Each function has to be called on one of the pages, and each page has to call one of
the functions, in a cell that `make test` runs; where only slow cells do, the state says `slow, stored`.
"""
import ast, importlib, inspect, json, re
from functools import cache
from pathlib import Path

STATES = ("works", "partly", "not")
COLLECTIONS = { # a cell that loops over one of these tries every entry: name, or function that lists them -> room
    "SITE_PRESETS": "model.hooks", "FAMILIES": "model.load", "PRESETS": "model.load",
    "contrast_loss": "model.capture", "tasks": "data.tasks",
    "extractor": "direction.contrast", "extractors": "direction.contrast", "FISHER_NAMES": "direction.fisher",
    "operator": "steer.vector", "operators": "steer.vector",
    "family": "adapter.reversible", "families": "adapter.reversible",
    "rotation": "adapter.innerpissa", "scale_s": "adapter.innerpissa", "SVD_PRESETS": "adapter.innerpissa",
    "projection_loss": "adapter.losses", "coherence_form": "adapter.losses",
    "RATES": "weight.sides", "slices": "weight.slices", "slice_maker": "weight.slices", "candidate": "weight.baseline",
    "preset": "data.defaults", "reference": "direction.reference",
}

@cache
def entries(name):
    "The names in a collection"
    found = getattr(importlib.import_module(f"steernb.{COLLECTIONS[name]}"), name)
    return frozenset(found() if inspect.isfunction(found) else found)

def rows(path="journal/coverage.qmd"):
    "The rows of the table: [spec, row, functions, cells, state]"
    lines = [l for l in Path(path).read_text(encoding="utf-8").splitlines() if l.startswith("|")]
    return [[x.strip() for x in re.split(r"(?<!\\)\|", l)[1:-1]] for l in lines[2:]]

class Uses(ast.NodeVisitor):
    "What a code cell uses: names called or handed over, names read, attributes, keywords, words of its texts"
    def __init__(self, source):
        self.called, self.read, self.attributes, self.keywords, self.words = set(), set(), set(), set(), set()
        try: self.visit(ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.M)))
        except SyntaxError: pass
    def visit_Call(self, node):
        for f in [node.func, *node.args, *(k.value for k in node.keywords)]:
            if isinstance(f, ast.Name): self.called.add(f.id)
            if isinstance(f, ast.Attribute): self.called.add(f.attr)
        self.keywords |= {k.arg for k in node.keywords if k.arg}
        self.generic_visit(node)
    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load): self.read.add(node.id)
    def visit_For(self, node):
        self.loop(node.iter)
        self.generic_visit(node)
    def visit_comprehension(self, node):
        self.loop(node.iter)
        self.generic_visit(node)
    def loop(self, over):
        names = {getattr(n, "id", None) or getattr(n, "attr", None) for n in ast.walk(over)}
        for name in names & COLLECTIONS.keys(): self.words |= entries(name)
    def visit_Attribute(self, node):
        self.attributes.add(node.attr)
        self.generic_visit(node)
    def visit_Constant(self, node):
        if isinstance(node.value, str): self.words |= {node.value, *re.split(r"[\s,;/=]+", node.value)}

def uses(cells, wanted):
    "Whether one of the `cells` uses what the text `wanted` names"
    tree = ast.parse(wanted.replace("\\|", "|").replace("…", "..."), mode="eval").body
    return any(used(tree, c) for c in cells)

def used(node, cell):
    "Whether a cell uses the expression `node`"
    if isinstance(node, ast.Name):
        return node.id in cell.called or (not node.id.islower() or node.id in COLLECTIONS) and node.id in cell.read
    if isinstance(node, ast.Attribute): return node.attr in cell.attributes
    if isinstance(node, ast.Subscript): return node.slice.value in cell.words | cell.keywords
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    given = [k.arg in cell.keywords or f"--{k.arg}" in cell.words for k in node.keywords]
    # settings go through other functions: `train_adapter(r=8)` sets `TrainConfig(r=…)`, and so does `--r 8`
    passed_on = bool(node.keywords) and all(given) and not node.func.id.islower()
    return all(given) and all(t in cell.words for t in texts) and (passed_on or used(node.func, cell))

def cells_of(path, slow):
    "Code cells of a page that a reader can try: those that `make test` runs, or (`slow`) the others that ran once"
    out = []
    for c in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
        source = "".join(c["source"])
        words = {w for w in re.findall(r"^#\|\s*([\w]+)", source, flags=re.M)}
        if c["cell_type"] != "code" or "export" in words: continue
        if re.search(r"^#\|\s*eval:\s*false", source, flags=re.M): continue
        if bool({"slow", "gpu"} & words) == slow and "show_doc(" not in source: out.append(Uses(source))
    return out

def problems(path="journal/coverage.qmd"):
    "Rows that are not so"
    cache = {}
    for spec, row, functions, cells, state in rows(path):
        where = f"{spec} {row[:40]}"
        word = re.match(r"\w*", state)[0]
        if word not in STATES: yield f"{where}: the state is works, partly (why) or not (why), not {state!r}"
        if word != "works" and not re.search(r"\(.{8,}\)", state): yield f"{where}: say in brackets why it is {word}"
        if word == "not": continue
        names = [f for f in re.findall(r"`([^`]+)`", functions) if not f.startswith("steernb ")]
        commands = [f.split()[1] for f in re.findall(r"`(steernb \w+)`", functions)]
        pages = [Path(path).parent/t for t in re.findall(r"\]\(([^)#]+\.ipynb)[^)]*\)", cells)]
        if not names + commands: yield f"{where}: names no function"
        slow = "slow, stored" in state
        for p in pages:
            if p not in cache: cache[p] = {s: cells_of(p, s) for s in (False, True)}
        def found(p, name, kinds):
            cells = [c for s in kinds for c in cache[p][s]]
            return uses(cells, name) if name in names else any(name in c.words for c in cells)
        kinds = (False, True) if slow else (False,)
        for name in names + commands:
            if pages and not any(found(p, name, kinds) for p in pages):
                later = any(found(p, name, (True,)) for p in pages)
                hint = " in a cell that runs (say: slow, stored)" if later else ""
                yield f"{where}: {name} is called on none of its pages{hint}"
        for p in pages:
            if not any(found(p, n, (False, True)) for n in names + commands):
                yield f"{where}: {p.name} calls none of {', '.join(names + commands)}"
        if slow and all(any(found(p, n, (False,)) for p in pages) for n in names + commands):
            yield f"{where}: runs in make test, so it is not only slow, stored"

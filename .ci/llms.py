"""llms.txt, what a language model needs to know to write code with steernb: `python .ci/llms.py` writes it from the
names of steernb/__init__.py, the signatures and docstrings of the modules, and their one-line summaries. Nothing is
imported but the table of names."""
import ast, sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """# steernb

> Turn a language model's behaviour with one number, measure honestly what that did, keep the record as a journal.

Everything that steers (a direction, an adapter, a weight difference, a prompt) is an `Intervention`: `with arm(model,
c):` turns it to the coefficient c for the length of a block; c = 0 changes no bit, +1 is the trained strength, −1 its
reverse. `score` asks items under arms at coefficients and gives rows (a DataFrame); statistics take rows and never a
model. A site is a module path as transformers names it. An unknown name raises an error with the nearest known ones.

```python
import steernb as sn
model, tok = sn.load()                                  # the embedded model; or "Qwen/Qwen3-0.6B", a folder
pairs = sn.persona_pairs("honest", "dishonest", n=256, tok=tok)
vec = sn.train_vector(model, tok, pairs, "mean_diff")   # capture, extract; sn.extractors() lists the methods
vec = sn.calibrate(vec, model, tok, kl=.3)              # c = ±1 costs 0.3 nats of KL
with vec(model, 1): model.generate(**inputs)
rows = sn.score(model, tok, sn.task("dilemmas"), {"vec": vec, **sn.lab.random_arms(vec, 16)}, coeffs=[-1, 0, 1])
sn.dose_response(rows)                                  # slope, interval, z among the random arms
```
"""

@cache
def definitions(room):
    "{name: node} of a module"
    tree = ast.parse((ROOT/"steernb"/f"{room.replace('.', '/')}.py").read_text(encoding="utf-8"))
    found = {n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    assigned = [(t.id, n) for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
    return {None: tree} | dict(assigned) | found

def sentence(node):
    "The first sentence of a docstring"
    text = (ast.get_docstring(node) or "").split("\n\n")[0].split("Raises:")[0]
    return " ".join(text.split()).rstrip(".")

def call(node):
    "How a function or class is called, without annotations"
    if isinstance(node, ast.ClassDef):
        own = (f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__")
        node = next(own, None)
        if node is None: return "(…)"
    args = ast.parse(f"def f({ast.unparse(node.args)}): pass").body[0].args
    for a in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
        if a is not None: a.annotation = None
    return f"({', '.join(p for p in ast.unparse(args).split(', ') if p not in ('self', 'cls'))})"

def line(prefix, name, room):
    "The entry of a name"
    node = definitions(room)[name]
    if not isinstance(node, ast.Assign): return f"- `{prefix}.{name}{call(node)}`: {sentence(node)}"
    kind = next((a.value for a in getattr(node.value, "args", []) if isinstance(a, ast.Constant)), name)
    return f"- `{prefix}.{name}`: the registry of each {kind}; `@{name}(\"name\")` adds one"

def text(steernb):
    "The whole file"
    parts = [HEAD, "## Names\n"]
    parts += [line("sn", n, room) for room, names in steernb._verbs.items() for n in names.split()]
    for space, rooms in steernb._spaces.items():
        parts.append(f"\n## sn.{space}\n")
        parts += [line(f"sn.{space}", n, room) for room, names in rooms.items() for n in names.split()]
    parts.append("\n## Modules\n")
    paths = [p for p in sorted((ROOT/"nbs").glob("[0-9][0-9]_*.ipynb"))]
    rooms = [p.stem[3:] for p in paths if (ROOT/"steernb"/f"{p.stem[3:].replace('.', '/')}.py").exists()]
    parts += [f"- `steernb.{room}`: {sentence(definitions(room)[None])}" for room in rooms]
    return "\n".join(parts) + "\n"

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import steernb
    (ROOT/"llms.txt").write_text(text(steernb), encoding="utf-8")

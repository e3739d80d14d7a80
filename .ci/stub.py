"""The stubs beside the lazy `__init__` files, for editors and type checkers: `python .ci/stub.py` writes them from the
tables of steernb/__init__.py."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

def imported(rooms, prefix):
    "Import lines that give the names of rooms, names as themselves"
    named = {room: ", ".join(f"{n} as {n}" for n in names.split()) for room, names in rooms.items()}
    return [f"from {prefix}{room} import {names}" for room, names in named.items()]

def stubs(steernb):
    "{path: text} of every stub"
    spaces = ", ".join(f"{s} as {s}" for s in steernb._spaces)
    head = [f"from . import {spaces}", *imported(steernb._verbs, "."), "", "__version__: str", ""]
    texts = {"__init__.pyi": "\n".join(head), "py.typed": ""}
    for space, rooms in steernb._spaces.items():
        package = (ROOT/"steernb"/space).is_dir()
        path, prefix = (f"{space}/__init__.pyi", "..") if package else (f"{space}.pyi", ".")
        texts[path] = "\n".join([*imported(rooms, prefix), ""])
    return texts

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import steernb
    for name, text in stubs(steernb).items(): (ROOT/"steernb"/name).write_text(text, encoding="utf-8")

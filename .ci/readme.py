"""README.md from nbs/index.ipynb: what nbdev_readme does, without quarto.

Links of the notebook that begin with ../ are relative to the top folder in the README. Pictures are linked
from images/, never stored in the notebook.
"""
import json, re
from pathlib import Path

HEAD = "<!-- Written by `make readme` from nbs/index.ipynb: edit the notebook, not this file. -->\n"

def fenced(text, lang=""): return f"```{lang}\n{text.rstrip()}\n```"

def output(o):
    "One stored output as markdown"
    if o["output_type"] == "stream": return fenced("".join(o["text"]), "text") if o["name"] == "stdout" else ""
    data = o.get("data", {})
    if any(k.startswith("image/") for k in data):
        raise SystemExit("nbs/index.ipynb stores a picture: save it under images/ and link it")
    if "text/markdown" in data: return "".join(data["text/markdown"])
    return fenced("".join(data["text/plain"]), "text") if "text/plain" in data else ""

def render(path):
    "The markdown of the notebook at `path`: its text, code and stored outputs, without hidden cells and directives"
    parts = [HEAD]
    for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown": parts.append(re.sub(r'(\]\(|src=")\.\./', r"\1", source))
        elif cell["cell_type"] == "code":
            flags = re.findall(r"^\s*#\|\s*(.+?)\s*$", source, flags=re.M)
            code = re.sub(r"^\s*#\|.*\n?", "", source, flags=re.M).strip()
            if "hide" in flags: continue
            if code and "echo: false" not in flags: parts.append(fenced(code, "python"))
            parts += filter(None, map(output, cell["outputs"]))
    return "\n\n".join(p.strip("\n") for p in parts) + "\n"

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[1]
    (root/"README.md").write_text(render(root/"nbs/index.ipynb"), encoding="utf-8")

"""README.md from nbs/index.ipynb (what nbdev_readme does, without quarto), and index.qmd, the same as the site's home.

Links of the notebook that begin with ../ are relative to the top folder in both. Pictures are linked from images/,
never stored in the notebook.
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

def home(readme):
    "The site's first page from the text of the README: its title as front matter, pictures with Quarto's alt text"
    title, summary, text = re.fullmatch(r"<!--.*?-->\s*# (.+?)\n\n> (.+?)\n(.*)", readme, flags=re.S).groups()
    front = f'---\ntitle: {title}\npagetitle: {title}\ndescription: "{summary}"\n---\n\n'
    return front + HEAD + re.sub(r"(?m)^!\[(.*)\]\((\S+)\)$", r'![](\2){fig-alt="\1"}', text)

def pages(root):
    "{path: text} of what is written from the notebook"
    readme = render(Path(root)/"nbs/index.ipynb")
    return {Path(root)/"README.md": readme, Path(root)/"index.qmd": home(readme)}

if __name__ == "__main__":
    for path, text in pages(Path(__file__).resolve().parents[1]).items(): path.write_text(text, encoding="utf-8")

"""What Quarto reads as YAML and refuses: cell options, front matter, listings. `problems()` names every line it
would not take."""
import json, re
from pathlib import Path
import yaml

LISTING = set("""id type contents sort max-items page-size sort-ui filter-ui categories feed date-format
    max-description-length image-placeholder image-lazy-loading image-align image-height grid-columns grid-item-border
    grid-item-align table-striped table-hover template template-params fields field-display-names field-types
    field-links field-required include exclude""".split())  # of Quarto 1.7; any other key is an error there
OPTIONS = set("""echo eval output warning error include label classes tags id code-fold code-summary code-overflow
    code-line-numbers fig-alt fig-cap fig-subcap fig-align fig-width fig-height tbl-cap tbl-colwidths layout layout-ncol
    layout-nrow column""".split())
TEXTS = {"fig-alt", "fig-cap", "tbl-cap", "label", "title", "description", "image", "image-alt", "subtitle"}

class Strict(yaml.SafeLoader):
    "YAML as Quarto reads it: a key that comes twice is an error"
    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        for key in keys:
            if keys.count(key) > 1: raise yaml.YAMLError(f"the key {key!r} comes twice")
        return super().construct_mapping(node, deep)

def parsed(text):
    "`text` as a dictionary, and what is wrong with it, or None"
    try: found = yaml.load(text, Strict)
    except (yaml.YAMLError, ValueError) as e: return {}, f"not YAML ({' '.join(str(e).split())}); quote the text"
    if found is None: return {}, None
    if not isinstance(found, dict): return {}, f"no `key: value`: {text.strip()[:60]!r}"
    odd = [k for k in found if k in TEXTS and not isinstance(found[k], str)]
    if odd: return found, f"{odd[0]} is {type(found[odd[0]]).__name__} and no text; quote it"
    return found, None

def option_problems(source):
    "What is wrong with the `#|` lines of a code cell"
    lines = source.splitlines()
    head = next((i for i, l in enumerate(lines) if l.strip() and not l.startswith("#")), len(lines))
    block = [l[2:].removeprefix(" ") for l in lines[:head] if l.startswith("#|")]
    # words without a colon are nbdev's; a line that is indented goes on with the option above it
    options = [l for l in block if ":" in l or l.startswith((" ", "\t", "- "))]
    found, wrong = parsed("\n".join(options))
    if wrong: yield f"`{next((o for o in options if parsed(o)[1]), options[0])[:70]}` is {wrong}"
    cut = [o for o in options if re.match(r"[\w-]+:\s+[^\"'\s].*\s#", o)]
    yield from (f"`{o[:70]}` ends before its # for YAML; quote the text" for o in cut)
    yield from (f"unknown cell option `{k}`" for k in found if k not in OPTIONS)

def listing_problems(front):
    "What is wrong with the `listing` of a page's front matter"
    listings = front.get("listing", [])
    for one in listings if isinstance(listings, list) else [listings]:
        yield from (f"listing has no key `{k}`" for k in (one if isinstance(one, dict) else {}) if k not in LISTING)

def front_matter(text):
    "The YAML between the first two lines of dashes"
    m = re.match(r"\s*---[ \t]*\n(.*?)\n---[ \t]*(\n|$)", text, flags=re.S)
    return m[1] if m else ""

def notebook_problems(path):
    "What is wrong with the options and the front matter of a notebook"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for i, cell in enumerate(cells):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code": yield from (f"cell {i}: {p}" for p in option_problems(source))
        if cell["cell_type"] == "raw" or cell["cell_type"] == "markdown" and i == 0:
            # nbdev takes `- key: value` below the title of the first cell for front matter
            listed = "\n".join(re.findall(r"^-\s+(\S.*:.*\S)\s*$", source, flags=re.M))
            yield from page_problems(front_matter(source) if cell["cell_type"] == "raw" else listed)

def page_problems(text):
    "What is wrong with front matter"
    front, wrong = parsed(text)
    if wrong: yield f"front matter is {wrong}"
    yield from listing_problems(front)

def problems(root=Path(".")):
    "Every line that Quarto would refuse, with its file"
    for path in sorted(p for folder in ("nbs", "journal") for p in (root/folder).rglob("*.ipynb")):
        yield from (f"{path.relative_to(root)}: {p}" for p in notebook_problems(path))
    pages = (p for folder in ("nbs", "journal") for p in (root/folder).rglob("*.qmd"))
    for path in sorted([*root.glob("*.md"), *root.glob("*.qmd"), *pages]):
        wrong = page_problems(front_matter(path.read_text(encoding="utf-8")))
        yield from (f"{path.relative_to(root)}: {p}" for p in wrong)
    for path in [root/"_quarto.yml", root/"CITATION.cff", *sorted((root/".github"/"workflows").glob("*.yml"))]:
        wrong = parsed(path.read_text(encoding="utf-8"))[1]
        if wrong: yield f"{path.relative_to(root)}: {wrong}"

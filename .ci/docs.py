"""The check of the documentation: processed, not built (the site needs quarto). Its lines begin with `docs:`."""
import ast, importlib, json, os, re, shutil, subprocess, warnings
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from common import Skip, cells, check, none, notebooks, own_copy, quarto_pages, source

class Page(HTMLParser):
    "The links, pictures and ids of a page"
    def __init__(self, html):
        super().__init__()
        self.html, self.links, self.images, self.ids = html, [], [], {"", "top"}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.ids |= {a[k] for k in ("id", "name") if a.get(k)}
        if tag == "a" and a.get("href"): self.links.append(a["href"])
        alt = next((a[k] for k in ("alt", "fig-alt", "data-fig-alt") if a.get(k)), "")   # the latter are Quarto's
        if tag == "img": self.images.append((a.get("src") or "", alt.strip()))

def front_matter(path):
    "The YAML at the head of a processed notebook or a qmd page"
    import yaml
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb": text = next(iter(map(source, cells(path, "raw"))), "")
    m = re.match(r"\s*---\n(.*?)\n---", text, flags=re.S)
    return yaml.safe_load(m[1]) if m else {}

def flat_cells(nb):
    "Cells of a notebook as pandoc reads them, and the pictures in their outputs that have no alt text"
    flat, bare = [], []
    for c in nb["cells"]:
        flat.append(c)
        if c["cell_type"] != "code": continue
        c["execution_count"] = c["execution_count"] or 1       # pandoc's reader rejects null
        for o in c["outputs"]:
            if "execution_count" in o: o["execution_count"] = 1
            data = o.get("data", {})
            pictures = [k for k in data if k.startswith("image/")]
            described = re.search(r"^#\|\s*fig-(alt|cap):\s*\S", source(c), flags=re.M)
            if pictures and not described: bare.append(source(c).strip().splitlines()[-1][:60])
            for k in pictures: del data[k]
            # a markdown output (show_doc's entries) becomes a markdown cell, as the site shows it
            if "text/markdown" not in data: continue
            flat.append(dict(cell_type="markdown", metadata={}, source=data["text/markdown"]))
    return flat, bare

def page(path):
    "Render a processed page with pandoc; returns the page and its pictures stored in outputs that have no alt text"
    import pypandoc
    text, bare = path.read_text(encoding="utf-8"), []
    if path.suffix == ".ipynb":
        nb = json.loads(text)
        nb["cells"], bare = flat_cells(nb)
        text = json.dumps(nb)
    kind = {".ipynb": "ipynb+link_attributes+header_attributes", ".md": "gfm"}.get(path.suffix, "markdown")
    return Page(pypandoc.convert_text(text, "html", format=kind, extra_args=["--mathml"])), bare

MENU = "href", "file", "contents", "menu", "left", "right", "auto"

def targets(node):
    "Every file that the navbar and the sidebar of _quarto.yml name"
    if isinstance(node, str): return [node]
    if isinstance(node, list): return [t for n in node for t in targets(n)]
    if not isinstance(node, dict): return []
    return [t for k, v in node.items() if k in MENU for t in targets(v)]

def entry_of(path, name):
    "What a processed page shows of a name"
    shown = (c for c in cells(path) if re.search(rf"^show_doc\({name}[,)]", source(c), flags=re.M))
    return "".join("".join(o.get("data", {}).get("text/markdown", "")) for c in shown for o in c["outputs"])

def undocumented(proc, pages):
    "Public names without an entry, call, parameters, docstring, source or example among the processed pages"
    import steernb
    def written(p): return [s for s in map(source, cells(proc/p)) if not re.match(r"#\|.*\n#\|.*\nshow_doc\(", s)]
    text = {p: "\n".join(written(p)) for p in pages if p.suffix == ".ipynb"}
    silent = re.compile(r"^\| <code>(\*{0,2}\w+)</code> \|  \|(?: [^|]* \|)?  \|$", flags=re.M)
    for name, room in steernb._home.items():
        home = next((p for p in text if re.fullmatch(rf"\d+_{re.escape(room)}", p.stem)), None)
        if home is None:
            yield f"{name}: {room} has no page"
            continue
        entry = entry_of(proc/home, name)
        parts = {"call": rf"```python\n{name}\(", "source": rf"/steernb/{room.replace('.', '/')}\.py#L\d",
                 "docstring": r"```\n\n\w?[^|\s]"}
        if f"{name}()" not in entry: parts["parameters"] = r"^\| <code>"
        missing = (what for what, pattern in parts.items() if not re.search(pattern, entry, flags=re.M))
        yield from (f"{name} ({home}): no {what}" for what in missing)
        unsaid = () if "as in " in entry else (m[1] for m in silent.finditer(entry) if m[1] not in ("model", "tok"))
        yield from (f"{name} ({home}): nothing is said of {k}" for k in unsaid)
        if not any(re.search(rf"\b{name}\b", t) for t in text.values()):
            yield f"{name} ({home}): no example on any page"

def stale_results(path="journal/results.ipynb"):
    "Cells of the results page whose stored output is not what they show now"
    space, here = {}, Path.cwd()
    os.chdir(Path(path).parent)
    try:
        for c in cells(here/path):
            tree = ast.parse(source(c))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, path, "exec"), space)
            shown = eval(compile(ast.Expression(last.value), path, "eval"), space) if last else None
            old = "".join(t for o in c["outputs"] for t in o.get("data", {}).get("text/markdown", []))
            if shown is not None and shown.data != old: yield f"{source(c).strip().splitlines()[-1][:70]}"
    finally: os.chdir(here)

def processed(here):
    "Process every notebook; returns {page: error} of those that fail"
    import nbdev.serve, nbdev.serve_drv
    errors, process = {}, nbdev.serve_drv.main
    def each(job):
        try: process(job)
        except Exception as e: errors[Path(job[0]).resolve().relative_to(here)] = str(e)
    warnings.simplefilter("ignore")
    nbdev.serve_drv.main = each                                # go on after a failure, to name them all
    nbdev.serve.proc_nbs(n_workers=0)
    absent = (p for p in notebooks() if not (here/"_proc"/p).exists())
    return {p: errors.get(p, "left out") for p in absent}

def rendered(proc, wanted):
    "Every page as pandoc makes it, pictures without alt text, and pages that it does not make"
    pages, bare, broken = {}, [], []
    for path in sorted([*wanted, *quarto_pages(), *Path(".").glob("*.md")]):
        if not (proc/path).exists(): continue
        try: pages[path], lacking = page(proc/path)
        except RuntimeError as e:
            broken.append(f"{path}: {e}")
            continue
        hint = "begin the cell with #| fig-alt: what it shows"
        bare += [f"{path}: the picture of the cell `{o}` ({hint})" for o in lacking]
        bare += [f"{path}: {src[:80]}" for src, alt in pages[path].images if not alt]
        alone = re.findall(r"<figcaption[^>]*>(.*?)</figcaption>", pages[path].html)   # Quarto makes alt a caption
        bare += [f"{path}: a picture alone in a paragraph: {c[:60]}" for c in alone if path.suffix == ".ipynb"]
    return pages, bare, broken

def dead_links(proc, pages, cfg):
    "Internal links of the pages that lead nowhere, and how many there are"
    here, dead, n = proc.parent, [], 0
    def output(path): return front_matter(proc/path).get("output-file") or f"{path.stem}.html"
    html = {path.parent/output(path): path for path in pages}
    site = cfg.doc_host.rstrip("/") + cfg.doc_baseurl.rstrip("/") + "/"
    def plain(anchor): return anchor.lower().replace(".", "")   # pandoc drops the dots of `Class.method`
    def target_of(path, link):
        inside = link.startswith(site)
        parts = urlsplit(link[len(site):] if inside else link)
        if parts.scheme or parts.netloc: return None, ""
        if inside or parts.path.startswith("/"): name = Path(unquote(parts.path).lstrip("/"))
        elif parts.path: name = Path(os.path.normpath(path.parent/unquote(parts.path)))
        else: name = path
        return html.get(name, name), parts.fragment
    for path, p in pages.items():
        for link in [*p.links, *(src for src, _ in p.images)]:
            target, anchor = target_of(path, link)
            if target is None: continue
            n += 1
            if not (here/target).exists(): dead.append(f"{path}: {link}")
            elif anchor and target in pages and plain(anchor) not in map(plain, pages[target].ids):
                dead.append(f"{path}: {link} (no such anchor)")
    return dead, n

def lost_targets(here, wanted):
    "Files that _quarto.yml names and that are not there, notebooks that it does not name, and how many it names"
    import yaml
    quarto = yaml.safe_load(Path("_quarto.yml").read_text(encoding="utf-8"))
    menu = targets(quarto["website"]["navbar"]) + targets(quarto["website"]["sidebar"])
    named = [*quarto["project"]["render"], *quarto["project"].get("resources", []), quarto["website"]["image"], *menu]
    def there(t): return any(here.glob(t)) or "*" in t and (here/t).parent.is_dir()
    absent = [t for t in named if not urlsplit(t).scheme and not t.startswith("!") and not there(t)]
    rooms = [p for p in wanted if re.match(r"\d\d_", p.name) or p.parent.name == "tutorials"]
    unlisted = [f"{p} is not in the sidebar" for p in rooms if not any(p.match(t) for t in menu)]
    order = [t for t in menu if re.search(r"/\d\d_", t)]
    if order != sorted(order): unlisted.append("the rooms of the sidebar are not in the order of their numbers")
    return absent + unlisted, len(named)

def lost_terms(path="nbs/glossary.qmd"):
    "Terms of the glossary that name no function, and how many terms there are"
    terms = re.findall(r"^:   (.*)$", Path(path).read_text(encoding="utf-8"), flags=re.M)
    lost = [f"{term[:60]}…: no function" for term in terms if "→" not in term]
    for names, room in re.findall(r"→ ((?:`\w+`(?:, )?)+) \(\[\d+_([\w.]+)\]", "\n".join(terms)):
        home = importlib.import_module(f"steernb.{room}")
        lost += [f"{n} is not in steernb.{room}" for n in re.findall(r"`(\w+)`", names) if not hasattr(home, n)]
    return lost, len(terms)

def missing_fields(proc, pages, version):
    "Pages whose front matter lacks something"
    for path in pages:
        if path.suffix == ".md" or path.name == "index.ipynb": continue
        dated = path.parent.name == "journal" and path.name[:1].isdigit()
        front = front_matter(proc/path)
        fields = ["title", "description", "date", "categories"] if dated else ["title", "description"]
        yield from (f"{path}: {k}" for k in fields if not front.get(k))
        room = path.stem[3:] if re.match(r"\d\d_", path.name) else front.get("title")
        if front.get("title") != room: yield f"{path}: its title is not {room}"
        if dated and not path.name.startswith(str(front.get("date"))):
            yield f"{path}: named for another day than {front.get('date')}"
    for p in ("CITATION.cff", "nbs/cite.qmd"):
        text = Path(p).read_text(encoding="utf-8")
        found = re.findall(r"^\s*version\s*[:=]\s*\{?([\d.]+)", text, flags=re.M)
        if found != [version]: yield f"{p}: version {found[0] if found else None}, settings.ini says {version}"

def made_by(path):
    "Whether a page prints the command that made it"
    return any("made by: " in "".join(o.get("text", [])) for c in cells(path) for o in c.get("outputs", []))

def phone(pages):
    "No page is wider than a phone"
    from phone import WIDTH, chromium, too_wide
    if not chromium(): raise Skip("no Chromium here")
    found = too_wide({str(p): x.html for p, x in pages.items()}, Path("nbs/styles.css").read_text(encoding="utf-8"))
    none((f"{n}: {w} px ({what})" for n, (w, what) in found.items()), f"pages are wider than {WIDTH} px")
    return f"{len(pages)} pages at {WIDTH} px, without Quarto's theme"

def site(proc):
    "The site builds, where Quarto is to be had"
    if not shutil.which("quarto"): raise Skip("processed only: no quarto here")
    p = subprocess.run(["quarto", "render", "--no-cache"], cwd=proc, capture_output=True, text=True)
    assert p.returncode == 0, p.stderr[-3000:]

def counted(problems, what, n, things):
    "Fail with the list of problems, or note how many things were looked at"
    none(problems, what)
    return f"{n} {things}"

def of_all(found, what, things):
    "The same of a list of problems and a number"
    problems, n = found
    return counted(problems, what, n, things)

@check("docs")
def _():
    import steernb
    from nbdev.config import get_config
    with own_copy() as here:
        cfg, wanted = get_config(), notebooks()
        failed = [f"{p}: {why}" for p, why in processed(here).items()]
        why = "notebooks were not (a cell with an import runs without its neighbours: keep imports in their own cell)"
        yield "docs: every notebook is processed", lambda: counted(failed, why, len(wanted), "notebooks")
        proc = here/"_proc"
        pages, bare, broken = rendered(proc, wanted)
        yield ("docs: every page renders with pandoc",
               lambda: counted(broken, "pages do not render", len(pages), "pages; the site itself is not built"))
        yield ("docs: every internal link and picture is there",
               lambda: of_all(dead_links(proc, pages, cfg), "dead links", "links"))
        yield "docs: every picture has alt text", lambda: none(bare, "pictures without alt text")
        yield ("docs: every public name has a page with call, parameters, docstring, source and example",
               lambda: counted(undocumented(proc, pages), "gaps", len(steernb._home), "names"))
        again = "jupyter nbconvert --to notebook --execute --inplace journal/results.ipynb && nbdev_clean"
        yield ("docs: results page shows what the pages store now",
               lambda: none(stale_results(), f"outputs are old ({again})"))
        yield "docs: no page is wider than a phone", lambda: phone(pages)
        yield "docs: Quarto builds the site", lambda: site(proc)
        yield ("docs: _quarto.yml names files that exist, and all notebooks in order",
               lambda: of_all(lost_targets(here, wanted), "targets", "targets"))
        yield ("docs: every term of the glossary names a function",
               lambda: of_all(lost_terms(), "problems", "terms"))
        yield ("docs: front matter is complete",
               lambda: none(missing_fields(proc, pages, cfg.version), "missing fields"))
        silent = [str(p) for p in sorted(Path("journal").glob("[0-9]*.ipynb")) if not made_by(p)]
        yield ("docs: every journal page prints the command that made it",
               lambda: none(silent, "pages without a stored `made by:` (see colophon in steernb.site.page)"))

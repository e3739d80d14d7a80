"""How wide pages are on a phone: `too_wide({name: html})` lays each out 390 px wide in Chromium and names
those that can be pushed sideways.

The page is what pandoc makes of it, with the site's own nbs/styles.css and without Quarto's theme.
"""
import html, json, re, shutil, subprocess, tempfile
from pathlib import Path

WIDTH = 390 # CSS pixels
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --hide-scrollbars""".split()
BASE = """body{margin:0;font:17px/1.5 sans-serif} main{padding:0 12px} table{border-collapse:collapse}
td,th{padding:.4em} pre{font-size:14px} blockquote,ul,ol{padding-left:1.2em;margin-left:0}"""
DRIVER = """<!doctype html><meta charset=utf-8><body><pre id=result>unfinished</pre><script>
const pages = PAGES, found = {};
async function measure(name, text) {
  const f = document.createElement('iframe');
  f.style = 'width:WIDTHpx;height:800px;border:0'; f.srcdoc = text;
  await new Promise(done => { f.onload = done; document.body.append(f); });
  const d = f.contentDocument, wide = d.documentElement.scrollWidth;
  if (wide > WIDTH) {
    const hidden = e => {
      for (let p = e.parentElement; p && p.tagName != 'MAIN'; p = p.parentElement)
        if (getComputedStyle(p).overflowX != 'visible') return true;
      return false;
    };
    const past = e => e.getBoundingClientRect().right > WIDTH + 1 && !hidden(e);
    const culprit = [...d.querySelectorAll('main *')].filter(past).pop();
    found[name] = [wide, culprit ? culprit.tagName.toLowerCase() + ': ' + culprit.textContent.trim().slice(0, 70) : ''];
  }
  f.remove();
}
(async () => {
  for (const [n, t] of Object.entries(pages)) await measure(n, t);
  document.getElementById('result').textContent = 'RESULT' + JSON.stringify(found) + 'END';
})();
</script>"""

def chromium():
    names = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
    return next(filter(None, map(shutil.which, names)), None)

def too_wide(pages, css, timeout=420):
    "{name: (width in px, first words of what is too wide)} of the `pages` ({name: html}) that are wider than a phone"
    head = f"<!doctype html><meta charset=utf-8><style>{BASE}{css}</style>"
    texts = {n: re.sub(r"<script.*?</script>", "", t, flags=re.S) for n, t in pages.items()}
    bodies = {n: f"{head}<main>{t}</main>" for n, t in texts.items()}
    # the measure itself has to see a page that is too wide
    bodies["__control__"] = f"<!doctype html><main><div style='width:{WIDTH + 60}px'>wide</div></main>"
    with tempfile.TemporaryDirectory() as tmp:
        page = Path(tmp)/"driver.html"
        data = json.dumps(bodies).replace("</", "<\\/")
        page.write_text(DRIVER.replace("PAGES", data).replace("WIDTH", str(WIDTH)), encoding="utf8")
        own = [f"--user-data-dir={tmp}/profile", f"--virtual-time-budget={timeout * 1000}", "--dump-dom"]
        p = subprocess.run([chromium(), *FLAGS, *own, page.as_uri()], capture_output=True, text=True, timeout=timeout)
    m = re.search(r"RESULT(\{.*?\})END", p.stdout, flags=re.S)
    assert m, f"Chromium gave no answer (exit code {p.returncode}): {p.stderr[-500:]}"
    found = json.loads(html.unescape(m[1]))
    assert found.pop("__control__", [0])[0] >= WIDTH + 60, "Chromium did not see a page that is too wide"
    return found

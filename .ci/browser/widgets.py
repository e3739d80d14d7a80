"""The widgets in a real JupyterLab, driven by keyboard in a real Chromium:
`python .ci/browser/widgets.py [FOLDER FOR PICTURES] [--dark] [--size 390x844]`.

Needs chromium, node and npm's playwright-core (`tools()` says what is missing; `.ci/run` installs Chromium)."""
import argparse, contextlib, json, os, secrets, shutil, signal, socket, subprocess, sys, tempfile, time
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from phone import chromium

CELLS = ["""import torch, steernb as sn
from steernb.widget.explorer import explorer
from steernb.widget.features import feature_browser
from steernb.widget.rows import rows_browser
from steernb.widget.playground import playground
model, tok = sn.load()
pairs = sn.lab.axis_pairs("honesty", tok, n=64)
arms = sn.lab.vector_arms(model, tok, pairs, ["mean_diff"]) | dict(persona=sn.lab.prompt_arm("honesty"))
task = sn.task("dilemmas").subset(16)
rows = sn.score(model, tok, task, arms, coeffs=[-1, 0, 1])
x = sn.model.encode(tok, "Is it true?")
bare = model(**x).logits
site = "model.layers.2" # a dictionary of random directions, which need no training
W = torch.nn.functional.normalize(torch.randn(64, 128, generator=torch.Generator().manual_seed(0)), dim=-1)
sae = sn.sae.Dictionary(dict(W_enc=W.T.contiguous(), W_dec=W, b_dec=torch.zeros(128), b_enc=torch.zeros(64)), site)
acts = sn.capture(model, tok, pairs, [site])
sae.measure(acts[site].pos)
print("ready")""",
"""old = globals().get("p")
p = playground(model, tok, arms, prompt="Would you tell a lie to Tom? Say why.")
p""",
"""e = explorer(model, tok, pairs)
e""",
"""b = rows_browser(rows, task)
b""",
"""f = feature_browser(model, tok, sae, task.items.text.tolist(), dict(contrast=sn.sae.feature_contrast(sae, acts)))
f""",
"""print(e.vector)
print("closed by the second run:", old.comm is None and p.comm is not None)""",
"""p.close(); e.close(); b.close(); f.close()
print("bit-identical:", torch.equal(model(**x).logits, bare))"""]

def tools(seconds=180)->tuple: # chromium and the folder of node_modules, or None; why not
    "What is needed beside Python; playwright-core is fetched once by npm, into the environment that runs this"
    def call(*command):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            p = subprocess.run(command, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL)
            return p.returncode == 0
    own = Path(sys.prefix)/"browser"
    if not chromium(): return None, "no chromium here (Debian: apt-get install chromium)"
    if not shutil.which("node"): return None, "no node here"
    if not find_spec("jupyterlab"): return None, "no jupyterlab here (pip install jupyterlab)"
    def modules():
        places = [Path(p) for p in (os.environ.get("NODE_PATH"), own/"node_modules") if p]
        return next((str(p) for p in places if (p/"playwright-core").is_dir()), None)
    if not modules():
        if not shutil.which("npm"): return None, "no npm here, which fetches playwright-core"
        with contextlib.suppress(OSError): own.mkdir(exist_ok=True)
        call("npm", "install", "--no-audit", "--no-fund", "--prefix", str(own), "playwright-core")
    if not modules():
        return None, f"npm could not fetch playwright-core (try: npm install --prefix {own} playwright-core)"
    return (chromium(), modules()), ""

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

@contextlib.contextmanager
def lab(dark=False):
    "A JupyterLab with one notebook, in a folder and with settings of its own; yields the notebook's address"
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook
    with tempfile.TemporaryDirectory(prefix="steernb_lab_") as tmp:
        tmp, port, token = Path(tmp), free_port(), secrets.token_hex(8)
        for d in ("work", "settings"): (tmp/d).mkdir()
        kernel = dict(name="python3", display_name="python3", language="python")
        page = new_notebook(cells=[new_code_cell(c) for c in CELLS], metadata=dict(kernelspec=kernel))
        nbformat.write(page, tmp/"work"/"steer.ipynb")
        settings = {"notebook-extension/tracker": dict(windowingMode="none"),
                    "apputils-extension/notification": dict(fetchNews="false", checkForUpdates=False),
                    "apputils-extension/themes": dict(theme="JupyterLab Dark" if dark else "JupyterLab Light")}
        for name, value in settings.items():
            path = tmp/"settings"/"@jupyterlab"/f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))
        folders = "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"
        own = {k: str(tmp/k.lower()) for k in folders}
        own |= dict(JUPYTERLAB_SETTINGS_DIR=str(tmp/"settings"), OMP_NUM_THREADS="1", STEERNB_QUIET="1")
        base = f"http://127.0.0.1:{port}"
        with open(tmp/"log", "w") as log:
            lab = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
                   f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
                   f"--ServerApp.root_dir={tmp/'work'}"]
            server = subprocess.Popen(lab, env=os.environ | own, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                      start_new_session=True)
        try:
            for _ in range(1200):
                with contextlib.suppress(OSError):
                    urlopen(f"{base}/api?token={token}", timeout=2)
                    break
                if server.poll() is not None: break
                time.sleep(.1)
            else: server.terminate()
            if server.poll() is not None:
                raise RuntimeError("jupyterlab did not start:\n" + (tmp/"log").read_text()[-2000:])
            yield f"{base}/doc/tree/steer.ipynb?token={token}"
        finally:
            with contextlib.suppress(ProcessLookupError): os.killpg(server.pid, signal.SIGTERM)
            try: server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()

def drive(have, pictures=None, dark=False, size="1280x900", seconds=420)->dict:
    "Run the test once; what the page showed. AssertionError with the browser's words if it failed"
    browser, modules = have
    with lab(dark) as url:
        drive = ["node", str(HERE/"drive.js"), browser, url, str(pictures or ""), size]
        p = subprocess.run(drive, env=os.environ | dict(NODE_PATH=modules), capture_output=True, text=True,
                           timeout=seconds, stdin=subprocess.DEVNULL)
    assert p.returncode == 0, p.stdout[-2000:] + p.stderr[-3000:]
    return json.loads(p.stdout.strip().splitlines()[-1])

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("pictures", nargs="?", help="folder for screenshots")
    a.add_argument("--dark", action="store_true")
    a.add_argument("--size", default="1280x900")
    a = a.parse_args()
    have, why = tools()
    if not have: sys.exit(f"skipped: {why}")
    if a.pictures: Path(a.pictures).mkdir(parents=True, exist_ok=True)
    print(json.dumps(drive(have, a.pictures, a.dark, a.size), indent=1, ensure_ascii=False))

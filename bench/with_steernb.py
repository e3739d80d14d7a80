"python with_steernb.py MODEL_FOLDER OUT REP"
import os, sys
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

import steernb as sn
import workload as w
from steernb.direction.fisher import natural_gradient
from steernb.eval.score import score

os.environ["STEERNB_QUIET"] = "1"
folder, out, rep = sys.argv[1:]
bench = w.Bench("steernb", f"{out}/raw.jsonl", rep)
bench.versions("steernb", "peft", "tokenizers")
model, tok = w.load(folder)
pairs = [sn.data.Pair(*p) for p in w.pairs()]
sites = sn.sites(model, "residual")


@contextmanager
def recorded(module):
    "The keyword arguments of every call of `module` inside the block"
    calls = []
    hook = module.register_forward_pre_hook(lambda m, args, kwargs: calls.append(dict(kwargs)), with_kwargs=True)
    try: yield calls
    finally: hook.remove()


def in_turns(works):
    "Who goes first flips with the repetition"
    for name in list(works)[::1 if int(rep) % 2 else -1]:
        with bench(name): works[name]()


# what the peers do, once, after the same warm-up
w.generate(model, tok, 1)
with recorded(model.model) as calls, bench("first capture"): acts = sn.capture(model, tok, pairs, sites)
for method in ("mean_diff", "pca_diff"):
    with bench(method): vector = sn.extract(method, acts, model=model)
    found = {s: acts[s].diff.mean(0) for s in sites} if method == "mean_diff" else vector.directions
    np.savez(f"{out}/steernb_{method}.npz", **{str(i): found[s].numpy() for i, s in enumerate(sites)})

# the very same batches through the decoder alone: no hooks, no lm_head, not even the last norm
batches = [{k: c[k] for k in ("input_ids", "attention_mask", "position_ids") if k in c} for c in calls]
width = [len(tok(p.pos).input_ids) for p in pairs]  # both texts of a pair are equally long
def tokens(at_once):
    return sum(2 * len(x) * max(x) for x in (width[i : i + at_once] for i in range(0, len(width), at_once)))
bench.note(
    work="batches",
    n=len(batches),
    real=2 * sum(width),
    padded=sum(b["input_ids"].numel() for b in batches),
    peers={"steering-vectors": tokens(w.BATCH), "repeng": tokens(w.BATCH // 2)},
)

def bare():
    norm, model.model.norm = model.model.norm, torch.nn.Identity()
    try:
        with torch.no_grad():
            for b in batches: model.model(**b, use_cache=False)
    finally: model.model.norm = norm

in_turns({"bare": bare, "capture": lambda: sn.capture(model, tok, pairs, sites)})

# generation: nothing, nothing again (what the ruler resolves), ours, and the least a hook can cost
given = sn.SteeringVector(dict(zip(sites, w.directions())))

@contextmanager
def plain_hooks():
    def add(v): return lambda m, args, h: h + v
    hooks = [block.register_forward_hook(add(v)) for block, v in zip(model.model.layers, w.directions())]
    try: yield
    finally:
        for h in hooks: h.remove()

before = w.logits(model, tok)
with given(model, 1.): np.savez(f"{out}/steernb_logits.npz", logits=w.logits(model, tok), ids=w.generate(model, tok, 1))
if w.REAL: sn.files.save_gguf(given.at_layers(range(1, w.LAYERS)), f"{out}/vector.gguf", model_type="llama")
with given(model, 0.): zero = torch.equal(w.logits(model, tok), before)
bench.note(work="checks", zero=zero, removed=torch.equal(w.logits(model, tok), before))
bench.decode(model, tok, dict(off=nullcontext, again=nullcontext, on=lambda: given(model, 1.), hooks=plain_hooks))

# a grid of coefficients, against the same forwards
texts = [p.pos for p in pairs[:12 if w.REAL else 32]]
items = pd.DataFrame(dict(item=range(len(texts)), group=range(len(texts)), action="to_do", label=1., text=texts))
task = SimpleNamespace(
    name="bench", items=items, target="label", answers="yes_no", prompt=lambda row, tok, system=None: row["text"]
)
def grid(): return score(model, tok, task, {"a": given, "b": -given}, (-1, 0, 1))
with recorded(model) as calls: grid()
def forwards():
    with torch.no_grad():
        for c in calls: model(**{**c, "logits_to_keep": 1, "use_cache": False})
in_turns({"score": grid, "forwards": forwards})

# natural gradients at a large width: the small system against the d × d one, ours and a plain solve in float32
for n in () if w.REAL else (256, 512):
    G = torch.randn(n, 2048, generator=torch.Generator().manual_seed(2)) * torch.linspace(.1, 2, 2048)
    def small(): return natural_gradient(G, 1e-2, "cov")
    def dense(): return natural_gradient(G, 1e-2, "cov", dense=True)
    def plain(): return torch.linalg.solve(torch.cov(G.T) + 1e-2 * torch.eye(2048), G.mean(0))

    same = [
        torch.nn.functional.cosine_similarity(small().double(), f().double(), dim=0).item() for f in (dense, plain)
    ]  # and warmed up
    bench.note(work=f"fisher checks {n}", dense=abs(1 - same[0]), plain=abs(1 - same[1]))
    def ten(): return [small() for _ in range(10)]
    in_turns({f"fisher {n} times 10": ten, f"fisher dense {n}": dense, f"fisher plain {n}": plain})

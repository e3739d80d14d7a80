"""One training step of a sparse autoencoder against SAELens' own, and the stream of states against bare forwards.

`python sae.py` measures and writes sae.csv and sae.md beside this file. Ratios of CPU time (user + system) in one
process, one thread: each round takes a step of both, or a pass over the same texts, one after another, in turn."""
import logging, os, time, warnings
from pathlib import Path

os.environ["STEERNB_QUIET"] = "1"
import numpy as np
import pandas as pd
import torch

from steernb.data.pairs import persona_pairs
from steernb.model.load import load
from steernb.model.states import states
from steernb.sae.stream import Activations, token_rows
from steernb.sae.train import Run, SAEConfig, new_trainer

here = Path(__file__).resolve().parent
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)
D, M, BATCH = 256, 1024, 1024
BARS = dict(step=1.05, stream=1.10)


def cpu(f):
    "Seconds of CPU that a call takes"
    start = time.process_time()
    f()
    return time.process_time() - start

def ratios(ours, theirs, rounds, warm=5):
    "Ratio within each round, the order changing from round to round"
    out = []
    for i in range(rounds + warm):
        if i % 2: b, a = cpu(theirs), cpu(ours)
        else: a, b = cpu(ours), cpu(theirs)
        out.append(a / b)
    return out[warm:]

def steps(name, rounds=24):
    "A step of ours (reading the batch, the controller) against SAELens' step on batches in memory"
    x = torch.randn(40_000, D, generator=torch.Generator().manual_seed(0))
    c = SAEConfig(name, d_sae=M, target=.05, tokens=BATCH * 2000, batch=BATCH)
    run, plain = Run(Activations(x), c), new_trainer(c, D)
    batches = iter([x[i * BATCH % 36_000:][:BATCH] for i in range(rounds + 20)])
    return ratios(run.advance, lambda: plain.step(next(batches)), rounds)

def streams(rounds=8):
    "`token_rows` against forwards of the same batches that end at the same site"
    model, tok = load()
    texts = [t for p in persona_pairs("honest", "dishonest", n=32, tok=tok, seed=0) for t in p]
    site = "model.layers.3"
    def ours(): return [*token_rows(model, tok, texts, site)]
    def bare(): return [*states(model, tok, texts, [site])]
    return ratios(ours, bare, rounds, 1)


if __name__ == "__main__":
    measured = {f"step, {n}": ("step", steps(n)) for n in ("standard", "topk", "batchtopk")}
    measured["stream of states"] = ("stream", streams())
    lines = []
    for name, (kind, r) in measured.items():
        low, mid, high = np.quantile(r, [.25, .5, .75])
        lines.append(dict(work=name, ratio=mid, low=low, high=high, rounds=len(r), bar=BARS[kind],
                          verdict="pass" if mid <= BARS[kind] else "fail"))
    t = pd.DataFrame(lines)
    t.round(3).to_csv(here/"sae.csv", index=False)
    rows = [f"| {r.work} | {r.ratio:.3f} | {r.low:.3f}–{r.high:.3f} | {r.rounds} | ≤ {r.bar:.2f} | {r.verdict} |"
            for r in t.itertuples()]
    head = ["# Sparse autoencoders", "", "Written by `sae.py`. CPU time of ours over that of the other, median over "
            f"rounds; {D} → {M} latents, {BATCH} states a step, one thread, a machine shared with other work. A step "
            "is all of ours (fetching the batch, controller, counts) against SAELens' `SAETrainer.step` on batches "
            "that lie in memory; the stream is against forward passes of the same batches up to the same site.", "",
            "| work | ratio | middle half | rounds | bar | verdict |", "|--|--|--|--|--|--|"]
    (here/"sae.md").write_text("\n".join([*head, *rows]) + "\n", encoding="utf8")
    print(t.round(3).to_string())

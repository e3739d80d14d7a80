"""What computing once what steering cannot change is worth: `python bench/reuse.py OUT [smollm2|tiny|random] [REPS]`.

CPU time of ours and of the plain way, in turns, in one process; one line of OUT/reuse.jsonl for each repetition, so
that a run that was cut off goes on. `python bench/reuse.py OUT report` writes reuse.csv and reuse.md from them."""
import json, sys, time
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import torch

import steernb as sn
from steernb.eval.score import ScoreSettings, fill_grid
from steernb.eval.answers import reader
from steernb.model.hooks import blocks
from steernb.model.reuse import reusing
from steernb.model.run import evaluating
from steernb.model.text import batch_tokens, run_batches

torch.set_num_threads(1)
COEFFS = (-1., -.5, 0., .5, 1.)


def models(name):
    "A real model, the embedded one, or a random one of 12 blocks with the embedded one's tokenizer"
    if name == "random":
        model, tok = sn.load()
        config = type(model.config)(**model.config.to_dict() | dict(num_hidden_layers=12, hidden_size=448,
                                    intermediate_size=1344, num_attention_heads=7, num_key_value_heads=7, head_dim=64,
                                    layer_types=None, max_window_layers=12))
        torch.manual_seed(0)
        return type(model)(config).eval(), tok
    if name == "smollm2": return sn.load("smollm2", dtype=torch.bfloat16)
    return sn.load()


def arms_at(model, depth, n):
    "Random vectors at the block of a depth"
    tops, g = blocks(model), torch.Generator().manual_seed(0)
    site = tops[int(depth * len(tops))]
    def draw(): return sn.SteeringVector({site: torch.randn(model.config.hidden_size, generator=g)}, 1.)
    return {f"v{i}": draw() for i in range(n)}


def seconds(f):
    t = time.process_time()
    out = f()
    return time.process_time() - t, out


def grid(model, prompts, arms, reuse):
    "All cells of a grid as `score` computes them; their log-ratios"
    todo, done = [(a, c, 0) for a in arms for c in COEFFS], {}
    with reusing(model) if reuse else nullcontext(): fill_grid(model, prompts, arms, todo, done, ScoreSettings())
    return torch.tensor(pd.concat([done[k] for k in todo]).logratio.to_numpy())


def bare(model, prompts, cells):
    "A forward pass over the same batches for every cell, and nothing else"
    x, lengths = prompts()
    def run(rows): prompts.forward(x, lengths, rows)
    with evaluating(model):
        for _ in range(cells): run_batches(run, lengths, None, batch_tokens(model))


def scoring_work(model, tok, depth, n_arms=8, n_items=8):
    prompts = reader(model, tok, sn.task("dilemmas").subset(n_items))
    arms = arms_at(model, depth, n_arms)
    return dict(ours=lambda: grid(model, prompts, arms, True), plain=lambda: grid(model, prompts, arms, False),
                bare=lambda: bare(model, prompts, n_arms * len(COEFFS)))


WORKS = {f"score 5 × {a}, first site at depth {d}": lambda m, t, d=d, a=a: scoring_work(m, t, d, a)
         for d, a in ((.5, 8), (.3, 8), (.1, 8), (.7, 8), (.9, 8), (.5, 1), (.5, 2), (.5, 4))}


def one(out, name, reps):
    model, tok = models(name)
    file = Path(out)/"reuse.jsonl"
    lines = [json.loads(l) for l in file.read_text().splitlines()] if file.exists() else []
    done = {(l["model"], l["work"], l["rep"]) for l in lines}
    for rep in range(reps):
        for work, make in WORKS.items():
            if (name, work, rep) in done: continue
            ways = make(model, tok)
            line, results = dict(model=name, work=work, rep=rep), {}
            for way in list(ways)[::1 if rep % 2 else -1]: line[way], results[way] = seconds(ways[way])
            gap = (results["ours"] - results["plain"]).abs().max().item()
            line["gap"] = gap
            with open(file, "a") as f: f.write(json.dumps(line) + "\n")
            print(line, flush=True)


def report(out):
    r = pd.read_json(Path(out)/"reuse.jsonl", lines=True)
    for k in ("bare", "plain"): r[f"ours / {k}"] = r.ours / r[k]
    t = r.groupby(["model", "work"], sort=False).agg(
        reps=("rep", "size"), ours=("ours", "median"), plain=("plain", "median"), bare=("bare", "median"),
        of_plain=("ours / plain", "median"), lo=("ours / plain", "min"), hi=("ours / plain", "max"),
        of_bare=("ours / bare", "median"), gap=("gap", "max")).reset_index()
    t.to_csv(Path(__file__).parent/"reuse.csv", index=False, float_format="%.4g")
    print(t.to_markdown(index=False, floatfmt=".3g"))


if __name__ == "__main__":
    if sys.argv[2:3] == ["report"]: report(sys.argv[1])
    else: one(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "tiny", int(sys.argv[3]) if len(sys.argv) > 3 else 5)

"""What it saves to compute once what steering cannot change: `python bench/reuse.py OUT [smollm2|tiny|random] [SECONDS]`.

CPU time of the library's way and of the way it is held against, in turns, in one process on one core; one line of
OUT/reuse.jsonl for each repetition, so that a run that was cut off goes on. `python bench/reuse.py OUT report` writes
reuse.csv, reuse.md and reuse.svg beside this file from them."""
import json, random, sys, time
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import torch

import steernb as sn
from steernb.eval.answers import reader
from steernb.eval.score import ScoreSettings, fill_grid, run_cell
from steernb.model.hooks import blocks
from steernb.model.reuse import reusing
from steernb.model.run import evaluating
from steernb.model.text import batch_tokens, run_batches

torch.set_num_threads(1)
COEFFS, REPS, SEED = (-1., -.5, 0., .5, 1.), 5, 0
HERE = Path(__file__).parent


def models(name):
    "A real model, the embedded one, or a random one of 12 blocks with the embedded one's tokenizer"
    if name == "smollm2": return sn.load("smollm2", dtype=torch.bfloat16)
    model, tok = sn.load()
    if name == "tiny": return model, tok
    wide = dict(num_hidden_layers=12, hidden_size=448, intermediate_size=1344, num_attention_heads=7,
                num_key_value_heads=7, head_dim=64, layer_types=None, max_window_layers=12)
    torch.manual_seed(SEED)
    return type(model)(type(model.config)(**model.config.to_dict() | wide)).eval(), tok


def arms_at(model, depth, n):
    "Random vectors at the block of a depth"
    tops, g = blocks(model), torch.Generator().manual_seed(SEED)
    site = tops[int(depth * len(tops))]
    return {f"v{i}": sn.SteeringVector({site: torch.randn(model.config.hidden_size, generator=g)}, 1.) for i in range(n)}


def bare(model, prompts, cells=1):
    "A forward pass over the same batches for every cell, and nothing else; log-ratios of the items"
    x, lengths = prompts()
    out = torch.full((len(lengths), 5), float("nan"))
    def run(rows): out[rows] = prompts.forward(x, lengths, rows)
    with evaluating(model):
        for _ in range(cells): run_batches(run, lengths, None, batch_tokens(model))
    return out[:, 0]


def scoring(depth, n_arms=8, n_items=8):
    "The cells of a grid; held against bare forward passes, its log-ratios against those without reuse"
    def make(model, tok):
        prompts = reader(model, tok, sn.task("dilemmas").subset(n_items))
        arms = arms_at(model, depth, n_arms)
        def grid(reuse):
            todo, done = [(a, c, 0) for a in arms for c in COEFFS], {}
            with reusing(model) if reuse else nullcontext():
                fill_grid(model, prompts, arms, todo, done, ScoreSettings())
            return torch.tensor(pd.concat([done[k] for k in todo]).logratio.to_numpy())
        return dict(ours=lambda: grid(True), bare=lambda: bare(model, prompts, n_arms * len(COEFFS)),
                    same=lambda: grid(False))
    return make


def options(n_items=8):
    "Questions with four texts as answers, under one arm; held against a bare forward pass of every text"
    def make(model, tok):
        rng = random.Random(SEED)
        words = "the bread was baked this morning and what was left from yesterday is in a basket by the door".split()
        def line(n): return " ".join(rng.choices(words, k=n))
        lines = [dict(item=i, group=i, action="choose", label=1., situation=line(60), sides=[1, -1, -1, -1],
                      text=f"What is said of the {line(2)}?", options=[line(6) + f" {k}" for k in range(4)])
                 for i in range(n_items)]
        task = sn.data.Task("texts", pd.DataFrame(lines), "Value/Truth", "{situation} {action}")
        prompts, arm = reader(model, tok, task), arms_at(model, .5, 1)["v0"]
        def ask(prefix):
            prompts.prefix = prefix
            x, lengths = prompts()
            each, plain = torch.empty(len(lengths), 5), prompts.forward
            def kept(x, lengths, rows, nll=False):
                each[rows] = plain(x, lengths, rows, nll)
                return each[rows]
            prompts.forward = kept
            try: run_cell(model, prompts, arm, 1.)
            finally: prompts.forward = plain
            return each[:, 0]
        def texts():
            prompts.prefix = False
            return bare(model, prompts)
        return dict(ours=lambda: ask(True), bare=texts, same=lambda: ask(False))
    return make


WORKS = {   # name: (what makes it, the bar, repetitions)
    "scoring, 5 coefficients × 8 arms, first site at depth .5": (scoring(.5), .6, REPS),
    "scoring, 5 coefficients × 8 arms, first site at depth .3": (scoring(.3), .75, REPS),
    "a choice of 4 texts an item, 8 items": (options(), .45, REPS),
}
DEPTHS = {f"scoring, 5 coefficients × 2 arms, 4 items, first site at depth {d}": (scoring(d, 2, 4), None, 3)
          for d in (.1, .3, .5, .7, .9)}
CELLS = {f"scoring, 5 coefficients × {a} arms, 4 items, first site at depth .5": (scoring(.5, a, 4), None, 3)
         for a in (1, 4, 8)}
ITEMS = {f"scoring, 5 coefficients × 2 arms, {i} items, first site at depth .5": (scoring(.5, 2, i), None, 3)
         for i in (1, 2, 8, 16)}


def seconds(f):
    t = time.process_time()
    out = f()
    return time.process_time() - t, out


def one(out, name, until):
    "Add lines, repetition by repetition, until the time is over"
    model, tok = models(name)
    file, start = Path(out)/"reuse.jsonl", time.time()
    lines = [json.loads(l) for l in file.read_text().splitlines()] if file.exists() else []
    done = {(l["model"], l["work"], l["rep"]) for l in lines}
    works = {**WORKS, **DEPTHS, **CELLS, **ITEMS}
    for rep in range(REPS):
        for work, (make, _, reps) in works.items():
            if rep >= reps or (name, work, rep) in done: continue
            if time.time() - start > until: return
            ways = make(model, tok)
            line, results = dict(model=name, work=work, rep=rep), {}
            for way in list(ways)[::-1 if rep % 2 else 1]:
                if way == "same" and rep: continue
                line[way], results[way] = seconds(ways[way])
            if "same" in results: line["gap"] = (results["ours"] - results["same"]).abs().max().item()
            with open(file, "a") as f: f.write(json.dumps(line) + "\n")
            print(line, flush=True)


if __name__ == "__main__":
    if sys.argv[2:3] == ["report"]: report(sys.argv[1])
    else: one(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "tiny", float((sys.argv + [540])[3]))

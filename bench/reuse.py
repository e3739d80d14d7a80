"""What it saves to compute once what steering cannot change.

`python bench/reuse.py OUT [smollm2|tiny|random] [SECONDS]`:

CPU time of the library's way and of the way it is held against, in turns, in one process on one core; one line of
OUT/reuse.jsonl for each repetition, so that a run that was cut off goes on. `python bench/reuse.py OUT report` writes
reuse.csv, reuse.md and reuse.svg beside this file from them."""
import json, random, sys, time
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import torch

import steernb as sn
from steernb.data.defaults import default_prompts
from steernb.eval.answers import reader
from steernb.eval.calibrate import KLSettings, solve_budget, steered_kl
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
    def draw(): return sn.SteeringVector({site: torch.randn(model.config.hidden_size, generator=g)}, 1.)
    return {f"v{i}": draw() for i in range(n)}


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


def calibration(n_arms=10, n_prompts=4, n_tokens=12):
    "Coefficients of directions at one site that cost 1 nat; held against a search for each, every trial read in whole"
    def make(model, tok):
        arms = {k: 10 * v for k, v in arms_at(model, .5, n_arms).items()}
        prompts = default_prompts(model)[:n_prompts]
        def alone(arm):
            def f(c): return max(steered_kl(model, tok, arm, s * c, prompts, n_tokens).quantile(.95) for s in (1, -1))
            return solve_budget(f)[1]
        def ours():
            found = KLSettings(max_new_tokens=n_tokens).search(model, tok, [*arms.values()], 1., prompts)
            return torch.tensor([c for _, c, _, _ in found]).log()
        return dict(ours=ours, bare=lambda: torch.tensor([alone(a) for a in arms.values()]).log())
    return make


WORKS = {   # name: (what makes it, the bar, repetitions)
    "scoring, 5 coefficients × 8 arms, first site at depth .5": (scoring(.5), .6, REPS),
    "scoring, 5 coefficients × 8 arms, first site at depth .3": (scoring(.3), .75, REPS),
    "a choice of 4 texts an item, 8 items": (options(), .45, REPS),
    "iso-KL of 10 directions at one site": (calibration(), .4, REPS),
}
DEPTHS = {f"scoring, 5 coefficients × 2 arms, 4 items, first site at depth {d}": (scoring(d, 2, 4), None, 3)
          for d in (.1, .3, .5, .7, .9)}
CELLS = {f"scoring, 5 coefficients × {a} arms, 4 items, first site at depth .5": (scoring(.5, a, 4), None, 3)
         for a in (1, 4, 8)}
ITEMS = {f"scoring, 5 coefficients × 2 arms, {i} items, first site at depth .5": (scoring(.5, 2, i), None, 3)
         for i in (1, 2, 8, 16)}


MORE = {}
try: from reuse_train import WORKS as MORE   # rows of training, extraction and writing
except ImportError: pass
HEAD = """# What it saves to compute once what steering cannot change

CPU time in seconds on one core, one thread; SmolLM2 in bfloat16, the others in float32; repetitions in turns in one
process. Scoring and choices are held against bare forward passes over the same texts, without an arm; the calibration
against a search for each direction that reads every trial whole. `ratio` is the median with its range. `difference` is
the largest difference of a result from that without reuse: nats of a log-ratio when scoring, nats of a text of seven to
nine tokens in a choice, log of a coefficient in the calibration: a search ends within 5 % of the KL, or where the
greedy text jumps across it, and rounding may move that. The bars were set for SmolLM2; on the embedded model a block
costs about what looking at it does, and little is saved or nothing. Rows with fewer than five repetitions have fewer on
purpose, or
were cut off by the time that was given.
Made by `python bench/reuse.py OUT smollm2` (`tiny`, `random`), then `python bench/reuse.py OUT report`.

![Cost against the depth of the first site, the number of arms and of items](reuse.svg)

"""


def seconds(f):
    t = time.process_time()
    out = f()
    return time.process_time() - t, out


def gap(a, b):
    "The largest difference; a coefficient that neither way finds is none, one that only one finds is infinite"
    both = a.isnan() & b.isnan()
    return (a - b).abs().nan_to_num(torch.inf)[~both].max().item()


def one(out, name, until):
    "Add lines, repetition by repetition, until the time is over"
    model, tok = models(name)
    file, start = Path(out)/"reuse.jsonl", time.time()
    lines = [json.loads(l) for l in file.read_text().splitlines()] if file.exists() else []
    done = {(l["model"], l["work"], l["rep"]) for l in lines}
    works = {**WORKS, **DEPTHS, **CELLS, **ITEMS, **MORE}
    for rep in range(REPS):
        for work, (make, _, reps) in works.items():
            if rep >= reps or (name, work, rep) in done: continue
            if time.time() - start > until: return
            ways = make(model, tok)
            line, results = dict(model=name, work=work, rep=rep), {}
            for way in list(ways)[::-1 if rep % 2 else 1]:
                if way == "same" and rep: continue
                line[way], results[way] = seconds(ways[way])
            results.setdefault("same", results["bare"] if "same" not in ways else None)
            if results["same"] is not None: line["gap"] = gap(results["ours"], results["same"])
            with open(file, "a") as f: f.write(json.dumps(line) + "\n")
            print(line, flush=True)


def table(lines):
    "One line for each work: median ratio with its range, and the largest difference of a result"
    r = pd.DataFrame(lines)
    r["ratio"] = r.ours / r.bare
    t = r.groupby(["model", "work"], sort=False).agg(
        reps=("rep", "size"), ours=("ours", "median"), bare=("bare", "median"), ratio=("ratio", "median"),
        lowest=("ratio", "min"), highest=("ratio", "max"), difference=("gap", "max")).reset_index()
    t["bar"] = [{**WORKS, **MORE}.get(w, (None, None))[1] for w in t.work]
    t["state"] = ["" if b != b else "met" if x <= b else "missed" for x, b in zip(t.ratio, t.bar)]
    return t


def picture(t, file):
    "Cost against the depth of the first site, the number of arms and the number of items"
    import matplotlib.pyplot as plt
    fig, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained", sharey=True)
    kinds = [("depth of the first site", r"depth ([\d.]+)$", DEPTHS),
             ("arms, 5 coefficients each", r"× (\d+) arms", CELLS), ("items", r", (\d+) items", ITEMS)]
    for ax, (label, pattern, works) in zip(axes, kinds):
        for model, part in t[t.work.isin(works)].groupby("model", sort=False):
            part = part.assign(x=part.work.str.extract(pattern)[0].astype(float)).sort_values("x")
            around = part.ratio - part.lowest, part.highest - part.ratio
            ax.errorbar(part.x, part.ratio, around, marker="o", label=model)
        ax.axhline(1, color=".5", lw=.8)
        ax.set(xlabel=label, ylim=(0, 1.15))
    axes[0].set_ylabel("CPU time over bare forwards")
    axes[0].legend(frameon=False)
    fig.savefig(file)


def report(out):
    "Write reuse.csv, reuse.md and reuse.svg"
    t = table([json.loads(l) for l in (Path(out)/"reuse.jsonl").read_text().splitlines()])
    t.to_csv(HERE/"reuse.csv", index=False, float_format="%.4g")
    show = t.assign(ratio=[f"{r.ratio:.2f} ({r.lowest:.2f} to {r.highest:.2f})" for r in t.itertuples()])
    show = show.drop(columns=["lowest", "highest"]).rename(columns=dict(ours="ours, s", bare="against, s"))
    def cell(x): return "" if x != x else f"{x:.3g}" if isinstance(x, float) else str(x)
    rows = [[*show], ["---"] * show.shape[1], *show.to_numpy().tolist()]
    (HERE/"reuse.md").write_text(HEAD + "".join(f"| {' | '.join(map(cell, r))} |\n" for r in rows))
    picture(t, HERE/"reuse.svg")


if __name__ == "__main__":
    if sys.argv[2:3] == ["report"]: report(sys.argv[1])
    else: one(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "tiny", float((sys.argv + [540])[3]))

"""One training step of an adapter against its own forwards and backward, and the memory of training.

`python training.py measure MODEL FAMILY OUT REP` notes one repetition in OUT (JSON lines);
`python training.py report OUT` writes training.csv and training.md beside this file. See README.md."""
import gc, json, logging, os, sys, time, warnings
from pathlib import Path

os.environ["STEERNB_QUIET"] = "1"
import pandas as pd
import torch

import workload as w
from steernb.adapter import train as t
from steernb.data.pairs import persona_pairs
from steernb.model.load import byte_tokenizer, load, random_model

here = Path(__file__).resolve().parent
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
BAR = 1.15
FAMILIES = {
    "lora": ("lora", 16),
    "innerpissa": ("innerpissa", 16),
    "innerpissa, r = 128": ("innerpissa", 128),
    "oft": ("oft", 16),
    "dora": ("dora", 16),
    "ia3": ("ia3", 16),
}
MODELS = dict(embedded=dict(steps=24, batch=8), wide=dict(steps=6, batch=4))
if w.REAL: MODELS = dict(SmolLM2=dict(steps=3, batch=2))
WARM = 1 if w.REAL else 2 # steps of a run that don't count


def model_of(name):
    "The embedded model; or 8 blocks of width 512 with random weights"
    if name == "SmolLM2": return load("smollm2")
    if name == "embedded": return load()
    return random_model(
        "qwen3",
        hidden_size=512,
        intermediate_size=1536,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=64,
        vocab_size=4096,
    ), byte_tokenizer()


def settings(family, steps, batch):
    kind, r = FAMILIES[family]
    return dict(
        kind=kind,
        r=r,
        **(dict(dims="top") if kind == "innerpissa" else {}),
        val=0.0,
        evals=1,
        batch_size=batch,
        effective_batch=batch,
        epochs=1,
        max_samples=steps * batch,
        loss_depths=(-1,),
        seed=0,
    )


class Beside(t.Log):
    """After every optimiser step the same batch again: once through the bare forwards and one backward, once through
    the plain model"""
    rounds = None
    def on_train_begin(self, args, state, control, model=None, **kw):
        super().on_train_begin(args, state, control, model=model, **kw)
        self.held, self.rows = model.held, None
        forward = model.forward
        def kept(rows):
            self.rows = rows
            return forward(rows)
        model.forward = kept
    def on_step_begin(self, *args, **kw):
        if self.rounds is not None and self.rows is None: self.clock = time.process_time(), time.perf_counter()
    def on_step_end(self, *args, **kw):
        if self.rounds is None: return
        def now(): return time.process_time(), time.perf_counter()
        def since(then): return [b - a for a, b in zip(then, now())]
        step, k = since(self.clock), self.held
        x, _ = k.data.batch(self.rows.tolist(), "cpu")
        keep = dict(use_cache=False, logits_to_keep=k.cfg.n_last + 1)
        gc.collect()
        then = now()
        own_work(k.model, k.adapter, x, k.data.sites, keep)
        own = since(then)
        for p in k.adapter.parameters().values(): p.grad = None
        then = now()
        with torch.no_grad():
            for _ in range(2): k.model(**x, **keep)
        self.rounds.append(dict(step=step, own=own, plain=since(then)))
        self.clock = now()   # the step that follows includes its batch, the log of the last one and the optimiser


def own_work(model, adapter, x, sites, keep):
    "Both policy forwards with what the loss reads, and one backward of the sum of it"
    states, outs = [], []
    hooks = [
        model.get_submodule(s).register_forward_hook(
            lambda m, args, out: states.append(out if torch.is_tensor(out) else out[0])
        )
        for s in sites
    ]
    for c in (1, -1):
        with adapter(model, c): outs.append(model(**x, **keep).logits)
    for h in hooks: h.remove()
    sum(o.sum() for o in [*outs, *states]).backward()


def measure(name, family, out, rep):
    bench, (model, tok) = w.Bench(family, out, rep), model_of(name)
    steps, batch = MODELS[name]["steps"], MODELS[name]["batch"]
    pairs = persona_pairs("honest", "dishonest", (steps + WARM) * batch, tok)
    t.Log = Beside
    small, short = random_model("qwen3"), byte_tokenizer()
    t.train_adapter(
        small, short, persona_pairs("honest", "dishonest", 4, short), **settings(family, 2, 2)
    )  # what is imported late
    Beside.rounds = [] if w.REAL else None   # a real model takes too long to be trained a second time for its memory
    run = settings(family, steps + WARM if w.REAL else 3, batch)
    with bench(f"memory {name}"): a = t.train_adapter(model, tok, pairs, **run)
    bench.note(
        work=f"size {name}",
        trained=a.n_params,
        of=sum(p.numel() for p in model.parameters()),
        modules=len(a.layers),
        tokens=max(len(i) for i in tok([p.pos for p in pairs]).input_ids),
    )
    if not w.REAL:
        Beside.rounds = []
        t.train_adapter(model, tok, pairs, **settings(family, steps + WARM, batch))
    for i, r in enumerate(Beside.rounds[WARM:]):
        bench.note(
            work=f"round {name}",
            round=i,
            **{f"{k}_{clock}": v[j] for k, v in r.items() for j, clock in enumerate(("cpu", "wall"))},
        )
    bench.versions("steernb", "peft", "accelerate")


def markdown(rows):
    head = list(rows[0])
    return "\n".join(
        [
            "| " + " | ".join(head) + " |",
            "|" + "--|" * len(head),
            *("| " + " | ".join(str(r[k]) for k in head) + " |" for r in rows),
        ]
    )


def report(out):
    """The notes of all repetitions -> training.csv (one line per repetition) and training.md; exit status 1 if a
    family misses the bar"""
    notes = pd.DataFrame([json.loads(line) for line in open(out)])
    def of(work, model): return notes[notes.work.eq(f"{work} {model}")]
    lines = []
    for model in MODELS:
        rounds, memory, size = (
            of(k, model).assign(model=model, family=lambda d: d.library) for k in ("round", "memory", "size")
        )
        if rounds.empty: continue
        rounds = rounds.assign(
            cpu_ratio=rounds.step_cpu / rounds.own_cpu,
            wall_ratio=rounds.step_wall / rounds.own_wall,
            to_plain=rounds.step_cpu / rounds.plain_cpu,
        )
        each = (
            rounds.groupby(["model", "family", "rep"])[["cpu_ratio", "wall_ratio", "to_plain"]]
            .median()
            .reset_index()
            .merge(memory.assign(mib=memory.peak - memory.rss)[["family", "rep", "mib"]])
            .merge(size[["family", "rep", "trained", "of", "modules", "tokens"]])
        )
        lora = each[each.family.eq("lora")].set_index("rep").to_plain
        half = (
            rounds.groupby(["family", "rep"])
            .cpu_ratio.quantile([0.25, 0.75])
            .unstack()
            .set_axis(["q25", "q75"], axis=1)
            .assign(rounds=rounds.groupby(["family", "rep"]).size())
            .reset_index()
        )
        each = each.merge(half)
        lines.append(each.assign(to_lora=each.to_plain / each.rep.map(lora)))
    table = pd.concat(lines, ignore_index=True)
    table.round(4).to_csv(here/"training.csv", index=False)
    parts, missed = [], False
    for model, t_ in table.groupby("model", sort=False):
        rows = []
        for family in FAMILIES:
            f = t_[t_.family.eq(family)]
            if f.empty:
                rows.append(dict.fromkeys(rows[0], "") | {"family": family, "verdict": "not measured"})
                continue
            x = f.cpu_ratio
            missed |= x.median() > BAR
            rows.append(
                {
                    "family": family,
                    "trained values": f"{int(f.trained.iloc[0]):,}",
                    "step / its own forwards and backward": f"{x.median():.3f}",
                    "middle half of rounds": f"{f.q25.median():.3f}–{f.q75.median():.3f}",
                    "rounds": int(f.rounds.sum()),
                    "n": len(f),
                    "wall": f"{f.wall_ratio.median():.2f}",
                    "bar": f"≤ {BAR:.2f}",
                    "verdict": "pass" if x.median() <= BAR else f"misses by {100 * (x.median() / BAR - 1):.1f} %",
                    "step / LoRA's": f"{f.to_lora.median():.2f}",
                    "step / two plain forwards": f"{f.to_plain.median():.2f}",
                    "peak memory": f"+{f.mib.median():.0f} MiB",
                }
            )
        first = t_.iloc[0]
        parts += [
            f"## {'The embedded model' if model == 'embedded' else 'Eight blocks of width 512'}",
            f"{int(first.of):,} parameters, {int(t_.modules.mode()[0])} adapted modules, {MODELS[model]['batch']} "
            f"pairs a step, texts of up to {int(first.tokens)} tokens.",
            markdown(rows),
        ]
    versions = next(v for v in notes.versions.dropna())
    text = [
        "# Training",
        "Written by `training.py`; how it is measured stands in [README.md](README.md).",
        f"Machine: {os.cpu_count()} cores, no GPU, torch {versions['torch']}, transformers "
        f"{versions['transformers']}, peft {versions['peft']}, accelerate {versions['accelerate']}, one thread, "
        f"shared with other work. Ratios of CPU time; median over n repetitions, each the median of its rounds.",
        *parts,
    ]
    (here/"training.md").write_text("\n\n".join(text) + "\n")
    print((here/"training.md").read_text())
    sys.exit(bool(missed))


if __name__ == "__main__": dict(measure=measure, report=report)[sys.argv[1]](*sys.argv[2:])

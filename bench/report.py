"python report.py WORK: the measurements of a run -> results.csv (one line per repetition) and results.md (medians "
"against the bars)"
import json, os, sys
from pathlib import Path

import numpy as np
import pandas as pd

here, work = Path(__file__).resolve().parent, Path(sys.argv[1])
name = sys.argv[2] if len(sys.argv) > 2 else "results"   # of the page: results, or real for SmolLM2
real = name == "real"
notes = [json.loads(line) for line in (work/"raw.jsonl").open()]
raw = pd.DataFrame([n for n in notes if "cpu" in n])
other = {(n["library"], n["work"]): n for n in notes if "cpu" not in n and "cpu_ratio" not in n}


def cost(library, *works):
    """CPU and wall seconds of `works` together and the growth of resident memory at their peak, per repetition;
    repeats within one are averaged"""
    one = raw[raw.library.eq(library) & raw.work.isin(works)]
    sums = one.groupby(["rep", "work"])[["cpu", "wall"]].mean().groupby("rep").sum()
    return sums.assign(mib=one.groupby("rep").peak.max() - one.groupby("rep").rss.min())


def compare(work, against, ours, theirs, bar=None, memory=False):
    "One line per repetition: the ratio of our cost to theirs"
    if not len(ours) or not len(theirs): return pd.DataFrame()
    r = (ours / theirs).rename(columns=dict(cpu="cpu_ratio", wall="wall_ratio"))[["cpu_ratio", "wall_ratio"]]
    if memory: r = r.assign(mib=ours.mib, their_mib=theirs.mib)
    return r.reset_index().assign(work=work, against=against, bar=bar)


def decoding(library, arm, n, name, bar=None):
    "The same for decoding, whose ratios are taken inside the process"
    r = pd.DataFrame([x for x in notes if x["library"] == library and x["work"] == f"decode {n} {arm}"])
    return (
        r.assign(work=f"generation, {name}, batch {n}", against="unsteered", bar=bar)[
            ["work", "against", "bar", "rep", "cpu_ratio", "wall_ratio"]
        ]
        if len(r)
        else r
    )


s = "steernb"
lines = [
    compare(
        f"capture, all layers, {48 if real else 256} pairs",
        "bare forwards, same batches",
        cost(s, "capture"),
        cost(s, "bare"),
        1.10,
    ),
    compare(
        "capture + mean_diff",
        "steering-vectors",
        cost(s, "first capture", "mean_diff"),
        cost("steering-vectors", "mean_diff"),
        0.65,
        True,
    ),
    compare(
        "capture + pca_diff", "repeng", cost(s, "first capture", "pca_diff"), cost("repeng", "pca_diff"), 0.65, True
    ),
    *[decoding(s, "on", n, "steered", 1.03) for n in (1, 8)],
    compare(
        "scoring a coefficient grid", "bare forwards, logits_to_keep=1", cost(s, "score"), cost(s, "forwards"), 1.15
    ),
    *[
        compare(
            f"natural gradient of {n} gradients, width 2048",
            against,
            cost(s, f"fisher {n} times 10") / 10,
            cost(s, f"fisher {form} {n}"),
            0.10,
        )
        for n in (256, 512)
        for form, against in (("dense", "the dense system, float64"), ("plain", "a plain dense solve, float32"))
    ],
]
beside = [
    *[
        compare("bare forwards, same batches", library, cost(s, "bare"), cost(library, method))
        for library, method in (("steering-vectors", "mean_diff"), ("repeng", "pca_diff"))
    ],
    *[
        decoding(library, arm, n, name)
        for library, arm, name in (
            (s, "again", "unsteered again"),
            (s, "hooks", "a plain hook per layer"),
            ("repeng", "on", "repeng"),
            ("steering-vectors", "on", "steering-vectors"),
        )
        for n in (1, 8)
    ],
    compare("import torch, steernb", "import torch", cost(s, "import torch, steernb"), cost(s, "import torch")),
]
def steps(family):
    "One line per repetition: the median over rounds of a training step against its own forwards and backward"
    r = pd.DataFrame([x for x in notes if x["library"] == family and x["work"] == "round SmolLM2"])
    if not len(r): return r
    r = r.assign(cpu_ratio=r.step_cpu / r.own_cpu, wall_ratio=r.step_wall / r.own_wall)
    r = r.groupby("rep")[["cpu_ratio", "wall_ratio"]].median().reset_index()
    return r.assign(work=f"a training step, {family}", against="its own forwards and backward", bar=1.15)

def token(library, arm="off"):
    "CPU seconds of a token, batch 1, per repetition"
    found = {x["rep"]: x["token"] for x in notes if x["library"] == library and x["work"] == f"decode 1 {arm}"}
    return pd.DataFrame(dict(cpu=found, wall=found)).rename_axis("rep")

def speeds():
    "Tokens per CPU second of each library, plain and steered: median and range over repetitions"
    def told(x): return f"{x.median():.1f} ({x.min():.1f}–{x.max():.1f})" if len(x) else ""
    weights = {"llama-cpp": "4 bits, as in the file"}
    return markdown([
        {"library": l, "weights": weights.get(l, "float32"), "plain": told(1 / token(l).cpu),
         "steered": told(1 / token(l, "on").cpu), "n": len(token(l))}
        for l in ("steernb", "repeng", "steering-vectors", "llama-cpp") if len(token(l))
    ])

if real:
    lines += [steps("lora"), steps("innerpissa")]
    beside += [decoding("llama-cpp", "again", 1, "llama.cpp unsteered again"),
               decoding("llama-cpp", "on", 1, "llama.cpp"),
               compare("a token, steernb, batch 1", "llama.cpp, 4-bit weights", token(s), token("llama-cpp"))]
table = pd.concat(lines + beside, ignore_index=True)
columns = ["work", "against", "bar", "rep", "cpu_ratio", "wall_ratio", "mib", "their_mib"]
table[columns].round(4).to_csv(here/f"{name}.csv", index=False)


def markdown(rows):
    head = list(rows[0])
    return "\n".join(
        [
            "| " + " | ".join(head) + " |",
            "|" + "--|" * len(head),
            *("| " + " | ".join(str(r[k]) for k in head) + " |" for r in rows),
        ]
    )

def verdict(x, bar): return "pass" if x <= bar else f"misses by {100 * (x / bar - 1):.1f} %"

def summary(rows, bars=True):
    "Median, range and verdict for each comparison"
    out = []
    for r in rows:
        if not len(r): continue
        x, first = r.cpu_ratio, r.iloc[0]
        line = {
            "work": first.work,
            "against": first.against,
            "CPU ratio": f"{x.median():.3f}",
            "min–max": f"{x.min():.3f}–{x.max():.3f}",
            "n": len(r),
            "wall ratio": f"{r.wall_ratio.median():.2f}",
        }
        if bars: line |= {"bar": f"≤ {first.bar:.2f}", "verdict": verdict(x.median(), first.bar)}
        if bars:
            line |= {
                "peak memory": f"{r.mib.median():.0f} MiB, theirs {r.their_mib.median():.0f}" if "mib" in r else ""
            }
        out.append(line)
    return markdown(out)


def agreement():
    "Are the results the same?"
    def read(name): return dict(np.load(work/f"{name}.npz")) if (work/f"{name}.npz").exists() else {}
    rows, ours = [], {k: read(f"steernb_{k}") for k in ("mean_diff", "pca_diff", "logits")}
    if theirs := read("steering-vectors_mean_diff"):
        diff = [np.abs(ours["mean_diff"][k] - theirs[k]).max() for k in theirs]
        least = min(np.linalg.norm(v) for v in theirs.values())
        rows.append(
            {
                "what": f"mean difference, {len(diff)} of {len(ours['mean_diff'])} layers",
                "against": "steering-vectors",
                "result": f"largest difference {max(diff):.1e} (smallest norm of a layer {least:.2g})",
            }
        )
    if theirs := read("repeng_pca_diff"):
        last = str(len(ours["pca_diff"]) - 1)
        cos = {
            k: float(v @ ours["pca_diff"][k] / np.linalg.norm(v) / np.linalg.norm(ours["pca_diff"][k]))
            for k, v in theirs.items()
        }
        inner = [c for k, c in cos.items() if k != last]
        rows += [
            {
                "what": f"pca_diff, layers 1 to {int(last) - 1}",
                "against": "repeng",
                "result": f"smallest \\|cos\\| {min(map(abs, inner)):.6f}, {sum(c > 0 for c in inner)} of "
                f"{len(inner)} signs equal",
            },
            {
                "what": f"pca_diff, layer {last}",
                "against": "repeng",
                "result": f"\\|cos\\| {abs(cos[last]):.3f}: repeng reads the last layer after the final norm, "
                f"steernb the block's output",
            },
        ]
    for library in ("repeng", "steering-vectors"):
        if theirs := read(f"{library}_logits"):
            same = (theirs["ids"] == ours["logits"]["ids"]).all()
            rows.append(
                {
                    "what": "logits of one prompt, steered on all layers",
                    "against": library,
                    "result": f"largest difference {np.abs(theirs['logits'] - ours['logits']['logits']).max():.1e}; "
                    f"greedy continuation {'equal' if same else 'different'}",
                }
            )
    for n in () if real else (256, 512):
        found = other[s, f"fisher checks {n}"]
        rows.append(
            {
                "what": f"natural gradient of {n} gradients, width 2048",
                "against": "the dense system; a plain float32 solve",
                "result": f"1 − cos {found['dense']:.0e}; {found['plain']:.0e}",
            }
        )
    checks = other[s, "checks"]
    rows.append(
        {
            "what": "logits at c = 0, and after the block",
            "against": "unsteered",
            "result": "bit-identical" if checks["zero"] and checks["removed"] else "NOT bit-identical",
        }
    )
    return markdown(rows)


batches, versions = other[s, "batches"], {l: n["versions"] for (l, w), n in other.items() if w == "versions"}
tv = versions[s]["torch"].split("+")[0]
left_out = json.loads((work/"left_out.json").read_text()) if (work/"left_out.json").exists() else {}
added = 0. if real else (cost(s, "import torch, steernb").cpu - cost(s, "import torch").cpu).median()
parts = [
    "# Results on SmolLM2" if real else "# Results",
    "Written by `report.py`; how it is measured stands in [README.md](README.md).",
    f"Machine: {os.cpu_count()} cores, no GPU, torch {'.'.join(tv.split('.')[:2])} CPU, one thread, shared with "
    f"other work. Figures are ratios within one run, CPU time unless wall is said; median over n repetitions.",
    "## Against the budget",
    summary(lines),
    "" if real else f"`import steernb` after `import torch` adds {max(added, 0):.2f} s of CPU time (bar 0.5 s): "
    f"{'pass' if added <= 0.5 else 'misses'}. Steps of training an adapter stand in [training.md](training.md).",
    "## Beside it, for scale",
    summary(beside, bars=False),
    f"Why: extraction is bound by the tokens run through the model, padding included. The texts have "
    f"{batches['real']}; `capture` ran {batches['padded']} in {batches['n']} length-sorted batches, "
    + ", ".join(f"{l} runs {n}" for l, n in batches["peers"].items())
    + f" in batches of {16 if real else 32} as they come. "
    + "Sorting alone can reach "
    + ", ".join(f"{batches['real'] / n:.2f} of {l}" for l, n in batches["peers"].items())
    + "; the batches as they are give "
    + " and ".join(format(batches["padded"] / n, ".2f") for n in batches["peers"].values())
    + ".",
    *(["## Tokens per CPU second", "Greedy decoding of one text, a vector on every block.", speeds()] if real else []),
    *(f"Left out: {l} ({why})." for l, why in left_out.items()),
    "## The same answers",
    agreement(),
    "## Versions",
    markdown(
        [
            {
                "library": l,
                **{k: v.get(k, "") for k in ("python", "torch", "transformers", "numpy")},
                "its own": v.get(l) or "",
            }
            for l, v in versions.items()
        ]
    ),
]
(here/f"{name}.md").write_text("\n\n".join(parts) + "\n")

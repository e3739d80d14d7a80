"""Does steernb do what its peers do? What all are given, steernb's own part, and the page that compares what came back.

python parity.py make FOLDER: models, tokenizer, vectors and files, and what steernb returns for them
(in steernb's environment)
python parity.py report FOLDER: parity.csv and parity.md; exits with 1 if a comparison misses its bar"""
import json, sys, traceback
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

import workload as w

FAMILIES = "qwen3 llama gemma2 gemma3 qwen2 mistral gpt2".split()
WHERE = {"one": [2], "all": [0, 1, 2, 3]}  # name -> blocks that are steered
C = 2.0  # the coefficient: a power of two, so that nobody's order of multiplication matters
CLAMP, MID, N_PAIRS = 5., .75, 48
ALONE, PADDED = "each text alone", "left-padded batch of 3"
here = Path(__file__).resolve().parent


# what all are given

def load(folder, family, **kw):
    """The same weights in every library; transformers picks the attention (Gemma2: eager, it has no other) unless
    `kw` names one"""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    path = Path(folder)/family
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, **kw).eval(), AutoTokenizer.from_pretrained(
        path, padding_side="left"
    )

def vectors(folder, where):
    "{block: what is added there at coefficient 1 [d]}"
    with np.load(Path(folder)/"vectors.npz") as f: return {i: torch.from_numpy(f[str(i)]) for i in WHERE[where]}

def inputs(tok):
    """Three texts of different lengths: each alone, and all in one left-padded batch with the mask and the positions
    that it needs"""
    ids = [tok(t).input_ids for t in w.PROMPTS[:3]]
    width = max(map(len, ids))
    mask = torch.tensor([[0] * (width - len(x)) + [1] * len(x) for x in ids])
    padded = dict(
        input_ids=torch.tensor([[tok.pad_token_id] * (width - len(x)) + x for x in ids]),
        attention_mask=mask,
        position_ids=(mask.cumsum(1) - 1).clamp(min=0),
    )
    return {ALONE: [dict(input_ids=torch.tensor([x])) for x in ids], PADDED: [padded]}

def real(x, values):
    "The rows of the real tokens: libraries differ in what they do to pads, and nothing depends on it"
    return np.asarray(values)[x["attention_mask"].bool().numpy()] if "attention_mask" in x else np.asarray(values)[0]

def logits(model, x):
    with torch.no_grad(): return model(**x).logits.float().numpy()

def over(xs, f): return np.concatenate([real(x, f(x)) for x in xs])   # [tokens v]
def block_list(model): return model.transformer.h if hasattr(model, "transformer") else model.model.layers
def final_norm(model): return "transformer.ln_f" if hasattr(model, "transformer") else "model.norm"

@contextmanager
def plain_hooks(modules, vs, c=C):
    "The referee: PyTorch's own forward hooks, h + c·v"
    def hook(v): return lambda m, args, out: (out[0] + c * v, *out[1:]) if isinstance(out, tuple) else out + c * v
    handles = [modules[i].register_forward_hook(hook(v)) for i, v in vs.items()]
    try: yield
    finally:
        for h in handles: h.remove()

def short(text, folder, n=150):
    "The first line of a message, without the folder"
    text = (text.strip().splitlines() or [""])[0].replace(f"{folder}/", "")
    return text if len(text) <= n else text[:n] + "…"

def word(e, folder): return f"{type(e).__name__}: {short(str(e), folder)}"

class Found:
    "What one library returned, arrays and words by name: FOLDER/<library>.npz and .json"
    def __init__(self, library, folder, *packages):
        self.library, self.folder, self.arrays, self.words = library, Path(folder), {}, {}
        self.words["versions"] = {
            "python": sys.version.split()[0],
            **{p: version(p) for p in ("torch", "transformers", "numpy", *packages)},
        }
    def put(self, *name, **arrays):
        for k, v in arrays.items(): self.arrays["/".join(map(str, (k, *name)))] = np.asarray(v)
    def say(self, *name, **words):
        for k, v in words.items(): self.words["/".join(map(str, (k, *name)))] = v

    @contextmanager
    def trying(self, family, *name):
        "An error of the library is a finding of its own, not the end of the others"
        try: yield
        except Exception as e:
            traceback.print_exc()
            self.say(family, *name, error=word(e, self.folder))

    def refusal(self, name, f):
        "Which error `f` raises, empty if none"
        try: f()
        except Exception as e: self.say(name, refused=word(e, self.folder))
        else: self.say(name, refused="")

    def steer(self, steered, how="", kinds=(ALONE, PADDED), **kw):
        """Logits of the library, and of plain hooks in the same process. `steered(model, vectors, family, where)` is
        a context manager that gives a function from inputs to logits"""
        for family in FAMILIES:
            model, tok = load(self.folder, family, **kw)
            for where in WHERE:
                vs = vectors(self.folder, where)
                for kind in kinds:
                    xs = inputs(tok)[kind]
                    with plain_hooks(block_list(model), vs):
                        self.put(family, where, kind, how, hook=over(xs, lambda x: logits(model, x)))
                    with self.trying(family, where, kind), steered(model, vs, family, where) as f:
                        self.put(family, where, kind, how, logits=over(xs, f))

    def save(self):
        np.savez(self.folder/f"{self.library}.npz", **self.arrays)
        (self.folder/f"{self.library}.json").write_text(json.dumps(self.words))


# steernb's own part

def make(folder):
    "Models, vectors and files for all, and what steernb returns for them"
    import steernb as sn
    from steernb.model.hooks import hidden
    from steernb.model.load import byte_tokenizer, random_model
    from steernb.steer.files import save_gguf, save_lm_eval
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tok = byte_tokenizer()
    tok.pad_token = tok.eos_token
    for family in FAMILIES:
        random_model(family).save_pretrained(folder/family)
        tok.save_pretrained(folder/family)
    g = torch.Generator().manual_seed(1)
    raw = [torch.randn(64, generator=g) / 2 for _ in range(4)]  # norm about 4 and not a round number

    def vector(model, blocks):
        return sn.SteeringVector(
            {s: raw[i] for i, s in enumerate(sn.sites(model, "residual")) if i in blocks}, name="parity"
        )
    model, _ = load(folder, "qwen3")
    np.savez(
        folder/"vectors.npz", **{str(i): v.numpy() for i, v in enumerate(vector(model, range(4)).scaled().values())}
    )  # strength · direction, what is added at c = 1

    found = Found("steernb", folder, "steernb", "gguf")
    @contextmanager
    def steered(model, vs, family, where):
        with vector(model, vs)(model, C): yield lambda x: logits(model, x)
    found.steer(steered)
    found.steer(steered, "eager", attn_implementation="eager")

    # files for the peers
    save_gguf(vector(model, [1, 2, 3]), folder/"steernb.gguf", model_type="qwen3")
    found.refusal(
        "gguf of a vector on block 0",
        lambda: save_gguf(vector(model, range(4)), folder/"never.gguf", model_type="qwen3"),
    )
    for family in FAMILIES:
        model, tok = load(folder, family)
        for where, blocks in WHERE.items():
            save_lm_eval(vector(model, blocks), folder/f"{family} add {where}.pt", model, C)
        site, x = sn.sites(model, "residual")[WHERE["one"][0]], inputs(tok)[ALONE][0]
        clamped = sn.SteeringVector({site: raw[WHERE["one"][0]]}, CLAMP, operator="clamp", state={site: dict(mid=MID)})
        save_lm_eval(clamped, folder/f"{family} clamp.pt", model)
        with clamped(model, 1.): found.put(family, clamp=real(x, logits(model, x)))

    pairs = [sn.data.Pair(*p) for p in w.pairs()[:N_PAIRS]]
    for family in FAMILIES:
        model, tok = load(folder, family)
        where, vec = sn.sites(model, "residual"), vector(model, WHERE["all"])
        for kind, xs in inputs(tok).items():   # nothing at c = 0, nothing left behind
            def now(): return over(xs, lambda x: logits(model, x))
            found.put(family, kind, before=now())
            with vec(model, C): now()
            found.put(family, kind, after=now())
            with vec(model, 0.): found.put(family, kind, zero=now())
        for how, size in (("batched", None), ("one by one", 1)):
            acts = sn.capture(model, tok, pairs, [*where, final_norm(model)], batch_size=size)
            for i, a in enumerate(acts.values()):  # "norm": the final norm's output
                found.put(
                    family,
                    how,
                    i if i < len(where) else "norm",
                    mean=sn.extractor["mean_diff"](a),
                    pca_diff=sn.extractor["pca_diff"](a),
                    pca_center=sn.extractor["pca_center"](a),
                    logistic=sn.extractor["logistic"](a),
                    uncentred=torch.linalg.svd(a.diff, full_matrices=False)[2][0],
                )
        model, tok = load(folder, family, attn_implementation="eager")
        for kind, xs in inputs(tok).items():
            with sn.TraceDict(model, where) as t: found.put(family, kind, bare=over(xs, lambda x: logits(model, x)))
            if kind == PADDED:
                for i, s in enumerate(where): found.put(family, i, state=real(xs[0], hidden(t[s].output).detach()))
    found.save()


# the page

NAMES = {
    "steernb": "steernb",
    "repeng": "repeng",
    "steering-vectors": "steering-vectors",
    "lm-eval": "lm-eval",
    "transformer-lens": "TransformerLens bridge",
}

def far(a, b): return float(np.abs(np.float64(a) - np.float64(b)).max())
def relative(a, b): return far(a, b) / float(np.linalg.norm(np.float64(b)))
def cos(a, b):
    return float(np.float64(a) @ np.float64(b) / np.linalg.norm(np.float64(a)) / np.linalg.norm(np.float64(b)))
def off(a, b): return 1 - abs(cos(a, b))

def worst(xs): return float(np.max(list(xs)))   # Python's max would drop a NaN

class Page:
    "Rows of the comparison: a result is a deviation, `bar` the largest that passes (None: shown, not judged)"
    def __init__(self, folder):
        folder = Path(folder)
        self.rows, there = [], [l for l in NAMES if (folder/f"{l}.json").exists()]
        self.arrays = {l: dict(np.load(folder/f"{l}.npz")) for l in there}
        self.words = {l: json.loads((folder/f"{l}.json").read_text()) for l in there}
        self.left_out = json.loads((folder/"left_out.json").read_text()) if (folder/"left_out.json").exists() else {}
        for l in NAMES:
            if l not in there and l not in self.left_out:
                self.row("Scripts", "the script ran to its end", NAMES[l], "", lambda: float("nan"), library=l)

    def name(self, library):
        return f"{NAMES[library]} {self.words[library]['versions'][library]}" if library in self.words else library

    def row(self, section, what, against, family, f, bar=0., library=None, note=""):
        "`f()` is the result; an array that is not there is a miss, with the library's own error where it left one"
        missing = False
        try: result = float(f())
        except KeyError as e:
            errors = [v for k, v in self.words.get(library or against, {}).items() if k.startswith(f"error/{family}")]
            result, note, missing = float("nan"), (errors or [f"nothing for {e.args[0]}"])[0], True
        verdict = "MISS" if missing else "shown" if bar is None else "pass" if result <= bar else "MISS"
        self.rows.append(
            dict(
                section=section,
                what=what,
                against=self.name(against),
                family=family,
                result=result,
                bar=bar,
                verdict=verdict,
                note=note,
            )
        )


def logit_rows(page):
    ours = page.arrays["steernb"]
    for library, theirs in page.arrays.items():
        for name in sorted(
            {n.split("/", 2)[2] for n in theirs if n.startswith("hook/")}, key=lambda n: n.split("/")[::-1]
        ):
            where, kind, how = name.split("/")
            what = f"{kind}, {where} block{'s' if where == 'all' else ''}" + (f", {how}" if how else "")
            mine = f"{where}/{kind}/{'eager' if how == 'eager' else ''}"
            for family in FAMILIES:
                if library == "steernb":
                    page.row(
                        "Steered logits",
                        what,
                        "plain hook",
                        family,
                        lambda: far(ours[f"logits/{family}/{name}"], ours[f"hook/{family}/{name}"]),
                    )
                    continue
                bar, note = 0., ""
                if (
                    f"bare/{family}/{kind}" in theirs
                    and (d := far(theirs[f"bare/{family}/{kind}"], ours[f"bare/{family}/{kind}"])) > 0
                ):
                    bar, note = (
                        1e-5,
                        f"unsteered, the bridge already differs from transformers by {d:.1e}, so float error is the "
                        f"bar",
                    )
                page.row(
                    "Steered logits",
                    what,
                    library,
                    family,
                    lambda: far(theirs[f"logits/{family}/{name}"], ours[f"logits/{family}/{mine}"]),
                    bar,
                    note=note,
                )
                page.row(
                    "The peers against plain hooks",
                    what,
                    library,
                    family,
                    lambda: far(theirs[f"logits/{family}/{name}"], theirs[f"hook/{family}/{name}"]),
                )
    for family in FAMILIES:
        for kind in (ALONE, PADDED):
            for when, text in (("zero", "at c = 0"), ("after", "after the block")):
                page.row(
                    "Steered logits",
                    f"{kind}, {text}",
                    "unsteered",
                    family,
                    lambda: far(ours[f"{when}/{family}/{kind}"], ours[f"before/{family}/{kind}"]),
                )


def direction_rows(page):
    s, known, ours, inner = "Directions", "Known differences", page.arrays["steernb"], range(3)
    for family in FAMILIES:
        gpt2 = family == "gpt2"
        for library, method in (("repeng", "pca_diff"), ("repeng", "pca_center")):
            if library not in page.arrays: continue
            theirs = page.arrays[library]

            def over(f, how, blocks, other=None):
                return worst(
                    f(
                        theirs[f"{method}/{family}/{how}/{i}"],
                        ours[f"{method}/{family}/batched/{i if other is None else other}"],
                    )
                    for i in blocks
                )
            for how in ("one by one", "batched"):
                page.row(
                    known if gpt2 and how == "batched" else s,
                    f"{method}, blocks 0–2, 1 − \\|cos\\|, their batches {how}",
                    library,
                    family,
                    lambda: over(off, how, inner),
                    None if gpt2 and how == "batched" else 1e-5,
                )
            for blocks, other, text in (
                (inner, None, "blocks 0–2"),
                ([3], "norm", "last block, read after the final norm"),
            ):
                page.row(
                    s,
                    f"{method}, {text}, signs that differ",
                    library,
                    family,
                    lambda: sum(
                        not (
                            cos(
                                theirs[f"{method}/{family}/one by one/{i}"],
                                ours[f"{method}/{family}/batched/{i if other is None else other}"],
                            )
                            > 0
                        )
                        for i in blocks
                    ),
                )
            page.row(
                s,
                f"{method}, last block, read after the final norm, 1 − \\|cos\\|",
                library,
                family,
                lambda: over(off, "one by one", [3], "norm"),
                1e-5,
            )
            page.row(
                known,
                f"{method}, last block, theirs after the final norm, ours the block's output, 1 − \\|cos\\|",
                library,
                family,
                lambda: over(off, "one by one", [3]),
                None,
            )
        if (library := "steering-vectors") in page.arrays:
            theirs = page.arrays[library]

            def over(f, mine, how, their):
                return worst(
                    f(theirs[f"{their}/{family}/{how}/{i}"], ours[f"{mine}/{family}/{how}/{i}"]) for i in range(4)
                )

            page.row(
                s,
                "mean difference, all 4 blocks, one text at a time",
                library,
                family,
                lambda: over(far, "mean", "one by one", "mean"),
            )
            page.row(
                known if gpt2 else s,
                "mean difference, all 4 blocks, largest difference / norm, both in batches",
                library,
                family,
                lambda: over(relative, "mean", "batched", "mean"),
                None if gpt2 else 1e-5,
            )
            page.row(
                s,
                "their PCA is the first component of uncentred differences, 1 − \\|cos\\|",
                library,
                family,
                lambda: over(off, "uncentred", "one by one", "pca"),
                1e-5,
            )
            page.row(
                known,
                "their PCA and our pca_diff (centred), 1 − \\|cos\\|",
                library,
                family,
                lambda: over(off, "pca_diff", "one by one", "pca"),
                None,
            )
            page.row(
                known,
                "logistic regression: theirs through the origin, ours standardised with an intercept, 1 − \\|cos\\|",
                library,
                family,
                lambda: over(off, "logistic", "one by one", "logistic"),
                None,
            )
        page.row(
            s,
            "mean difference, steernb in batches and one text at a time, largest difference / norm",
            "steernb",
            family,
            lambda: worst(
                relative(ours[f"mean/{family}/batched/{i}"], ours[f"mean/{family}/one by one/{i}"]) for i in range(4)
            ),
            1e-5,
        )
        if (library := "transformer-lens") in page.arrays:
            theirs = page.arrays[library]
            exact = np.array_equal(theirs.get(f"bare/{family}/{PADDED}"), ours[f"bare/{family}/{PADDED}"])
            page.row(
                s,
                "states: blocks.k.hook_out and our residual site, all 4 blocks",
                library,
                family,
                lambda: worst(far(theirs[f"state/{family}/{i}"], ours[f"state/{family}/{i}"]) for i in range(4)),
                0.0 if exact else 1e-5,
            )
            page.row(
                known,
                "unsteered logits of the bridge and of transformers",
                library,
                family,
                lambda: worst(far(theirs[f"bare/{family}/{k}"], ours[f"bare/{family}/{k}"]) for k in (ALONE, PADDED)),
                None,
            )


def file_rows(page, folder):
    "What each wrote, read by the other; clamp, which lm-eval has only through its file"
    import warnings
    from steernb.core import FormatError
    from steernb.steer.files import load_gguf, load_lm_eval
    s, vs, ours, folder = "Files", vectors(folder, "all"), page.arrays["steernb"], Path(folder)
    def added(vec): return list(vec.scaled().values())

    def apart(path, expected):
        return worst(relative(a, b) for a, b in zip(added(load_gguf(folder / path)), expected, strict=True))
    def refuses(path):
        try: load_gguf(folder/path)
        except FormatError as e:
            page.words["steernb"][f"refused/reading {path}"] = word(e, folder)
            return 0
        return 1
    def warns(path, expected):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            d = apart(path, expected)
        page.words["steernb"][f"refused/reading {path}"] = (
            f"read, with a warning: {short(str(said[0].message), folder)}" if said else ""
        )
        return d if said else float("inf")
    import gguf
    tensors = gguf.GGUFReader(folder/"steernb.gguf").tensors
    page.row(
        s,
        "tensors in steernb's gguf that are not direction.1 and above, one-dimensional, F32",
        "llama.cpp's rules",
        "",
        lambda: sum(
            t.name not in {f"direction.{i}" for i in (1, 2, 3)} or len(t.shape) != 1 or t.tensor_type.name != "F32"
            for t in tensors
        ),
    )
    if (library := "repeng") in page.arrays:
        theirs = page.arrays[library]
        page.row(
            s,
            "gguf written by steernb, read by repeng: largest difference of a direction",
            library,
            "",
            lambda: worst(far(theirs[f"gguf_read/{i}"], vs[i]) for i in (1, 2, 3)),
        )
        page.row(
            s,
            "blocks in that file that repeng does not find, or finds beside them",
            library,
            "",
            lambda: len({k for k in theirs if k.startswith("gguf_read/")} ^ {f"gguf_read/{i}" for i in (1, 2, 3)}),
        )
        page.row(
            s,
            "the model type in that file: the same (0) or not (1)",
            library,
            "",
            lambda: page.words[library]["gguf_model_type"] != "qwen3",
        )
        page.row(
            s,
            "gguf written by repeng, read by steernb: largest difference / norm",
            library,
            "",
            lambda: apart("repeng.gguf", [theirs[f"gguf_written/{i}"] for i in (1, 2, 3)]),
            1e-6,
        )
        page.row(
            s,
            "gguf from steernb through repeng back to steernb: largest difference / norm",
            library,
            "",
            lambda: apart("repeng from steernb.gguf", [vs[i] for i in (1, 2, 3)]),
            1e-6,
        )
        if (folder/"key 0.gguf").exists():
            page.row(
                s,
                "gguf with direction.0, as repeng writes it: refused (0) or read (1)",
                library,
                "",
                lambda: refuses("key 0.gguf"),
            )
            page.row(
                s,
                "gguf in float64, as repeng writes it: read with a warning, largest difference / norm",
                library,
                "",
                lambda: warns("float64.gguf", [np.ones(64)]),
                1e-6,
            )
    if (library := "lm-eval") in page.arrays:
        theirs = page.arrays[library]
        for family in FAMILIES:
            model, _ = load(folder, family)
            page.row(
                s,
                "lm-eval's file read again by steernb: largest difference / norm",
                library,
                family,
                lambda: worst(
                    relative(a, C * v)
                    for a, v in zip(
                        added(load_lm_eval(folder/f"{family} add all.pt", model)), vs.values(), strict=True
                    )
                ),
                1e-6,
            )
            page.row(
                s,
                "clamp: logits",
                library,
                family,
                lambda: far(theirs[f"clamp/{family}"], ours[f"clamp/{family}"]),
                1e-5,
            )
            page.row(
                s,
                f"clamp: lm-eval's projection on the direction, from {MID + CLAMP:g} at every token",
                library,
                family,
                lambda: far(theirs[f"clamp_projection/{family}"], MID + CLAMP),
                1e-5,
            )


def markdown(rows):
    head = list(rows[0])
    return "\n".join(
        [
            "| " + " | ".join(head) + " |",
            "|" + "--|" * len(head),
            *("| " + " | ".join(str(r[k]) for k in head) + " |" for r in rows),
        ]
    )

def figure(r):
    x = (
        "–"
        if r["result"] != r["result"]
        else "0"
        if r["result"] == 0
        else f"{r['result']:.3f}"
        if r["bar"] is None and r["result"] > 1e-3
        else f"{r['result']:.0e}"
    )
    return f"**{x} misses**" if r["verdict"] == "MISS" else x

def table(rows, by_family=True):
    "One line per comparison; with `by_family` those of the families, beside each other, else the others"
    lines = {}
    for r in (r for r in rows if bool(r["family"]) == by_family):
        lines.setdefault((r["what"], r["against"]), []).append(r)
    def bars(rs): return "" if rs[0]["bar"] is None else {"bar": " / ".join(sorted({f"{r['bar']:g}" for r in rs}))}
    out = []
    for (what, against), rs in lines.items():
        by = {r["family"]: figure(r) for r in rs}
        out.append(
            {
                "what": what,
                "against": against,
                **({f: by.get(f, "") for f in FAMILIES} if by_family else {"result": by[""]}),
                **(bars(rs) or {}),
            }
        )
    return markdown(out)

ABOUT = {
    "Steered logits": "Largest absolute difference, float32, over all real tokens (what happens to pads is nobody's "
    "business: steernb and repeng leave them alone, the others steer them). Each library loads the same folder in a "
    "process and an environment of "
    "its own; the coefficient is 2.",
    "The peers against plain hooks": "The same numbers of the peers beside PyTorch's own forward hooks in the "
    "peer's process: whether the peer, and not only steernb, adds what it says.",
    "Directions": f"{N_PAIRS} pairs; steernb in its own length-sorted batches unless said.",
    "Files": "A gguf file holds float32, so writing is exact; reading splits a vector into a unit direction and a "
    "strength, which can cost the last bit: there the bar is 1e-6 of the norm. lm-eval's `add` file is judged "
    "above, by logits; "
    f"`clamp` sets the projection on the direction to {MID:g} + {CLAMP:g}, {MID:g} through lm-eval's bias, and is "
    f"judged within float error.",
    "Known differences": "Shown and not judged. repeng reads `hidden_states`, whose last entry is *after* the final "
    "norm; steernb and steering-vectors read what the block returns. In batches, both peers call the model without "
    "`position_ids`: on "
    "left-padded GPT-2, which knows absolute positions, they read shifted states (rotary families do not care). "
    "steering-vectors' PCA is not centred, so it leans towards the mean difference; its logistic regression works "
    "on raw states and has no intercept.",
}

def report(folder):
    page = Page(folder)
    logit_rows(page)
    direction_rows(page)
    file_rows(page, folder)
    rows = page.rows
    import pandas as pd
    pd.DataFrame(rows).to_csv(here/"parity.csv", index=False)
    judged, missed = [r for r in rows if r["verdict"] != "shown"], [r for r in rows if r["verdict"] == "MISS"]
    parts = [
        "# Parity",
        'Written by `parity.py` (`make bench ARGS="--parity"`); every row stands in [parity.csv](parity.csv).',
        f"**{len(judged) - len(missed)} of {len(judged)} comparisons meet their bar**, on {len(FAMILIES)} families "
        f"of random models (4 blocks, width 64). "
        + (
            "Left out: " + "; ".join(f"{NAMES[l]} ({why})" for l, why in page.left_out.items()) + "."
            if page.left_out
            else "No peer was left out."
        ),
    ]
    if missed:
        parts += [
            "## Missed",
            markdown([{k: r[k] for k in ("what", "against", "family", "result", "bar", "note")} for r in missed]),
        ]
    for section in dict.fromkeys(r["section"] for r in rows):
        some = [r for r in rows if r["section"] == section]
        notes = dict.fromkeys(
            f"{r['against']}, {r['family']}: {r['note']}." for r in some if r["note"] and r["verdict"] != "MISS"
        )
        parts += [
            f"## {section}",
            *filter(None, [ABOUT.get(section)]),
            *(table(some, f) for f in (False, True) if any(bool(r["family"]) == f for r in some)),
            *notes,
        ]
    refused = [
        {"library": page.name(l), "given": k.split("/", 1)[1], "answer": v if v else "accepted"}
        for l, words in page.words.items()
        for k, v in words.items()
        if k.startswith("refused/")
    ]
    if refused: parts += ["## Refusals", markdown(refused)]
    versions = {l: x["versions"] for l, x in page.words.items()}
    parts += [
        "## Versions",
        markdown(
            [
                {
                    "library": NAMES[l],
                    "version": v[l],
                    **{k: v[k] for k in ("python", "torch", "transformers", "numpy")},
                    "others": ", ".join(
                        f"{k} {x}" for k, x in v.items() if k not in (l, "python", "torch", "transformers", "numpy")
                    ),
                }
                for l, v in versions.items()
            ]
        ),
    ]
    (here/"parity.md").write_text("\n\n".join(parts) + "\n")
    print(f"{len(judged) - len(missed)} of {len(judged)} comparisons meet their bar: bench/parity.md")
    for r in missed:
        print(f"MISS {r['what']} against {r['against']}, {r['family']}: {r['result']} (bar {r['bar']}) {r['note']}")
    sys.exit(bool(missed))


if __name__ == "__main__": dict(make=make, report=report)[sys.argv[1]](sys.argv[2])

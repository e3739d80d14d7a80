"""Every architecture × operators, token scopes and adapter families: exact, or refused with a SteerError, and nothing
silent.

    python .ci/wild/architectures.py [--quick] [-v] [words]

The models are tiny and random (`families.py`). For each of them:

- an **operator** at the block outputs and at the modules that write to the residual stream: c = 0 changes no bit, c = 1
  changes the logits, and afterwards no bit is changed;
- a **scope** while writing (one token after the other, left padding, beams, several samples, no cache): a hook
  before and a hook after the edit see which columns it changed, and these are compared with those it should change;
- an **adapter** of each family at its default modules: c = 0 and the end of the block change no bit, +1 and -1 change
  the logits and differ, the folder gives the same logits, the difference of weights does the same.

A combination is *exact*, *refused* (a SteerError; the model is compared bit for bit) or a failure: an effect of
nothing, wrong columns, another error, or a model that is not what it was.
The last line is `N passed, N failed`, counted in combinations.
"""
import argparse
import collections
import hashlib
import sys
import tempfile
import time
import traceback
import warnings

import torch
from families import FAMILIES

import steernb as sn
from steernb.core import SteerError, quiet
from steernb.model.load import byte_tokenizer
from steernb.model.text import encode

PAIRS = [("I am calm and kind. So", "I am wild and rude. So"), ("A calm day. So", "A wild day. So"),
         ("Be kind, be calm. So", "Be rude, be wild. So"),
         ("They were calm. So", "They were wild. So"), ("Calm is good. So", "Wild is good. So"),
         ("The kind ones. So", "The rude ones. So")]
PROMPTS = ["One two three", "Four", "Five six"]               # of different lengths, so that two rows are padded
WRITTEN = 4                                                   # tokens
SCOPES = {"all": "all", "prompt": "prompt", "generated": "generated", "last": "last",
          "positions": [0, -1], "slice": slice(1, None)}
WAYS = {"cache": {}, "no cache": dict(use_cache=False), "beams": dict(num_beams=2),
        "samples": dict(do_sample=True, num_return_sequences=2)}


class Wrong(Exception):
    "A combination that is neither exact nor refused"


def checksum(model):
    "A checksum of all parameters and buffers"
    h = hashlib.sha256()
    for t in [*model.parameters(), *model.buffers()]:
        h.update(t.detach().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes() if t.numel() else b"")
    return h.hexdigest()


@torch.no_grad()
def logits(model, x):
    "Logits of a forward pass over the prompts"
    more = dict(decoder_input_ids=x["input_ids"]) if model.config.is_encoder_decoder else {}
    return model(**x, **more).logits.clone()


def need(condition, text):
    if not condition:
        raise Wrong(text)


def same(a, b):
    return torch.equal(a.nan_to_num(7.), b.nan_to_num(7.))


# ---- the three kinds of combination

def try_operator(model, tok, x, plain, op, preset):
    "One operator at one kind of site"
    vec = sn.train_vector(model, tok, PAIRS, sites=preset, depths=(0, 1), operator=op)
    with vec(model, 0):
        need(same(logits(model, x), plain), "c = 0 changes logits")
    with vec(model, 1.):
        steered = logits(model, x)
    need(steered.isfinite().all(), "logits that are no numbers")
    need(not same(steered, plain), "c = 1 changes nothing")


def expected(scope, prompt_mask, start, width, rows, prompt):
    "[rows width] which columns a scope means; columns from `start` on, real prompt tokens in `prompt_mask`"
    mask = prompt_mask.repeat_interleave(rows // len(prompt_mask), 0)
    full = torch.cat([mask, torch.ones(rows, max(0, start + width - prompt), dtype=torch.bool)], 1)
    number = torch.where(full, full.cumsum(1) - 1, -1)
    length = mask.sum(1, keepdim=True)
    on = {"all": number >= 0, "prompt": (number >= 0) & (number < length), "generated": number >= length,
          "last": number == length - 1,
          "positions": (number == 0) | (number == length - 1), "slice": number >= 1}[scope]
    return on[:, start:start + width]


class Impossible(Exception):
    "Something that transformers refuses to do with this model, steered or not"


def write(model, x, way):
    "A few tokens, in one of the ways"
    torch.manual_seed(0)
    try:
        model.generate(**x, max_new_tokens=WRITTEN, min_new_tokens=WRITTEN, pad_token_id=0, **WAYS[way])
    except ValueError as e:
        if isinstance(e, SteerError):
            raise
        raise Impossible(str(e)) from None


@torch.no_grad()
def try_scope(model, x, scope, way):
    "Which columns an addition changes while the model writes"
    write(model, x, way)                   # what transformers cannot do unsteered is no question here
    site = sn.sites(model)[-1]
    block, d = model.get_submodule(site), text_width(model)
    vec = sn.SteeringVector({site: torch.ones(d)}, strength=1.)
    seen, edited = [], []

    def keep(into):
        def hook(module, args, output):
            into.append((output if isinstance(output, torch.Tensor) else output[0]).clone())
        return hook

    before = block.register_forward_hook(keep(seen))
    try:
        with vec(model, 3., where=SCOPES[scope]):
            after = block.register_forward_hook(keep(edited))
            try:
                write(model, x, way)
            finally:
                after.remove()
    finally:
        before.remove()
    need(len(seen) == len(edited) and len(seen) > 1, f"{len(seen)} forwards, {len(edited)} of them seen")
    decoder = model.config.is_encoder_decoder
    mask = torch.ones(len(PROMPTS), 1, dtype=torch.bool) if decoder else x["attention_mask"].bool()
    start, prompt = 0, mask.shape[1]
    for n, (a, b) in enumerate(zip(seen, edited)):
        rows, width = a.shape[:2]
        changed = (a != b).any(-1)
        if width == start + 1:                                # the whole text comes again, for want of a cache
            start = 0
        want = expected(scope, mask, start, width, rows, prompt)
        need(torch.equal(changed, want),
             f"forward {n}: changed columns {changed.int().tolist()}, not {want.int().tolist()}")
        start += width


@torch.no_grad()
def try_adapter(model, x, plain, kind):
    "One family of adapters at the modules it takes by default"
    a = sn.adapter.new_adapter(model, kind, r=4, seed=0)
    g = torch.Generator().manual_seed(0)
    for p in a.parameters().values():
        p.add_(.1 * torch.randn(p.shape, generator=g))
    at = {}
    for c in (0, 1., -1.):
        with a(model, c):
            at[c] = logits(model, x)
    need(same(at[0], plain), "c = 0 changes logits")
    need(at[1.].isfinite().all() and at[-1.].isfinite().all(), "logits that are no numbers")
    need(not same(at[1.], plain) and not same(at[-1.], plain), "c = 1 or -1 changes nothing")
    need(not same(at[1.], at[-1.]), "c = 1 and -1 are the same")
    with tempfile.TemporaryDirectory() as folder:
        a.save(f"{folder}/a", model) if kind == "pissa" else a.save(f"{folder}/a")
        with sn.Adapter.load(f"{folder}/a", model)(model, 1.):
            off = (logits(model, x) - at[1.]).abs().max().item()
    need(off < 1e-4, f"the folder gives other logits, by {off:.2g}")
    try:
        delta = sn.weight_delta(model, a)
    except SteerError:
        return                                                # not every family is a difference of weights
    with delta(model, 1.):
        off = (logits(model, x) - at[1.]).abs().max().item()
    need(off < 2e-3, f"the difference of weights gives other logits, by {off:.2g}")


def text_width(model):
    from steernb.model.hooks import text_config
    return text_config(model).hidden_size


# ---- all of them

def combinations(quick):
    "{name: function(model, tok, x, plain)}"
    out = {}
    operators = sn.operators()[:3] if quick else sn.operators()
    for preset in ("residual",) if quick else ("residual", "residual_writers"):
        for op in operators:
            def tried(m, t, x, p, op=op, preset=preset): return try_operator(m, t, x, p, op, preset)
            out[f"operator {op} at {preset}"] = tried
    for way in ("cache",) if quick else WAYS:
        for scope in SCOPES:
            out[f"scope {scope}, {way}"] = lambda m, t, x, p, scope=scope, way=way: try_scope(m, x, scope, way)
    for kind in ("lora", "innerpissa", "oft") if quick else sn.adapter.families():
        out[f"adapter {kind}"] = lambda m, t, x, p, kind=kind: try_adapter(m, x, p, kind)
    return out


def tried(f, model, tok, x, plain, base):
    "(exact | refused | failed, why)"
    try:
        f(model, tok, x, plain)
        status, why = "exact", ""
    except SteerError as e:
        status, why = "refused", f"{type(e).__name__}: {e}"
    except Wrong as e:
        return "failed", str(e)
    except Impossible as e:
        status, why = "impossible", str(e)
    except Exception as e:
        where = traceback.extract_tb(e.__traceback__)[-1]
        return "failed", f"{type(e).__name__}: {str(e)[:160]} ({where.name}, line {where.lineno})"
    if checksum(model) != base:
        return "failed", "parameters are changed afterwards"
    if not same(logits(model, x), plain):
        return "failed", "logits are changed afterwards"
    return status, why


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few combinations of every architecture")
    parser.add_argument("-v", "--verbose", action="store_true", help="also list what was refused")
    parser.add_argument("words", nargs="*", help="only architectures whose name contains one of these")
    args = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    tok, jobs, total, reasons = byte_tokenizer(), combinations(args.quick), collections.Counter(), collections.Counter()
    with quiet():
        for name, make in FAMILIES.items():
            if args.words and not any(w in name for w in args.words):
                continue
            begin, count, failures = time.time(), collections.Counter(), []
            model = make()
            x = encode(tok, PROMPTS)
            x.pop("position_ids")
            plain, base = logits(model, x), checksum(model)
            for job, f in jobs.items():
                status, why = tried(f, model, tok, x, plain, base)
                count[status] += 1
                if status == "refused":
                    reasons[f"{job.split()[0]}: {why[:150]}"] += 1
                    if args.verbose:
                        print(f"      - {job}: {why[:200]}")
                if status == "failed":
                    failures.append(f"{job}: {why}")
                    if "afterwards" in why:
                        model = make()
            total += count
            shown = [k for k in ("exact", "refused", "failed", "impossible") if count[k] or k != "impossible"]
            words = ", ".join(f"{count[k]} {k}" for k in shown)
            print(f"{'FAIL' if failures else 'ok':4} {time.time() - begin:5.1f} s  {name}: {words}", flush=True)
            for line in failures[:None if args.verbose else 6]:
                print(f"      | {line[:300]}", flush=True)
    print("\nrefused, by reason:")
    for reason, n in reasons.most_common(25):
        print(f"{n:5}  {reason}")
    beyond = f"{total['impossible']} that transformers itself refuses (not counted)"
    print(f"{total['exact']} exact, {total['refused']} refused clearly, {beyond}")
    print(f"{total['exact'] + total['refused']} passed, {total['failed']} failed")
    return total["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())

"python with_transformer_lens.py parity FOLDER: TransformerLens' bridge, which always loads eager attention"
import sys
from contextlib import contextmanager

import torch
from transformer_lens.model_bridge import TransformerBridge

import parity as p

folder = sys.argv[2]
found = p.Found("transformer-lens", folder, "transformer-lens")
def bridge(family): return TransformerBridge.boot_transformers(f"{folder}/{family}", device="cpu")

def clean(x): return {k: t for k, t in x.items() if k != "input_ids"}

@contextmanager
def steered(_, vs, family, where):
    b = bridge(family)
    def add(v): return lambda h, hook: h + p.C * v
    def f(x):
        with torch.no_grad():
            return (
                b.run_with_hooks(
                    x["input_ids"], fwd_hooks=[(f"blocks.{i}.hook_out", add(v)) for i, v in vs.items()], **clean(x)
                )
                .float()
                .numpy()
            )
    yield f

found.steer(steered, "eager", attn_implementation="eager")

for family in p.FAMILIES:
    with found.trying(family):
        b, tok = bridge(family), p.load(folder, family)[1]
        def call(x): return b(x["input_ids"], **clean(x)).float().numpy()
        with torch.no_grad():
            for kind, xs in p.inputs(tok).items():
                found.put(family, kind, bare=p.over(xs, call))  # is the bridge transformers, bit for bit?
                for where in p.WHERE:  # if not, plain hooks on the bridge's own blocks are the referee
                    with p.plain_hooks(b.blocks, p.vectors(folder, where)):
                        found.put(family, where, kind, "eager", hook=p.over(xs, call))
            x = p.inputs(tok)[p.PADDED][0]
            _, cache = b.run_with_cache(x["input_ids"], **clean(x))   # does hook_out read where our sites read?
        for i in range(4): found.put(family, i, state=p.real(x, cache[f"blocks.{i}.hook_out"].float()))
found.save()

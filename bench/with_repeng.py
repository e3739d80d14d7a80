"python with_repeng.py MODEL_FOLDER OUT REP, or: python with_repeng.py parity FOLDER"
import sys
from contextlib import contextmanager, nullcontext

import numpy as np
from repeng import ControlModel, ControlVector, DatasetEntry

import workload as w


@contextmanager
def steered(model, vectors, c):
    "`vectors` {block: array}; repeng has no direction for block 0 by default, so that vectors for generation are given"
    wrapped = ControlModel(model, list(vectors))
    wrapped.set_control(ControlVector(model.config.model_type, {i: np.asarray(v) for i, v in vectors.items()}), c)
    try: yield wrapped
    finally: wrapped.unwrap()


def timing(folder, out, rep):
    bench = w.Bench("repeng", f"{out}/raw.jsonl", rep)
    bench.versions("repeng")
    model, tok = w.load(folder)
    dataset = [DatasetEntry(*p) for p in w.pairs()]
    w.generate(model, tok, 1)  # warm up
    with bench("pca_diff"): vector = ControlVector.train(model, tok, dataset, method="pca_diff", batch_size=w.BATCH)
    np.savez(f"{out}/repeng_pca_diff.npz", **{str(i): v for i, v in vector.directions.items()})
    given = dict(enumerate(w.directions()))
    def on(): return steered(model, given, 1.)
    with on() as m: np.savez(f"{out}/repeng_logits.npz", logits=w.logits(m, tok), ids=w.generate(m, tok, 1))
    bench.decode(model, tok, dict(off=nullcontext, on=on))


def parity(folder):
    import parity as p
    found = p.Found("repeng", folder, "repeng", "gguf")
    @contextmanager
    def on(model, vs, family, where):
        with steered(model, vs, p.C) as m: yield lambda x: p.logits(m, x)
    found.steer(on)   # a batch works as long as position_ids are given: without, repeng 0.4.0 fails on transformers 5
    def without_positions(family="qwen3"):
        model, tok = p.load(folder, family)
        x = p.inputs(tok)[p.PADDED][0]
        with on(model, p.vectors(folder, "one"), family, "one") as f:
            f({k: x[k] for k in ("input_ids", "attention_mask")})
    found.refusal("a steered batch of 3 without position_ids", without_positions)

    dataset, blocks = [DatasetEntry(*pair) for pair in w.pairs()[:p.N_PAIRS]], range(4)
    for family in p.FAMILIES:
        for how, size in (("batched", 32), ("one by one", 1)):
            for method in ("pca_diff", "pca_center"):
                with found.trying(family, method, how):
                    model, tok = p.load(folder, family)
                    vector = ControlVector.train(
                        model, tok, dataset, method=method, batch_size=size, hidden_layers=blocks
                    )
                    for i, v in vector.directions.items(): found.put(family, how, i, **{method: v})

    # files: ours read and written again by repeng, its own, and two that llama.cpp would refuse
    def directions(vector): return {i: v for i, v in vector.directions.items() if i > 0}
    with found.trying("", "gguf"):
        ours = ControlVector.import_gguf(f"{folder}/steernb.gguf")
        found.say(gguf_model_type=ours.model_type)
        for i, v in ours.directions.items(): found.put(i, gguf_read=v)
        ours.export_gguf(f"{folder}/repeng from steernb.gguf")
        theirs = ControlVector("gpt2", directions(vector))
        theirs.export_gguf(f"{folder}/repeng.gguf")
        for i, v in theirs.directions.items(): found.put(i, gguf_written=v)
        ControlVector("gpt2", {0: np.ones(64, np.float32), 1: np.ones(64, np.float32)}).export_gguf(
            f"{folder}/key 0.gguf"
        )
        ControlVector("gpt2", {1: np.ones(64, np.float64)}).export_gguf(f"{folder}/float64.gguf")
    found.save()


parity(sys.argv[2]) if sys.argv[1] == "parity" else timing(*sys.argv[1:])

"python with_steering_vectors.py MODEL_FOLDER OUT REP, or: python with_steering_vectors.py parity FOLDER"
import sys
from contextlib import contextmanager, nullcontext

import numpy as np
from steering_vectors import (
    SteeringVector,
    aggregate_activations,
    extract_activations,
    logistic_aggregator,
    mean_aggregator,
    pca_aggregator,
)

import workload as w


def timing(folder, out, rep):
    bench = w.Bench("steering-vectors", f"{out}/raw.jsonl", rep)
    bench.versions("steering-vectors")
    model, tok = w.load(folder)
    pairs = w.pairs()
    w.generate(model, tok, 1)  # warm up

    # the two halves of train_steering_vector
    with bench("mean_diff"):
        pos, neg = extract_activations(model, tok, pairs, batch_size=w.BATCH)
        vector = aggregate_activations(pos, neg, mean_aggregator())
    np.savez(f"{out}/steering-vectors_mean_diff.npz", **{str(i): v.numpy() for i, v in vector.items()})

    given = SteeringVector(dict(enumerate(w.directions())), "decoder_block")
    def steered(): return given.apply(model, multiplier=1.)

    with steered():
        np.savez(f"{out}/steering-vectors_logits.npz", logits=w.logits(model, tok), ids=w.generate(model, tok, 1))
    bench.decode(model, tok, dict(off=nullcontext, on=steered))


def parity(folder):
    import parity as p
    found = p.Found("steering-vectors", folder, "steering-vectors", "scikit-learn")
    @contextmanager
    def on(model, vs, family, where):
        with SteeringVector(vs, "decoder_block").apply(model, multiplier=p.C): yield lambda x: p.logits(model, x)
    found.steer(on)
    pairs = w.pairs()[:p.N_PAIRS]
    for family in p.FAMILIES:
        for how, size in (("batched", 32), ("one by one", 1)):
            with found.trying(family, how):
                model, tok = p.load(folder, family)
                pos, neg = extract_activations(model, tok, pairs, batch_size=size)
                for name, aggregator in dict(
                    mean=mean_aggregator(), pca=pca_aggregator(), logistic=logistic_aggregator()
                ).items():
                    for i, v in aggregate_activations(pos, neg, aggregator).items():
                        found.put(family, how, i, **{name: v.numpy()})
    found.save()


parity(sys.argv[2]) if sys.argv[1] == "parity" else timing(*sys.argv[1:])

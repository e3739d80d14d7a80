"""Ctrl-C at random moments: after each one the model is the model it was.

    python .ci/wild/interrupts.py [--tries 200 | --quick] [--seed 0] [words]

Every kind of block and of call is run once to see how long it takes, then again and again with a signal at a seeded
moment: a third anywhere, a third soon after the beginning, a third shortly before the end, since blocks are set up and
taken down there. After each signal hooks, modules, attributes, parameters, modes and configuration are compared with
those of before, and so are the logits, bit for bit. The last line is `N passed, N failed`.
"""
import argparse
import hashlib
import random
import signal
import sys
import time
import warnings

import torch

import steernb as sn
from steernb.core import quiet
from steernb.model.run import open_changes


FAMILIES = ("lora", "dora", "oft", "innerpissa")     # one of each way in which adapters are turned


def digest(tensor):
    "A checksum of a tensor's bytes"
    return hashlib.sha256(tensor.detach().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()[:16]


def state_of(model, x):
    "Everything of `model` that a block might leave changed, {name: value}"
    state = {"config": str(model.config.to_dict()), "open blocks": len(open_changes(model))}
    for path, m in model.named_modules():
        hooks = [len(v) for k, v in sorted(vars(m).items()) if k.endswith("_hooks") and hasattr(v, "__len__")]
        own = sorted(k for k in vars(m) if not k.startswith("_") or k == "_hf_hook")
        state[f"module {path}"] = (type(m).__name__, m.training, hooks, own)
    for name, p in model.named_parameters(remove_duplicate=False):
        state[f"parameter {name}"] = (id(p), digest(p), p.requires_grad, p.grad is None)
    for name, b in model.named_buffers():
        state[f"buffer {name}"] = digest(b)
    with torch.no_grad():
        state["logits"] = digest(model(**x).logits)
    return state


def kinds(model, tok):
    "What is interrupted, {name: function without arguments}"
    pairs = sn.persona_pairs("honest", "dishonest", n=8, tok=tok)
    x = sn.model.encode(tok, [p.pos for p in pairs[:4]])
    vector = sn.train_vector(model, tok, pairs, sites="attn", depths=(.2, .5))
    residual = sn.train_vector(model, tok, pairs, sites="residual", depths=(.2, .8))
    clamp = sn.train_vector(model, tok, pairs, sites="attn", depths=(.2, .5), operator="clamp")
    when = sn.steer.When.fit(residual.at_layers([3, 4]), model, tok, pairs, "model.layers.2")
    adapters = {k: started(sn.adapter.new_adapter(model, k, r"self_attn\.(v|o)_proj$", r=4)) for k in FAMILIES}
    delta = sn.weight_delta(model, adapters["lora"])
    task = sn.task("dilemmas", tier="A", n=4)

    def forward(arm, c=1.5, **kw):
        def run():
            with arm(model, c, **kw):
                model(**x)
        return run

    def written(arm):
        def run():
            with arm(model, 1.5):
                model.generate(**x, max_new_tokens=3, do_sample=False)
        return run

    def nested():
        with adapters["lora"](model, 1), vector(model, 1):
            model(**x)

    def baked():
        with sn.files.bake(vector, model):
            model(**x)

    def traced():
        with sn.TraceDict(model, ["model.layers.1", "model.layers.3"], stop=True):
            model(**x)

    calls = {
        "vector": forward(vector), "vector, generated": forward(vector, where="generated"),
        "residual vector": forward(residual), "clamp": forward(clamp), "when": forward(when),
        "per_row": forward(sn.steer.per_row([vector, None, -vector, residual])),
        "vector, generate": written(vector), "adapter, generate": written(adapters["lora"]),
        **{f"adapter {k}": forward(a) for k, a in adapters.items()},
        "weight delta": forward(delta), "adapter and vector": nested, "bake": baked, "traces": traced,
        "capture": lambda: sn.capture(model, tok, pairs, ["model.layers.2"]),
        "capture with gradients": lambda: sn.capture(model, tok, pairs, ["model.layers.2"], grads="reprpo_nll"),
        "score": lambda: sn.score(model, tok, task, {"vector": vector, "lora": adapters["lora"]}, (-1, 0, 1)),
        "delta_nll": lambda: sn.delta_nll(model, tok, {"vector": vector}, [1], n=4),
        "calibrate": lambda: sn.calibrate(vector, model, tok, kl=.3, prompts=["Describe the road.", "Tell a story."]),
        "generate": lambda: sn.generate(model, tok, ["Tell me about you."], vector, (0, 1), max_new_tokens=4),
    }
    return calls, x


def started(adapter):
    "The adapter with seeded values in place of its start, which does nothing"
    g = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in adapter.parameters().values():
            p.add_(.05 * torch.randn(p.shape, generator=g))
    return adapter


def moment(rng, whole):
    "Seconds until the signal: anywhere, soon after the beginning, or shortly before the end"
    kind = rng.randrange(3)
    edge = 10 ** rng.uniform(-5, -2.5)
    if kind == 0:
        return rng.uniform(1e-5, 1.05 * whole)
    return min(edge, whole) if kind == 1 else max(whole - edge, 1e-5)


def interrupted(run, delay):
    "Run with a signal after `delay` seconds; whether it came in time. Another error than KeyboardInterrupt is returned"
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, delay)
        run()
        return False
    except KeyboardInterrupt:
        return True
    except Exception as error:
        return error
    finally:
        while True:                       # a signal may still come while the timer is being switched off
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
                break
            except KeyboardInterrupt:
                continue


def differences(before, after):
    return [k for k in before.keys() | after.keys() if before.get(k) != after.get(k)]


def try_kind(name, run, model, x, tries, rng):
    "Problems of one kind, and how many signals came in time"
    run()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    whole, before, problems, came = sorted(times)[1], state_of(model, x), [], 0
    for i in range(tries):
        got = interrupted(run, moment(rng, whole))
        if isinstance(got, Exception):
            problems.append(f"try {i}: {type(got).__name__}: {got}")
        came += got is True
        torch.set_grad_enabled(True)  # PyTorch's own `no_grad`, which models use inside, may not come back from Ctrl-C
        if left := differences(before, state_of(model, x)):
            problems.append(f"try {i}: left {', '.join(sorted(left)[:4])}")
            break                          # what is left would be found again at every further try
    if not problems and came < tries // 4:
        problems.append(f"only {came} of {tries} signals came in time")
    return problems, came


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=200, help="signals for each kind")
    parser.add_argument("--quick", action="store_true", help="ten signals for each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("words", nargs="*", help="only kinds whose name contains one of these")
    args = parser.parse_args(argv)
    tries = 10 if args.quick else args.tries
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    model, tok = sn.load("tiny")
    calls, x = kinds(model, tok)
    failed = 0
    chosen = {n: f for n, f in calls.items() if not args.words or any(w in n for w in args.words)}
    with quiet():
        for name, run in chosen.items():
            problems, came = try_kind(name, run, model, x, tries, random.Random(f"{args.seed} {name}"))
            print(f"{'FAIL' if problems else 'ok':4}  {name}: {came} of {tries} signals came in time", flush=True)
            for p in problems[:3]:
                print(f"      | {p}", flush=True)
            if problems:
                failed += 1
                model, tok = sn.load("tiny")   # the old one is no longer what it was
                again, x = kinds(model, tok)
                calls.update(again)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

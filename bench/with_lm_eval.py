"python with_lm_eval.py parity FOLDER: lm-eval's `steered` model on the files that steernb wrote"
import sys
from contextlib import contextmanager

import torch
from lm_eval.models.hf_steered import SteeredModel

import parity as p

folder = sys.argv[2]
found = p.Found("lm-eval", folder, "lm-eval", "peft")

def model(family, name):
    return SteeredModel(
        pretrained=f"{folder}/{family}", steer_path=f"{folder}/{family} {name}.pt", device="cpu", dtype="float32"
    )

@contextmanager
def call(_, vs, family, where):
    "What its loglikelihood tasks run: ids alone, no mask"
    lm = model(family, f"add {where}")
    yield lambda x: lm._model_call(x["input_ids"]).float().numpy()

@contextmanager
def forward(_, vs, family, where):
    lm = model(family, f"add {where}")
    yield lambda x: lm.forward(**x).logits.float().numpy()

found.steer(call, "_model_call", [p.ALONE])
found.steer(forward, "forward", [p.PADDED])

# clamp: the projection of the block's output on the direction is the coefficient, everywhere
for family in p.FAMILIES:
    with found.trying(family, "clamp"):
        lm, states = model(family, "clamp"), []
        x = p.inputs(p.load(folder, family)[1])[p.ALONE][0]["input_ids"]
        k, v = p.WHERE["one"][0], p.vectors(folder, "one")[p.WHERE["one"][0]]
        following = p.block_list(lm.model)[k + 1].register_forward_pre_hook(
            lambda m, args, kw: states.append(args[0] if args else kw["hidden_states"]), with_kwargs=True
        )
        found.put(family, clamp=lm._model_call(x).float().numpy()[0])
        following.remove()
        found.put(family, clamp_projection=(states[0] @ (v / v.norm())).detach().numpy())

# what it refuses, on files that steernb would not write
v = torch.ones(64)
bad = {
    "bias with add": dict(steering_vector=v, steering_coefficient=1.0, action="add", bias=v),
    "head index with clamp": dict(steering_vector=v, steering_coefficient=1.0, action="clamp", head_index=0),
    "a hookpoint that is not there": dict(steering_vector=v, steering_coefficient=1.0, action="add"),
}
for name, entry in bad.items():
    torch.save({"layers.9" if "hookpoint" in name else "layers.2": entry}, f"{folder}/qwen3 bad.pt")
    found.refusal(name, lambda: model("qwen3", "bad")._model_call(torch.tensor([[1, 2, 3]])))
found.save()

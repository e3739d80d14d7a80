"""Files of llama.cpp, made from tiny models of `families`: what its converter would write of them.

`write(path, model, tok)` writes one; `ARCHITECTURES` names the families that transformers reads back. A file keeps
weights as `F32` or in blocks of 32 (`Q8_0`, `Q4_0`), and has the facts that are not what a configuration says by
default: rope base, widths of heads, epsilon, window. `python .ci/wild/ggufs.py [--quick]` steers, trains and saves the
models of such files, damages the files, unpacks one in many processes, and kills some of them."""
import json, os, random, signal, sys, tempfile, time
from pathlib import Path

import gguf
import numpy as np
import torch

from families import EXPERTS, FAMILIES, SIZE, tiny

NAMES = dict(gemma3_text="gemma3", qwen2_moe="qwen2moe", qwen3_moe="qwen3moe", mistral="llama")
ARCHITECTURES = ("llama qwen2 qwen3 gemma2 gemma3 phi3 stablelm starcoder2 nemotron gpt2 bloom mamba lfm2 qwen2_moe "
    "qwen3_moe").split()


def made(name): # llama.cpp always divides the weights of experts by their sum
    if name == "qwen3_moe": return tiny(name, **SIZE, norm_topk_prob=True, mlp_only_layers=[], **EXPERTS)
    return FAMILIES[name]()


# settings that are not what a configuration says by default: {name: (kind of model, values, what the file needs)}
WIDE = {**SIZE, "head_dim": 16}
LONG = dict(rope_type="longrope", short_factor=[1., 1.1, 1.2, 1.3], long_factor=[1., 2., 3., 4.],
    original_max_position_embeddings=128)
LLAMA3 = dict(rope_type="llama3", factor=8., low_freq_factor=1., high_freq_factor=4.,
    original_max_position_embeddings=64)
LOCAL = dict(full_attention=dict(rope_type="linear", factor=8., rope_theta=77e3),
    sliding_attention=dict(rope_type="default", rope_theta=1e4))
LINEAR = dict(rope__scaling__type="linear", rope__scaling__factor=8.)

def turned(**values): return dict(rope_parameters={"rope_type": "default", "rope_theta": 5e4, **values})

SETTINGS = {
    "rope base": ("starcoder2", {**SIZE, **turned()}, {}),
    "wide heads": ("llama", {**WIDE, **turned(), "rms_norm_eps": 1e-3}, {}),
    "biases": ("llama", dict(SIZE, attention_bias=True, mlp_bias=True), {}),
    "part of a head": ("stablelm", {**SIZE, **turned(partial_rotary_factor=.5)}, {}),
    "Llama 3's frequencies": ("llama", {**WIDE, **turned(**LLAMA3)}, {}),
    "linear": ("llama", {**WIDE, **turned(rope_type="linear", factor=8.)}, LINEAR),
    "YaRN": ("qwen2", {**SIZE, **turned(rope_type="yarn", factor=4., original_max_position_embeddings=128)},
        dict(rope__scaling__type="yarn", rope__scaling__factor=4., rope__scaling__original_context_length=128)),
    "Phi 3's frequencies": ("phi3", dict(SIZE, pad_token_id=0, original_max_position_embeddings=128, **turned(**LONG)),
        dict(rope__scaling__original_context_length=128, rope__scaling__attn_factor=(1 + np.log(4) / np.log(128))**.5)),
    "softcaps": ("gemma2", dict(WIDE, query_pre_attn_scalar=16, final_logit_softcapping=5., attn_logit_softcapping=3.,
        sliding_window=5), {}),
    "two ropes": ("gemma3_text", dict(WIDE, num_hidden_layers=7, query_pre_attn_scalar=16, sliding_window=5,
        rope_parameters=LOCAL), LINEAR),
}

def settings(name): # model, options of `write`
    kind, values, more = SETTINGS[name]
    model = tiny(kind, **values)
    rope = model.config.rope_parameters
    tensors = {f"rope_factors_{k}.weight": torch.tensor(rope[f"{k}_factor"]) for k in ("short", "long")
               if f"{k}_factor" in rope}
    if rope.get("rope_type") == "llama3":
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
        width = model.config.head_dim
        plain = rope["rope_theta"] ** -(torch.arange(0, width, 2) / width)
        tensors["rope_freqs.weight"] = plain / ROPE_INIT_FUNCTIONS["llama3"](model.config, "cpu")[0]
    return model, dict(more, more=tensors)


def facts(config):
    "What a file says of a model besides its weights: {key after the architecture: value}"
    def of(*names): return next((getattr(config, n) for n in names if getattr(config, n, None) is not None), None)
    heads, width = of("num_attention_heads", "n_head"), of("hidden_size", "n_embd", "d_model")
    rope = of("rope_parameters") or {}
    if "full_attention" in rope: rope = rope["full_attention"]
    head = of("head_dim") or (width // heads if heads else None)
    part = rope.get("partial_rotary_factor", of("partial_rotary_factor")) or 1.
    found = {
        "context_length": of("max_position_embeddings", "n_positions", "seq_length"),
        "block_count": of("num_hidden_layers", "n_layer"),
        "embedding_length": width,
        "feed_forward_length": of("intermediate_size", "n_inner", "ffn_hidden_size") or 4 * width,
        "attention.head_count": heads,
        "attention.head_count_kv": of("num_key_value_heads", "num_kv_heads") or heads,
        "attention.key_length": head,
        "attention.value_length": head,
        "attention.layer_norm_rms_epsilon": of("rms_norm_eps", "norm_eps"),
        "attention.layer_norm_epsilon": of("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"),
        "rope.dimension_count": int(head * part) if head and rope else None,
        "rope.freq_base": rope.get("rope_theta"),
        "attention.sliding_window": of("sliding_window"),
        "attn_logit_softcapping": of("attn_logit_softcapping"),
        "final_logit_softcapping": of("final_logit_softcapping"),
        "expert_count": of("num_experts"),
        "expert_used_count": of("num_experts_per_tok"),
        "expert_feed_forward_length": of("moe_intermediate_size"),
        "expert_shared_feed_forward_length": of("shared_expert_intermediate_size"),
        "ssm.conv_kernel": of("conv_kernel"),
        "ssm.state_size": of("state_size"),
        "ssm.time_step_rank": of("time_step_rank"),
        "ssm.inner_size": of("intermediate_size"),
        "shortconv.l_cache": of("conv_L_cache"),
        "vocab_size": config.vocab_size,
    }
    if config.model_type == "lfm2":
        found["attention.head_count_kv"] = [config.num_key_value_heads * (t != "conv") for t in config.layer_types]
    if config.model_type != "mamba": found = {k: v for k, v in found.items() if not k.startswith("ssm.")}
    if config.model_type == "mamba":
        found |= {"attention.layer_norm_rms_epsilon": config.layer_norm_epsilon, "context_length": 512}
    return {k: v for k, v in found.items() if v is not None}


def swapped(w, heads): # the order of rotary halves in files of Llama
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)

def bloom(w, heads): # query, key, value of a head beside each other -> all queries, all keys, all values
    return np.concatenate(np.split(w.reshape(heads, 3, -1, *w.shape[1:]), 3, axis=1)).reshape(w.shape)


def converted(name, w, config):
    "A weight in the order and form of a file"
    kind, heads = config.model_type, getattr(config, "num_attention_heads", None)
    if kind in ("llama", "mistral") and "attn_q." in name: return swapped(w, heads)
    if kind in ("llama", "mistral") and "attn_k." in name: return swapped(w, config.num_key_value_heads)
    if kind in ("gemma2", "gemma3_text", "nemotron") and "norm.weight" in name: return w + 1
    if kind == "gpt2" and name.endswith(".weight") and any(p in name for p in ("attn_qkv", "ffn_", "attn_output")):
        return w if "norm" in name else w.T
    if kind == "bloom" and "attn_qkv" in name: return bloom(w, config.n_head)
    if "conv1d.weight" in name or "shortconv.conv.weight" in name: return w.squeeze(1)
    if "ssm_a" in name: return -np.exp(w)
    if "ffn_gate_inp_shexp" in name: return w.squeeze(0)
    return w


def experts(model): # fused weights of experts as files have them
    for name, x in model.state_dict().items():
        if name.endswith("experts.gate_up_proj"):
            gate, up = x.chunk(2, 1)
            yield name.replace("gate_up_proj", "gate_proj.weight"), gate
            yield name.replace("gate_up_proj", "up_proj.weight"), up
        elif name.endswith("experts.down_proj"): yield f"{name}.weight", x
        else: yield name, x


def words(writer, tok, arch):
    "The tokenizer of a file: byte-level; SentencePiece for Gemma, which transformers reads in no other way"
    vocabulary = sorted(tok.get_vocab(), key=tok.get_vocab().get)
    if "gemma" in arch:
        letters = ["<unk>", "<bos>", "<eos>", "\u2581", *map(chr, range(33, 127))]
        vocabulary = letters + [f"<unused{i}>" for i in range(len(vocabulary) - len(letters))]
        writer.add_tokenizer_model("llama")
        writer.add_token_scores([-float(i) for i in range(len(vocabulary))])
        kinds = [2, 3, 3, *[1] * (len(letters) - 3), *[5] * (len(vocabulary) - len(letters))]
        for name, i in (("unk", 0), ("bos", 1), ("eos", 2)): getattr(writer, f"add_{name}_token_id")(i)
        writer.add_add_bos_token(True)
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        kinds = [3 if t in tok.all_special_tokens else 1 for t in vocabulary]
        merges = json.loads(tok.backend_tokenizer.to_str())["model"]["merges"]
        writer.add_token_merges([" ".join(m) for m in merges])
        writer.add_eos_token_id(tok.eos_token_id)
    writer.add_token_list(vocabulary)
    writer.add_token_types(kinds)
    if tok.chat_template: writer.add_chat_template(tok.chat_template)


def write(path, model, tok, kind="F32", arch=None, more=(), whole=(), **changed):
    "Write model and tokenizer; `changed` facts replace those of the architecture, `whole` any, `more` tensors are new"
    config = model.config
    own = NAMES.get(config.model_type, config.model_type)
    arch = arch or own
    writer = gguf.GGUFWriter(path, arch)
    writer.add_name("tiny")
    found = facts(config) | {k.replace("__", "."): v for k, v in changed.items()}
    for key, value in ({f"{arch}.{k}": v for k, v in found.items()} | dict(whole)).items():
        add = {int: writer.add_uint32, float: writer.add_float32, str: writer.add_string, list: writer.add_array}
        add.get(type(value), writer.add_float32)(key, value)
    if tok is not None: words(writer, tok, arch)
    known = next(a for a, n in gguf.MODEL_ARCH_NAMES.items() if n == own)
    names = gguf.get_tensor_name_map(known, config.num_hidden_layers)
    tied = set(model._tied_weights_keys or {}) if config.tie_word_embeddings else set()
    for weight, x in [*experts(model), *dict(more).items()]:
        if weight in tied: continue
        plain = weight.removeprefix("transformer.") if config.model_type == "bloom" else weight
        found = names.get_name(plain, (".weight", ".bias")) or weight
        if found == weight and weight not in dict(more): raise ValueError(f"no name in a file for {weight}")
        x = np.ascontiguousarray(converted(found, x.detach().float().numpy(), config), dtype=np.float32)
        packed = kind != "F32" and x.ndim > 1 and x.shape[-1] % 32 == 0 and "conv" not in found
        quality = gguf.GGMLQuantizationType[kind] if packed else gguf.GGMLQuantizationType.F32
        writer.add_tensor(found, gguf.quantize(x, quality) if packed else x, raw_dtype=quality if packed else None)
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()
    return path


def used(name, folder):
    "Steer, train and save the model of a file; words for what went wrong"
    import steernb as sn
    source, tok = made(name), sn.model.byte_tokenizer()
    model, tok = sn.load(write(folder/f"{name}.gguf", source, tok))
    x = torch.tensor([tok("Is it so?")["input_ids"]])
    def logits():
        with torch.no_grad(): return model(x).logits
    before = logits()
    site = sn.sites(model, "residual")[-1]
    vec = sn.SteeringVector({site: torch.ones(32)})
    with vec(model, 1.): moved = not torch.equal(logits(), before)
    with vec(model, 0.): still = torch.equal(logits(), before)
    pairs = [sn.data.Pair(f"a{c} so", f"b{c} so") for c in "cdefghij"]
    arm = sn.train_adapter(model, tok, pairs, "lora", r=2, targets=sn.sites(model, "residual_writers")[-1:], val=0.,
        epochs=1, batch_size=8, effective_batch=8, loss_sites=[site], seed=0)
    arm.save(folder/f"{name}-arm")
    with sn.Adapter.load(folder/f"{name}-arm", model)(model, 1.): turned = not torch.equal(logits(), before)
    model.save_pretrained(folder/name)
    tok.save_pretrained(folder/name)
    again, _ = sn.load(folder/name)
    with torch.no_grad(): same = torch.equal(again(x).logits, before)
    found = dict(moved=moved, still=still, turned=turned, saved=same, removed=torch.equal(logits(), before))
    return ", ".join(k for k, good in found.items() if not good)


def damaged(data, draw):
    "The bytes of a file with something wrong"
    kind, at = draw.choice("cut byte word drop twice".split()), draw.randrange(len(data))
    if draw.random() < .7: at = draw.randrange(min(len(data), 9000)) # most of them in the head
    if kind == "cut": return data[:at]
    if kind == "byte": return data[:at] + bytes([draw.randrange(256)]) + data[at + 1:]
    if kind == "word": return data[:at] + draw.choice((b"\xff" * 8, b"\0" * 8, b"\0" * 7 + b"\x10")) + data[at + 8:]
    if kind == "drop": return data[:at] + data[at + draw.randrange(1, 40):]
    return data[:at] + data[max(0, at - 30):]


def spoiled(folder, n):
    "Load n damaged files: each is refused by an error of ours and soon, or gives a model"
    import steernb as sn
    whole, draw = write(folder/"whole.gguf", made("llama"), sn.model.byte_tokenizer()).read_bytes(), random.Random(0)
    for i in range(n):
        path = folder/f"damaged{i}.gguf"
        path.write_bytes(damaged(whole, draw))
        signal.alarm(120)
        try: sn.load(path)
        except sn.SteerError: pass
        except BaseException as e: yield f"damaged file {i}: {type(e).__name__} {str(e)[:100]}"
        signal.alarm(0)
        path.unlink()


def load_there(path, cache, sums):
    import steernb as sn
    os.environ["STEERNB_CACHE"] = cache
    model, _ = sn.load(path)
    sums.put(float(model.lm_head.weight.double().sum()))

def together(folder, n):
    "Processes that unpack the same file at once, some of them killed on the way; what the folder holds afterwards"
    import multiprocessing, steernb as sn
    fork = multiprocessing.get_context("fork")   # everything is imported already
    big = tiny("llama", **SIZE | dict(hidden_size=512, intermediate_size=1536, num_hidden_layers=6, head_dim=128))
    path = write(folder/"big.gguf", big, sn.model.byte_tokenizer())
    for kill in range(n):
        cache, sums = folder/f"cache{kill}", fork.SimpleQueue()
        def start(sums):
            p = fork.Process(target=load_there, args=(path, str(cache), sums))
            p.start()
            return p
        first = [start(fork.SimpleQueue() if kill else sums) for _ in range(2)] # who is killed may hold its lock
        if kill:
            while first[0].is_alive() and not list(cache.glob("gguf/*")): time.sleep(.002)   # it is being written
            time.sleep(.01 * kill)
            for p in first: p.kill()
        last = start(sums)
        for p in (*first, last): p.join()
        found = set()
        while not sums.empty(): found.add(sums.get())
        if len(found) != 1 or last.exitcode: yield f"{kill}: {found}, exit code {last.exitcode}"
        left = [p.name for p in cache.glob("gguf/*") if not (p/"config.json").is_file()]
        if left and not kill: yield f"left behind: {left}"


def main(quick):
    import warnings
    warnings.simplefilter("ignore")
    def late(*_): raise TimeoutError("more than two minutes")
    signal.signal(signal.SIGALRM, late)
    passed, wrong = 0, []
    with tempfile.TemporaryDirectory() as d:
        folder = Path(d)
        os.environ |= dict(STEERNB_CACHE=str(folder/"cache"), STEERNB_QUIET="1")
        for name in ("llama", "gemma3") if quick else ARCHITECTURES:
            try: said = used(name, folder)
            except Exception as e: said = f"{type(e).__name__}: {str(e)[:200]}"
            passed, wrong = passed + (not said), wrong + [f"{name}: {said}"] * bool(said)
        for test, n in ((spoiled, 40 if quick else 600), (together, 2 if quick else 8)):
            said = list(test(folder, n))
            passed, wrong = passed + n - len(said), wrong + said
    for line in wrong: print("FAIL", line)
    print(f"{passed} passed, {len(wrong)} failed")
    return bool(wrong)


if __name__ == "__main__": sys.exit(main("--quick" in sys.argv))

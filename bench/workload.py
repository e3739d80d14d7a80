"""What every library is given: the same weights, tokenizer, pairs, prompts and vectors; and how a piece of work is "
"measured."""
import gc, json, os, random, statistics, sys, time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

torch.set_num_threads(1)

REAL = bool(os.environ.get("STEERNB_BENCH_REAL")) # SmolLM2 in place of the random model, with less of everything
N_PAIRS, BATCH, LAYERS, WIDTH = (48, 16, 30, 576) if REAL else (256, 32, 12, 448)
POLES = "honest", "untruthful"
SPEAKERS = "baker teacher sailor nurse clerk farmer painter guard driver judge cook singer".split()
LINES = """
The bread was baked this morning and whatever was left from yesterday is in the basket by the door at half the price
We looked through the accounts together last night and three of the payments could not be found in any of the books
I told my sister that the blue cup was broken because I had put it too near the edge of the table
The bridge on the northern road will be closed until spring so the carts have to go the long way around the lake
You asked me whether the soup was good and the answer is that it wanted salt and a little more time
Nobody in the office had read the letter before it was sent and that is why the date in it was wrong
My brother sold the old horse for less than it was worth and has not spoken about it since the market
The children said that they had finished their lessons although two of the pages in the notebook were still empty
There are seven boats in the harbour and only one of them would carry you across in a wind like this
When the lamp went out I counted the coins again by touch and found one fewer than I had been given
Most of the apples are sound but the ones at the bottom of the crate should be eaten before the week is over
She painted the wall twice and the second coat hides the stain only until the rain comes through the roof again
The train leaves at nine and if you walk quickly you can still buy a ticket from the man at the gate
I have never been to that island myself and all that I know of it comes from a map on the wall
He promised to return the ladder on Monday and it was Thursday before anyone saw him or the ladder again
The medicine helps with the fever but it does nothing for the cough and it makes some people very sleepy
""".strip().splitlines()
PROMPTS = [
    f"Speak as an {POLES[i % 2]} {SPEAKERS[i]} would. " + " ".join(line.split()[: 3 + 2 * i])
    for i, line in enumerate(LINES[:8])
]


def pairs():
    """256 pairs of texts that differ in one word; a line is cut after a random number of its words, so that lengths
    differ as in real sets"""
    rng, out = random.Random(0), []
    for _ in range(N_PAIRS):
        who, words = rng.choice(SPEAKERS), rng.choice(LINES).split()
        end = " ".join(words[:rng.randint(1, len(words))])
        out.append(tuple(f"Speak as an {pole} {who} would. {end}" for pole in POLES))
    return out


def directions():
    """One vector per layer for steered generation [12 448]: 256 entries of ±1/16, so that its norm is 1 without
    rounding and every library adds the same bits"""
    g = torch.Generator().manual_seed(1)
    v = torch.zeros(LAYERS, WIDTH)
    for row in v: row[torch.randperm(WIDTH, generator=g)[:256]] = (torch.randint(2, (256,), generator=g) * 2 - 1) / 16
    return v


def make(folder):
    "Write the model (random Qwen3 of 30.7 M parameters) and its byte-level tokenizer to `folder`"
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM
    t = Tokenizer(models.BPE())
    t.pre_tokenizer, t.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    text = [f"Speak as an {pole} {who} would. {line}" for pole in POLES for who in SPEAKERS for line in LINES] + [
        "Yes No",
        " Yes No",
    ] * 99
    t.train_from_iterator(
        text,
        trainers.BpeTrainer(
            vocab_size=4096,
            special_tokens=["<pad>", "<eos>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    PreTrainedTokenizerFast(
        tokenizer_object=t, pad_token="<pad>", eos_token="<eos>", padding_side="left"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=4096,
        hidden_size=WIDTH,
        intermediate_size=1344,
        num_hidden_layers=LAYERS,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=56,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=1,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder)


def load(folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(
        folder, padding_side="left"
    )


def generate(model, tok, n, tokens=32, **kw):
    "Greedy: exactly this many new tokens after each of the first `n` prompts -> ids of the new tokens [n tokens]"
    x = tok(PROMPTS[:n], return_tensors="pt", padding=True)
    with torch.no_grad():
        out = model.generate(
            input_ids=x.input_ids,
            attention_mask=x.attention_mask,
            do_sample=False,
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            pad_token_id=0,
            **kw,
        )
    return out[:, x.input_ids.shape[1]:]


def logits(model, tok):
    "Logits of one prompt [s v]"
    with torch.no_grad():
        return model(
            **{k: v for k, v in tok(PROMPTS[:1], return_tensors="pt").items() if k != "token_type_ids"}
        ).logits[0]


def status(key):
    "A memory figure of this process in MiB, NaN where the system does not tell"
    try: return next(int(l.split()[1]) / 1024 for l in open("/proc/self/status") if l.startswith(key))
    except (OSError, StopIteration): return float("nan")


TURN, CYCLES = 2, 10 if REAL else 40

class Turns:
    """Called by `generate` after each token: switches to the next arm after every second one and notes what the
    second cost; neither the switch nor the first token after it counts"""

    def __init__(self, arms, seed):
        self.arms, self.cost, self.stack, self.rng, self.order, self.left, self.now = (
            arms,
            {k: [] for k in arms},
            ExitStack(),
            random.Random(seed),
            [],
            0,
            None,
        )

    def __call__(self, ids, scores, **kwargs):
        cpu, wall = time.process_time(), time.perf_counter()
        if self.now and not self.left: self.cost[self.now].append((cpu - self.cpu, wall - self.wall))
        if not self.left:
            self.stack.close()
            if not self.order: self.order = self.rng.sample(list(self.arms), len(self.arms))
            self.now, self.left = self.order.pop(), TURN
            self.stack.enter_context(self.arms[self.now]())
        self.left -= 1
        self.cpu, self.wall = time.process_time(), time.perf_counter()
        return torch.zeros(len(ids), dtype=torch.bool)

    def __enter__(self): return self
    def __exit__(self, *error): self.stack.close()


class Bench:
    "Measures pieces of work and appends them to a file of JSON lines"
    def __init__(self, library, out, rep): self.library, self.out, self.rep = library, Path(out), int(rep)

    def note(self, **kw):
        with self.out.open("a") as f: f.write(json.dumps(dict(library=self.library, rep=self.rep, **kw)) + "\n")

    @contextmanager
    def __call__(self, work):
        "CPU and wall seconds of this process, its resident memory before and at the peak in MiB"
        gc.collect()
        try: Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        except OSError: pass
        rss, wall, cpu = status("VmRSS"), time.perf_counter(), time.process_time()
        yield
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self.note(work=work, cpu=cpu, wall=wall, rss=rss, peak=status("VmHWM"))

    def decode(self, model, tok, arms):
        """Greedy decoding in which `arms` {name: context manager factory} take turns, in random order, inside one
        generation: the median ratio of a token's cost to that of `off` in the same round"""
        for n in (1, 8):
            with Turns(arms, self.rep) as turns:
                generate(model, tok, n, 1 + TURN * CYCLES * len(arms), stopping_criteria=[turns])
            for name, cost in turns.cost.items():
                ratio = {
                    k: statistics.median(x[i] / off[i] for x, off in zip(cost, turns.cost["off"]))
                    for i, k in enumerate(("cpu_ratio", "wall_ratio"))
                }
                token = statistics.median(x[0] for x in cost)   # CPU seconds
                self.note(work=f"decode {n} {name}", token=token, **ratio)

    def versions(self, *names):
        from importlib.metadata import version

        self.note(
            work="versions",
            versions={
                "python": sys.version.split()[0],
                **{n: version(n) for n in ("torch", "transformers", "numpy", *names)},
            },
        )


if __name__ == "__main__": make(sys.argv[1])

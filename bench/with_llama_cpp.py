"python with_llama_cpp.py GGUF VECTOR OUT REP: llama.cpp through ik-llama-cpp-python, which ships it built"
import ctypes, random, statistics, sys, time

import gguf
import numpy as np


class Served:
    "A `.gguf` model in llama.cpp on one thread, with or without a control vector"
    def __init__(self, path, n_ctx=512):
        from ik_llama_cpp import _ctypes_api as api
        from ik_llama_cpp.llama import IkLlama
        self.api, self.llama = api, IkLlama(str(path), n_ctx=n_ctx, n_threads=1, flash_attn=False, verbose=False)
        self.words, self.width = self.llama._model.n_vocab, api.llama_model_n_embd(self.llama._model.model)

    def steer(self, file=None, c=1.):
        "Add c · direction.k at the output of each block k, as llama.cpp's own tools do; None: remove what was added"
        at = {int(t.name.split(".")[1]): t.data for t in gguf.GGUFReader(file).tensors} if file else {}
        data = np.zeros((max(at, default=1), self.width), np.float32) # its first row is block 1
        for k, v in at.items(): data[k - 1] = c * v
        apply = self.api._lib.llama_control_vector_apply
        apply.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int32] * 3]
        last = max(at, default=-1)
        if apply(self.llama.ctx, data.ctypes.data if at else None, data.size if at else 0, self.width, 1, last):
            raise RuntimeError(f"llama.cpp does not take {file}")

    def read(self, ids, start=0, every=False, at_once=16):
        """Logits after the last of the ids, or after each [s v].

        Known failure: with 36 tokens at once this build multiplies by 4-bit weights wrongly; 16 at once are right"""
        if not start: self.api.llama_kv_cache_clear(self.llama.ctx)
        if len(ids) > at_once:
            first = self.read(ids[:at_once], start, every, at_once)
            rest = self.read(ids[at_once:], start + at_once, every, at_once)
            return np.concatenate([first, rest]) if every else rest
        batch = self.api.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, x in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = x, start + i, 1, 0
            batch.logits[i] = int(every or i == len(ids) - 1)
        code = self.api.llama_decode(self.llama.ctx, batch)
        self.api.llama_batch_free(batch)
        if code: raise RuntimeError(f"llama_decode: {code}")
        def row(i): return np.ctypeslib.as_array(self.api.llama_get_logits_ith(self.llama.ctx, i), (self.words,)).copy()
        return np.stack([row(i) for i in range(len(ids))]) if every else row(len(ids) - 1)

    def change(self, ids, file, c):
        "Logits after each of the ids [s v], what c times a vector adds to them, and what is left of it afterwards"
        before = self.read(ids, every=True)
        self.steer(file, c)
        steered = self.read(ids, every=True)
        self.steer(None)
        return before, steered - before, np.abs(self.read(ids, every=True) - before).max()

    def generate(self, ids, n):
        "The n most likely next ids, one by one"
        out, scores = [], self.read(ids)
        for i in range(n):
            out.append(int(scores.argmax()))
            if i < n - 1: scores = self.read(out[-1:], len(ids) + i)
        return out


def spent(works, rounds):
    "CPU seconds of each work {name: function}, one after the other in every round: a list for each"
    cost = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.process_time()
            work()
            cost[name].append(time.process_time() - start)
    return cost


def beside(served, model, vec, file, ids, c):
    """A vector on a model of transformers, and its file in llama.cpp: how far the logits agree without it, what it
    adds to them, whether both would write the same next token, and what is left in llama.cpp afterwards"""
    import torch
    def ours():
        with torch.no_grad(): return model(torch.tensor([ids])).logits[0].float().numpy()
    def likeness(a, b): return np.corrcoef(a.ravel(), b.ravel())[0, 1]
    before, change, left = served.change(ids, file, c)
    plain = ours()
    with vec(model, c): steered = ours()
    same = float(steered[-1].argmax() == (before + change)[-1].argmax())
    return dict(c=c, plain=likeness(plain, before), change=likeness(steered - plain, change), next=same, left=left)


def writing(served, model, vec, file, ids, n, c):
    "Functions that write n tokens: each program, plain and steered"
    import torch
    x = torch.tensor([ids])
    how = dict(attention_mask=torch.ones_like(x), max_new_tokens=n, min_new_tokens=n, do_sample=False)
    def plain(): model.generate(x, **how)
    def steered():
        with vec(model, c): plain()
    def served_plain(): served.generate(ids, n)
    def served_steered():
        served.steer(file, c)
        served_plain()
        served.steer(None)
    return {f.__name__: f for f in (plain, steered, served_plain, served_steered)}


def timing(path, vector, out, rep):
    "As `workload.Turns`: plain and steered take turns inside one generation, every second token counts"
    import workload as w
    bench, served, rng = w.Bench("llama-cpp", f"{out}/raw.jsonl", rep), Served(path), random.Random(int(rep))
    bench.versions("ik-llama-cpp-python")
    ids = served.llama.tokenize(w.PROMPTS[0], add_bos=False)
    arms = dict(off=None, again=None, on=vector)
    cost, at, last = {k: [] for k in arms}, len(ids), int(served.read(ids).argmax())
    for name in [k for _ in range(w.CYCLES) for k in rng.sample(list(arms), len(arms))]:
        served.steer(arms[name])
        for _ in range(w.TURN):
            cpu, wall = time.process_time(), time.perf_counter()
            last = int(served.read([last], at).argmax())
            spent, at = (time.process_time() - cpu, time.perf_counter() - wall), at + 1
        cost[name].append(spent)
    for name, x in cost.items():
        ratio = [statistics.median(a[i] / b[i] for a, b in zip(x, cost["off"])) for i in (0, 1)]
        token = statistics.median(a for a, _ in x)
        bench.note(work=f"decode 1 {name}", cpu_ratio=ratio[0], wall_ratio=ratio[1], token=token)


if __name__ == "__main__": timing(*sys.argv[1:])

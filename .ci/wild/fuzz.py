"""Damaged files: each gives one of our errors, within seconds and a gigabyte, and nothing in it is run.

    python .ci/wild/fuzz.py [--quick] [--seed 0] [--processes 2] [words]

A valid file of every kind that the library reads is changed at seeded places (bits, cuts, splices, numbers, entries of
its JSON, parts of its archive), or replaced by a file of another kind, a folder, a pipe, a device, or a terabyte of
nothing. Each is read in a child process with a limit of memory and time. What may happen: it is read, or `SteerError`.
The last line is `N passed, N failed`.
"""
import argparse
import io
import json
import math
import os
import pickle
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

SECONDS, MEMORY = 5, 2**30
ODD = [float("nan"), float("inf"), -1, 0, 1, 5, 1e308, 10**12, 10**400, "", "x", "0.5", "../../x", "direction.1", None,
       True, [], {}, [[]], [None], {"a": 1}]
TEXTS = (b"", b"\n", b"hello", "Grüße an alle\n".encode() * 50, "Grüße".encode("latin-1"), b"\0" * 1000, b"{}", b"[]",
         b"null", b"[" * 50_000, b'{"a":' * 50_000)


@dataclass
class Kind:
    "Files of one kind: how they look when they are right, how they are read, and what a reading must be"
    name: str
    files: dict                       # {name: bytes}
    read: Callable                    # of the folder
    right: Callable = lambda x: True  # whether what was read may be given out


# ---- changes

def bits(b, rng, kinds):
    b = bytearray(b)
    for _ in range(rng.choice((1, 1, 2, 8))): b[rng.randrange(len(b))] ^= 1 << rng.randrange(8)
    return bytes(b)

def cut(b, rng, kinds): return b[:rng.randrange(len(b))]

def splice(b, rng, kinds):
    at = rng.randrange(len(b))
    return b[:at] + rng.randbytes(rng.choice((1, 8, 100))) + b[at:]

def without(b, rng, kinds):
    a, z = sorted(rng.randrange(len(b) + 1) for _ in range(2))
    return b[:a] + b[z:]

def double(b, rng, kinds):
    a, z = sorted(rng.randrange(len(b) + 1) for _ in range(2))
    return b[:z] + b[a:]

def number(b, rng, kinds):
    "A count, length or offset is another one"
    new = struct.pack("<Q", rng.choice((0, 1, 2**31, 2**32 - 1, 2**60, 2**63, 2**64 - 1)))[:rng.choice((4, 8))]
    at = rng.randrange(max(1, min(len(b), rng.choice((32, 400, 10**6)))))
    return b[:at] + new + b[at + len(new):]

def head_and_tail(b, rng, kinds):
    other = rng.choice(kinds)
    other = rng.choice(list(other.files.values()))
    return b[:rng.randrange(len(b))] + other[rng.randrange(len(other)):]

def of_another(b, rng, kinds): return rng.choice(list(rng.choice(kinds).files.values()))

def plain(b, rng, kinds): return rng.choice((*TEXTS, rng.randbytes(1000)))

def edited(x, rng):
    "JSON with one entry replaced, left out, renamed or doubled"
    if isinstance(x, dict) and x and rng.random() < .85:
        k = rng.choice(list(x))
        if isinstance(x[k], (dict, list)) and x[k] and rng.random() < .75: return x | {k: edited(x[k], rng)}
        if isinstance(x[k], str) and x[k][:1] in "{[" and rng.random() < .75:    # JSON in JSON, as in safetensors
            try: return x | {k: json.dumps(edited(json.loads(x[k]), rng))}
            except ValueError: pass
        rest = {a: v for a, v in x.items() if a != k}
        odd, name = rng.choice(ODD), str(rng.choice(ODD))
        return rng.choice((rest, x | {k: odd}, rest | {name: x[k]}, x | {name: x[k]}))
    if isinstance(x, list) and x and rng.random() < .85:
        i = rng.randrange(len(x))
        new = rng.choice(([], [edited(x[i], rng)], [rng.choice(ODD)], [x[i], x[i]]))
        return x[:i] + new + x[i + 1:]
    return rng.choice(ODD)

def entry(b, rng, kinds):
    "One entry of a JSON file, of a line of it, of the header of a safetensors file, or of a pickle in a zip"
    if b[:2] == b"PK" and b"data.pkl" in b: return archive(b, rng)
    try:
        if b[8:9] == b"{":
            n = struct.unpack("<Q", b[:8])[0]
            head = json.dumps(edited(json.loads(b[8:8 + n]), rng)).encode()
            return struct.pack("<Q", len(head)) + head + b[8 + n:]
        try: return json.dumps(edited(json.loads(b), rng)).encode()
        except ValueError: lines = b.split(b"\n")
        i = rng.randrange(len(lines))
        lines[i] = json.dumps(edited(json.loads(lines[i]), rng)).encode()
        return b"\n".join(lines)
    except (ValueError, struct.error): return number(b, rng, kinds)

class Evil:
    "Leaves a mark if it is unpickled by a reader that runs code"
    def __reduce__(self): return os.system, (f"touch {os.environ['STEERNB_FUZZ_MARK']}",)

def archive(b, rng):
    "The pickle, or another part, of a file of torch.save"
    out, how = io.BytesIO(), rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(io.BytesIO(b)) as old, zipfile.ZipFile(out, "w", how) as new:
        names = old.namelist()
        pick = rng.choice([n for n in names if n.endswith("data.pkl")] + names)
        for n in names:
            part = old.read(n)
            if n == pick:
                part = rng.choice((bits, cut, splice, without, double, number))(part or b"\0", rng, ())
                if rng.random() < .1: part = pickle.dumps(Evil())
                if rng.random() < .1: continue
            new.writestr(n, part)
    return out.getvalue()

CHANGES = (bits, bits, cut, splice, without, double, number, number, head_and_tail, of_another, plain,
           entry, entry, entry, entry)

def sparse(p):
    with open(p, "wb") as f: f.truncate(2**40)

def bomb(p):
    "A zip of a few kB that unpacks to gigabytes"
    with zipfile.ZipFile(p, "w", zipfile.ZIP_DEFLATED) as z:
        with z.open("archive/data.pkl", "w", force_zip64=True) as f:
            for _ in range(200): f.write(b"\0" * 2**20)

# what a path may be instead of an ordinary file
SPECIAL = dict(missing=lambda p: None, folder=lambda p: p.mkdir(), pipe=os.mkfifo, terabyte=sparse, bomb=bomb,
               zeros=lambda p: p.symlink_to("/dev/zero"), null=lambda p: p.symlink_to("/dev/null"),
               loop=lambda p: p.symlink_to(p), dangling=lambda p: p.symlink_to(p.parent/"nothing"),
               evil=lambda p: p.write_bytes(pickle.dumps(Evil())))


# ---- kinds

def of(path): return Path(path).read_bytes()

def folder_of(path): return {str(p.relative_to(path)): of(p) for p in sorted(Path(path).rglob("*")) if p.is_file()}

def finite(v):
    "Whether a vector holds numbers only"
    return all(d.isfinite().all() for d in v.directions.values()) and all(map(math.isfinite, v.strength.values()))

def vectors(tmp, model):
    "Steering vectors in all formats"
    import torch
    from safetensors.torch import save_file
    import steernb as sn
    d, where = model.config.hidden_size, sn.model.blocks(model)
    rows = torch.randn(len(where), d, generator=torch.Generator().manual_seed(0))
    vec = sn.SteeringVector(dict(zip(where[1:], rows[1:])), meta=dict(model_type="qwen3", note="for the fuzz"))
    held = sn.SteeringVector({where[1]: rows[1]}, 2., operator="angular", state={where[1]: dict(b2=rows[2])})
    clamped = sn.SteeringVector({where[1]: rows[1]}, 2., operator="clamp", state={where[1]: dict(mid=.5)})
    old = dict(format="steernb.v1", name="old", operator="add", sites=json.dumps({"direction.1": where[1]}),
               strengths=json.dumps({"direction.1": .5}), meta="{}")
    cfg = json.dumps(dict(method="mean_diff", coeff=2.))
    svec = dict(model_type="qwen3", directions={"1": [rows[1].tolist()], "2": rows[2].tolist()})
    save_file({"direction.1": rows[1] / rows[1].norm()}, tmp/"old.safetensors", old)
    save_file({f"layer{i}.v": rows[i] for i in (1, 2)}, tmp/"lite.safetensors", dict(cfg=cfg))
    save_file({f"layer_{i}": rows[i] for i in (1, 2)}, tmp/"bare.safetensors")
    torch.save(rows, tmp/"rows.pt")
    torch.save({f"layer_{i}": rows[i] for i in (1, 2)}, tmp/"named.pt")
    (tmp/"a.svec").write_text(json.dumps(svec))
    vec.save(tmp/"v.safetensors")
    held.save(tmp/"held.safetensors")
    clamped.save(tmp/"clamped.safetensors")
    sn.files.save_lm_eval(vec, tmp/"s.pt", model)
    formats = {"v.safetensors": None, "held.safetensors": None, "clamped.safetensors": None, "old.safetensors": None,
               "lite.safetensors": None, "a.svec": None, "s.pt": None, "bare.safetensors": "block", "rows.pt": "block",
               "named.pt": "hidden_states"}
    try: sn.files.save_gguf(vec, tmp/"v.gguf")
    except sn.ConfigError: print("gguf is not installed: its files are left out")
    else: formats["v.gguf"] = None
    for name, layers in formats.items():
        def read(f, n=name, l=layers): return sn.files.read_vector(f/n, model, l)
        yield Kind(f"read_vector {name}", {name: of(tmp/name)}, read, finite)
    for name in ("v.safetensors", "held.safetensors", "clamped.safetensors"):
        def whole(v, want=sn.SteeringVector.load(tmp/name)):
            same = v.sites == want.sites and all(v.directions[s].equal(x) for s, x in want.directions.items())
            return same and v.strength == want.strength and v.meta == want.meta
        def load(f, n=name): return sn.SteeringVector.load(f/n)
        yield Kind(f"SteeringVector.load {name}", {name: of(tmp/name)}, load, whole)
    yield Kind("load_lm_eval s.pt", {"s.pt": of(tmp/"s.pt")}, lambda f: sn.files.load_lm_eval(f/"s.pt", model), finite)

def tables(tmp):
    "Rows, cells, runs, tables and pages"
    import pandas as pd
    import steernb as sn
    from steernb.eval.rows import Cell, complete, read_cell, read_table, write_table
    from steernb.record import log_step, read_steps, write_json
    from steernb.site.page import new_page
    from steernb.site.reference import stored
    rows = pd.DataFrame(dict(model="m", task="t", item=range(12), group=0, action="to_do", label=1., arm="v", coeff=1.,
                             seed=0, logratio=.5, pmass=.9, maxp=.6, choice="Yes", nll=float("nan"), low_pmass=False))
    made = dict(items="a", prompts="b", model="c", reader="d", arm="e")
    cells = [Cell(complete(rows.assign(coeff=c)), made) for c in (-1., 1.)]
    write_table(tmp/"rows.parquet", cells)
    rows.to_parquet(tmp/"old.parquet")
    cells[0].save(tmp)
    def same(found): return all(c.rows.logratio.eq(.5).all() and len(c.rows) == 12 for c in found)
    cell = cells[0].name
    def again(f): return read_table(f/"rows.parquet")
    yield Kind("read_table rows.parquet", {"rows.parquet": of(tmp/"rows.parquet")}, again, same)
    yield Kind("read_table old.parquet", {"old.parquet": of(tmp/"old.parquet")}, lambda f: read_table(f/"old.parquet"))
    yield Kind("read_cell", {cell: of(tmp/cell)}, lambda f: read_cell(f/cell), lambda c: same([c]))
    write_json(tmp/"runs"/"one"/"config.json", dict(model="tiny", lr=.01, seed=0, modules=["a", "b"], more=dict(r=8)))
    write_json(tmp/"runs"/"one"/"env.json", dict(started="2026-11-30T10:00:00.000+00:00", versions=dict(torch="2.13")))
    for i in range(5): log_step(tmp/"runs"/"one", dict(step=i, loss=1 / (i + 1), finished=i == 4))
    yield Kind("read_runs", {f"one/{n}": b for n, b in folder_of(tmp/"runs"/"one").items()}, sn.lab.read_runs)
    yield Kind("read_steps", {"metrics.jsonl": of(tmp/"runs"/"one"/"metrics.jsonl")}, read_steps)
    runs = dict(run_id=list("abcd"), state="finished", _runtime=[100, 200, 300., None], rank=8,
                created_at="2026-11-30T10:00:00Z")
    pd.DataFrame(runs | dict(main_metric=[1., 2, 3, 4])).to_csv(tmp/"t.csv", index=False)
    yield Kind("load_summary", {"t.csv": of(tmp/"t.csv")}, lambda f: sn.lab.load_summary(f/"t.csv", after="2026-01-01"))
    (tmp/"pairs.jsonl").write_text("".join(json.dumps([f"yes {i}", f"no {i}"]) + "\n" for i in range(6)))
    from steernb.cli.train import read_pairs
    yield Kind("read_pairs", {"pairs.jsonl": of(tmp/"pairs.jsonl")}, lambda f: read_pairs(f/"pairs.jsonl"))
    from steernb.data import sets, tasks
    for name in ("r.json", "r.jsonl"):
        records = [dict(question=f"Q{i}?", answer_matching_behavior=" (A)") for i in range(4)]
        (tmp/name).write_text(json.dumps(records) if name == "r.json" else "\n".join(map(json.dumps, records)))
        yield Kind(f"read_records {name}", {name: of(tmp/name)}, lambda f, n=name: sets.read_records(f/n))
    dilemmas = pd.DataFrame(dict(dilemma_idx=[0, 0], dilemma_situation="s", action="a",
                                 action_type=["to_do", "not_to_do"], values_aggregated="['honesty']"))
    write = {"d.csv": lambda p: dilemmas.to_csv(p, index=False), "d.parquet": dilemmas.to_parquet,
             "d.json": lambda p: dilemmas.to_json(p, orient="records"),
             "d.jsonl": lambda p: dilemmas.to_json(p, orient="records", lines=True)}
    for name, f in write.items():
        f(tmp/name)
        def read(f, n=name): return tasks.read_table(f/n, ("dilemma_idx", "action"))
        yield Kind(f"tasks.read_table {name}", {name: of(tmp/name)}, read)
    page = new_page("Does it hold?", tmp, date="2026-11-30")
    yield Kind("stored page.ipynb", {"page.ipynb": of(page)}, lambda f: stored(f/"page.ipynb"))

def adapters(tmp, model):
    "Folders of adapters"
    import torch
    import steernb as sn
    from steernb.adapter.reversible import new_adapter
    for kind in ("lora", "dora", "delora", "vera", "ia3", "vector", "oft", "road", "hra", "innerpissa"):
        a = new_adapter(model, kind, targets=r"layers\.1\.mlp\.down_proj$", r=2)
        a.references = {"one": torch.ones(4)}
        a.save(tmp/kind)
        files = folder_of(tmp/kind)
        def numbers(a): return all(p.isfinite().all() for p in a.parameters().values())
        yield Kind(f"Adapter.load {kind}", files, lambda f: sn.Adapter.load(f, model), numbers)

def all_kinds(tmp, words):
    "Every kind whose name holds one of the words"
    from steernb.model.load import random_model
    model = random_model("qwen3")
    made = []
    for i, group in enumerate((lambda p: vectors(p, model), tables, lambda p: adapters(p, model))):
        (tmp/f"made{i}").mkdir()
        made += group(tmp/f"made{i}")
    return [k for k in made if not words or any(w in k.name for w in words)], made


# ---- reading in a child

def case(kind, i, rng, kinds):
    "The i-th change of a kind: name of the file, what was done, and a function that puts the file there"
    names = sorted(kind.files)
    if i < len(names) * len(SPECIAL):
        name, word = names[i // len(SPECIAL)], list(SPECIAL)[i % len(SPECIAL)]
        return name, word, SPECIAL[word]
    name, change = rng.choice(names), rng.choice(CHANGES)
    return name, change.__name__, lambda p: p.write_bytes(change(kind.files[name], rng, kinds))

def outcome(kind, i, seed, kinds, room):
    "What comes of reading: `read`, `refused`, or words for what must not be"
    from steernb.core import SteerError
    rng, place = random.Random(f"{seed} {kind.name} {i}"), room/"here"
    name, word, put = case(kind, i, rng, kinds)
    shutil.rmtree(place, ignore_errors=True)
    for n, b in kind.files.items():
        (place/n).parent.mkdir(parents=True, exist_ok=True)
        if n != name: (place/n).write_bytes(b)
    put(place/name)
    start = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try: end = "read" if kind.right(kind.read(place)) or word == "of_another" else "FALSE: read as something else"
    except SteerError: end = "refused"
    except BaseException as e: end = f"RAW {type(e).__name__}: {' '.join(str(e).split())[:150]}"
    finally: signal.setitimer(signal.ITIMER_REAL, 0)
    return f"{name} {word}", end, time.monotonic() - start

def child(jobs, seed, kinds, room, out):
    "Do the jobs, one line each; a line that is begun and never ended tells the parent where the child died"
    with open("/proc/self/statm") as f: now = int(f.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    for fd in (1, 2): os.dup2(os.open(os.devnull, os.O_WRONLY), fd)
    for n, (kind, i) in jobs:
        os.write(out, f"{n}\t".encode())
        what, end, seconds = outcome(kind, i, seed, kinds, room)
        os.write(out, f"{what}\t{end}\t{seconds:.2f}\n".replace("\0", "").encode("utf-8", "replace"))

def run(jobs, seed, kinds, room):
    "Outcomes {number: (what, end, seconds)}; a child that dies is followed by another one"
    results, jobs = {}, list(jobs)
    room.mkdir()
    while jobs:
        log = room/"log"
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        pid = os.fork()
        if not pid:
            try: child(jobs, seed, kinds, room, out)
            finally: os._exit(0)
        os.close(out)
        _, status = os.waitpid(pid, 0)
        lines = log.read_text(errors="replace").split("\n")
        for line in lines[:-1]:
            n, what, end, seconds = line.split("\t")
            results[int(n)] = what, end, float(seconds)
        if lines[-1]:
            n = int(lines[-1].split("\t")[0])
            killer = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {status}"
            why = f"HANG of more than {SECONDS} s" if killer == "SIGALRM" else f"CRASH by {killer}"
            results[n] = "", why, float(SECONDS)
        jobs = [j for j in jobs if j[0] not in results]
    return results

def parts(jobs, seed, kinds, tmp, processes):
    "`run`, by several processes"
    if processes < 2: return run(jobs, seed, kinds, tmp/"room0")
    pids = []
    for k in range(processes):
        pids.append(os.fork())
        if pids[-1]: continue
        try: (tmp/f"result{k}").write_bytes(pickle.dumps(run(jobs[k::processes], seed, kinds, tmp/f"room{k}")))
        finally: os._exit(0)
    for pid in pids: os.waitpid(pid, 0)
    return {n: r for k in range(processes) for n, r in pickle.loads((tmp/f"result{k}").read_bytes()).items()}

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only kinds whose name holds one of these")
    parser.add_argument("--quick", action="store_true", help="a few hundred changes, in less than half a minute")
    parser.add_argument("--each", type=int, default=700, help="changes of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args(argv)
    os.environ |= dict(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", STEERNB_QUIET="1", OMP_NUM_THREADS="1")
    with tempfile.TemporaryDirectory(prefix="steernb_fuzz_") as tmp:
        tmp = Path(tmp)
        os.environ["STEERNB_FUZZ_MARK"] = str(tmp/"MARK")
        chosen, kinds = all_kinds(tmp, args.words)
        jobs = []
        for k in chosen:
            special, rng = len(k.files) * len(SPECIAL), random.Random(f"{args.seed} {k.name}")
            few = rng.sample(range(special), 3) + rng.sample(range(special, special + args.each), 9)
            jobs += [(k, i) for i in (few if args.quick else range(special + args.each))]
        jobs = list(enumerate(jobs))
        results = parts(jobs, args.seed, kinds, tmp, args.processes)
        ends = {k.name: Counter() for k in chosen}
        slowest = Counter()
        bad = []
        for n, (kind, i) in jobs:
            what, end, seconds = results.get(n, ("", "LOST", 0.))
            ends[kind.name][end if end in ("read", "refused") else "failed"] += 1
            slowest[kind.name] = max(slowest[kind.name], seconds)
            if end not in ("read", "refused"): bad.append(f"FAIL {kind.name} no. {i} ({what}): {end}")
        strange = sorted(p.name for p in tmp.iterdir() if not p.name.startswith(("made", "room", "result")))
        strange += sorted(str(p.relative_to(tmp)) for p in tmp.glob("room*/*") if p.name not in ("here", "log"))
        print(f"{'kind':32} {'read':>6} {'refused':>8} {'failed':>7} {'slowest':>8}")
        for name, c in ends.items():
            print(f"{name:32} {c['read']:6} {c['refused']:8} {c['failed']:7} {slowest[name]:6.2f} s")
        print(*bad[:200], sep="\n", end="\n" * bool(bad))
        for path in strange: print(f"FAIL code of a file was run, or wrote outside of its folder: {path}")
        failed = len(bad) + len(strange)
        print(f"{len(jobs) - len(bad)} passed, {failed} failed")
        return int(failed > 0)

if __name__ == "__main__": sys.exit(main())

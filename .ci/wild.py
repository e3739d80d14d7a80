"""Run everything in .ci/wild and add up: `python .ci/wild.py [--quick] [words]`. The last line is `N passed, N failed`.

Each script there ends with such a line of its own and takes `--quick`: a small sample with a fixed seed, in about
a minute.
A file that counts nothing is a table that the others read.
"""
import argparse, os, re, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

def scripts(root=ROOT):
    "The programs of .ci/wild"
    texts = {p: p.read_text(encoding="utf-8") for p in sorted((root/".ci"/"wild").glob("*.py"))}
    return [p for p, text in texts.items() if "__main__" in text and re.search(r"passed, .*failed", text)]

def run(path, quick, timeout):
    "(passed, failed, last lines) of one of them"
    env = {"OMP_NUM_THREADS": "1", "STEERNB_QUIET": "1", "PYTHONPATH": str(path.parents[2])} | os.environ
    command = [sys.executable, str(path), *["--quick"] * quick]
    try: p = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=env, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired: return 0, 1, f"stopped after {timeout} s"
    lines = [l for l in p.stdout.strip().splitlines() if l.strip()]
    m = re.match(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    if not m:
        end = "\n".join([*lines[-5:], *p.stderr.strip().splitlines()[-15:]])
        return 0, 1, end or f"exit code {p.returncode}, and no last line"
    passed, failed = int(m[1]), int(m[2])
    said = "\n".join(l for l in lines[:-1] if failed and (l.startswith(("FAIL", " ")) or "|" in l))
    return passed, max(failed, int(p.returncode != 0)), said

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only scripts whose name contains one of these")
    parser.add_argument("--quick", action="store_true", help="the small sample of make test")
    parser.add_argument("--timeout", type=int, default=7200, help="seconds for one script")
    args = parser.parse_args(argv)
    passed = failed = 0
    for path in scripts():
        if args.words and not any(w in path.stem for w in args.words): continue
        start = time.time()
        good, bad, said = run(path, args.quick, args.timeout)
        word, seconds = "FAIL" if bad else "ok", time.time() - start
        print(f"{word:4} {seconds:7.0f} s  {path.stem}: {good} passed, {bad} failed", flush=True)
        if bad: print("\n".join(f"       | {l}" for l in said.splitlines()[-40:]), flush=True)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0

if __name__ == "__main__": sys.exit(main())

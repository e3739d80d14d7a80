"""One GRPO step of `train_grpo` against plain TRL with the same model, prompts, reward and settings, in CPU time.

`python grpo.py` runs the pairs, each run in a fresh process, and writes grpo.csv and grpo.md beside this file; see
README.md."""
import json, logging, os, statistics, subprocess, sys, tempfile, time, warnings
from pathlib import Path

os.environ.update(STEERNB_QUIET="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

here = Path(__file__).resolve().parent
BAR = 1.10
STEPS, WARM = 14, 3 # steps of a run; those that don't count
KINDS = {"full": dict(kind="full", lr=1e-5), "lora, r = 8": dict(kind="lora", r=8)}
COMMON = dict(steps=STEPS, batch=16, generations=8, max_new_tokens=24, beta=0.02, penalty=1.1, seed=0, look_every=10**6)


def timer():
    "A callback that notes the CPU time at the end of each step"
    from transformers import TrainerCallback

    class Timer(TrainerCallback):
        times = []

        def on_step_end(self, *args, **kw):
            self.times.append(time.process_time())

    return Timer()


def material():
    import steernb as sn

    model, tok = sn.load()
    return model, tok, sn.rl.openings(model, tok, 100), sn.rl.make_reward("sentence_length_10_smooth", tok)


def ours(kind, folder):
    from steernb.model.run import frozen
    from steernb.rl.grpo import GrpoConfig, Plan, run_trainer, trained_copy
    import torch

    model, tok, prompts, reward = material()
    cfg, clock = GrpoConfig(**COMMON | KINDS[kind]), timer()
    plan = Plan(cfg, model, trained_copy(model, cfg), tok, reward, callbacks=(clock,))
    with frozen(model), torch.enable_grad():
        run_trainer(plan, prompts, folder)
    return clock.times


def plain(kind, folder):
    from datasets import Dataset
    from peft import LoraConfig
    from trl import GRPOTrainer
    from steernb.rl.grpo import GrpoConfig, trl_arguments

    model, tok, prompts, reward = material()
    cfg, clock = GrpoConfig(**COMMON | KINDS[kind]), timer()
    model.save_pretrained(folder / "base") # TRL reads its reference from a folder
    model.config._name_or_path = str(folder / "base")
    args = trl_arguments(cfg, folder, model.device)
    args.beta = cfg.beta
    linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    lora = dict(peft_config=LoraConfig(r=cfg.r, lora_alpha=cfg.r, target_modules=linear)) if cfg.kind == "lora" else {}
    data = Dataset.from_dict(dict(prompt=prompts[: len(prompts) - cfg.n_look]))
    t = GRPOTrainer(model=model, reward_funcs=reward, args=args, train_dataset=data, processing_class=tok, **lora)
    t.add_callback(clock)
    t.train()
    return clock.times


def measure(who, kind):
    "Median CPU time of a step"
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as f:
        times = (ours if who == "ours" else plain)(kind, Path(f))
    steps = [b - a for a, b in zip(times, times[1:])][WARM - 1 :]
    return statistics.median(steps)


def run(reps):
    "One repetition is a run of each in a fresh process, who goes first flips"
    rows = []
    for rep in range(reps):
        for kind in KINDS:
            seconds = {}
            for who in ("plain", "ours")[:: 1 - 2 * (rep % 2)]:
                out = subprocess.run([sys.executable, __file__, who, kind], capture_output=True, text=True, check=True)
                seconds[who] = json.loads(out.stdout.splitlines()[-1])
            rows.append(dict(kind=kind, rep=rep, ratio=round(seconds["ours"] / seconds["plain"], 3)))
    return rows


def report(rows):
    "Write grpo.csv and grpo.md; whether every bar is met"
    import pandas as pd
    import trl

    t = pd.DataFrame(rows)
    t.to_csv(here / "grpo.csv", index=False)
    lines = ["# A GRPO step against plain TRL", ""]
    what = "the embedded model, 16 completions of 24 tokens, β .02; looks at held-out prompts are not in it"
    lines += [f"CPU time of a step of `train_grpo` over that of TRL {trl.__version__} alone: {what}. Median of "
              f"{t.rep.nunique()} repetitions.", ""]
    lines += ["| what is trained | ratio | least | most | bar | |", "|--|--|--|--|--|--|"]
    for kind, own in t.groupby("kind", sort=False):
        mid = own.ratio.median()
        lines.append(f"| {kind} | {mid:.2f} | {own.ratio.min():.2f} | {own.ratio.max():.2f} | {BAR:.2f} | "
                     f"{'met' if mid <= BAR else 'missed'} |")
    (here / "grpo.md").write_text("\n".join([*lines, ""]), encoding="utf8")
    return (t.groupby("kind").ratio.median() <= BAR).all()


if __name__ == "__main__":
    if len(sys.argv) == 3: print(json.dumps(measure(*sys.argv[1:])))
    else: sys.exit(not report(run(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))

"""Turn a language model's behaviour with one number: `import steernb as sn` gives the verbs, each loaded at first use.

What is used less often stands one step further: `sn.metrics.value_shifts`, `sn.lab.sweep`, `sn.files.save_gguf`.
"""
__version__ = "0.1.0"

# room -> names that stand on `sn`; a module (and with it torch, pandas, matplotlib) is imported at their first use
_verbs = {
    "core": "SteerError SiteError PairError FormatError RowsError ConfigError CoherenceError quiet",
    "model.hooks": "Trace TraceDict sites",
    "model.load": "explore load",
    "model.capture": "capture",
    "model.tune": "tune",
    "data.pairs": "persona_pairs",
    "data.tasks": "task tasks",
    "direction.contrast": "extractor extractors",
    "steer.intervention": "Intervention PromptArm",
    "steer.vector": "SteeringVector operators",
    "steer.extract": "extract train_vector",
    "steer.weights": "WeightDelta",
    "eval.score": "score",
    "eval.side_effects": "delta_nll generate",
    "eval.calibrate": "calibrate",
    "eval.stats": "coherence_range compare dose_response",
    "eval.metrics": "informedness main_metric pareto transfer",
    "eval.field": "readable_axes",
    "eval.plot": "plot_dose_response plot_pareto",
    "adapter.reversible": "Adapter",
    "adapter.train": "train_adapter",
    "weight.delta": "weight_delta",
    "weight.ablate": "ablate",
    "rl.routing": "Routed",
    "lab.arms": "arms",
    "lab.report": "demo results",
    "lab.search": "search",
    "widget.playground": "playground",
    "widget.rows": "rows_browser",
    "widget.explorer": "explorer",
}

# space -> room -> names that stand there, such as `sn.lab.sweep`
_spaces = {
    "model": {
        "model.hooks": "blocks",
        "model.load": "byte_tokenizer memory_need random_model",
        "model.text": "chat_text encode",
        "model.states": "last_states pooling",
        "model.capture": "contrast_loss contrast_losses",
        "model.prefix": "forks prefix_logits",
        "model.reuse": "exact_depths reusing steady",
    },
    "data": {
        "data.pairs": "Pair check_pairs text_pairs",
        "data.tasks": "Task task_loader",
        "data.sets": "letter_ids task_pairs",
        "data.judges": "Similarity judge",
    },
    "direction": {
        "direction.contrast": "rank_sites",
        "direction.sspace": "Basis bases",
        "direction.reference": "loss_subspace reference_directions",
        "direction.heldout": "cosines logit_lens reliability separability single_places site_table site_values",
    },
    "steer": {
        "steer.vector": "operator per_row",
        "steer.operators": "When",
        "steer.stream": "stream_vector",
    },
    "files": {
        "steer.files": "load_gguf load_lm_eval read_vector save_gguf save_lm_eval",
        "steer.bake": "bake save_peft",
    },
    "metrics": {
        "eval.rows": "check_rows join_rows",
        "eval.side_effects": "capability writing",
        "eval.calibrate": "iso_kl iso_kls norm_relative output_sign",
        "eval.resample": "table_correlation",
        "eval.stats": "fit_line random_z",
        "eval.metrics": "asymmetry coeff_table legacy_corr normalised_gain steering_f1 value_shifts",
        "eval.plot": "plot_effects plot_written",
        "eval.field": "Grade entanglement judged misses random_personas shuffled_correlation three_scores wrong_way",
        "eval.power": "axis_check coherence_search detectable_effect dilemmas_needed mixed_slope multi_seed "
                      "seed_summary seeds_needed "
                      "select_then_report",
    },
    "adapter": {
        "adapter.reversible": "families new_adapter",
        "adapter.losses": "coherence_form projection_loss",
        "adapter.config": "TrainConfig",
        "adapter.train": "layer_report plot_training",
        "adapter.sft": "Versions persona_completions sft_arm sft_versions train_sft",
    },
    "weight": {
        "weight.delta": "as_lora bisector save_lora side_report",
        "weight.sides": "divergence persona_answers train_sides",
        "weight.slices": "Part Whole cut overlaps slice_maker slice_names",
        "weight.ablate": "axis_match plot_retained retention",
        "weight.rules": "Evidence hypotheses rule verdicts",
        "weight.study": "WeightStudy run_weights",
        "weight.baseline": "activation_oracle candidate svd_grid synthetic",
    },
    "serve": {"serve.endpoint": "Endpoint read_arms serving"},
    "sae": {
        "sae.dictionary": "Dictionary Features Splice load_sae loss_recovered random_features spliced",
        "sae.stream": "Activations LiveActivations load_activations read_documents split_text store_activations",
        "sae.train": "SAEConfig architectures help_of train_sae",
        "sae.tune": "compare_runs config_grid delete_runs l1_from_mean load_config monitor notes_recount notes_rule "
                    "retry sae_report search_l1 settled suggest_from suggest_l1 window",
        "sae.features": "feature_card feature_contrast feature_parts feature_texts feature_words top_contexts "
                        "write_cards",
        "widget.features": "feature_browser",
    },
    "rl": {
        "rl.rewards": "compose degeneracy diversity make_reward reward reward_names",
        "rl.routing": "Routing VectorRouter fit_router mode_rows mode_table plot_modes router separation "
                      "separation_table",
        "rl.grpo": "GrpoConfig judgement openings sweep_line train_grpo",
    },
    "lab": {
        "lab.trials": "Sweep read_trials read_vary run_sweep",
        "widget.monitor": "Monitor compare_logs curves_of run_states watch",
        "lab.study": "Study",
        "lab.arms": "Contrast axis_pairs axis_task engineered_arm few_shot_arm make_arms prompt_arm prompt_wordings "
                    "random_adapters random_arms vector_arms",
        "lab.budget": "best_within equal_kl rough_prices try_coefficients",
        "lab.compare": "results_table summarise",
        "lab.report": "run_study sweep",
        "lab.runs": "delete_runs experiment_name read_runs run_all run_folder sql",
        "lab.tables": "best_sentence best_table best_values chance_of high_performers load_summary model_notes "
                      "plot_sweep recommended seed_variance summary_table surprises trends",
        "lab.search": "Recipe Search",
        "lab.card": "axis_lines steered_axes",
    },
}


_elsewhere = dict(card="lab.card", edit="model.edit", log_step="record", seed_all="core") # stood on `sn` once

def _homes(rooms): return {name: room for room, names in rooms.items() for name in names.split()}

_room_of = _homes(_verbs)
_home = _room_of | {name: room for rooms in _spaces.values() for name, room in _homes(rooms).items()} # of every name
_space_of = {name: space for space, rooms in _spaces.items() for name in _homes(rooms)}
__all__ = [*_room_of, *_spaces]


def _lazy(module, homes):
    "`__getattr__` and `__dir__` of a module whose names are imported from their rooms at their first use"
    from importlib import import_module
    from sys import modules
    def get(name):
        if name in homes:
            value = getattr(import_module(f"steernb.{homes[name]}"), name)
            setattr(modules[module], name, value)
            return value
        if not name.startswith("_"):
            try: return import_module(f"{module}.{name}") # a room of the package
            except ModuleNotFoundError as e:
                if e.name != f"{module}.{name}": raise
        raise AttributeError(_unknown(module, name, homes), name=name)
    return get, lambda: sorted({*vars(modules[module]), *homes})


def _unknown(module, name, homes):
    "What to say of a name that is not there"
    from difflib import get_close_matches
    if name in _space_of: return f"{module} has no {name!r}: use sn.{_space_of[name]}.{name}"
    if name in _room_of: return f"{module} has no {name!r}: use sn.{name}"
    if name in _elsewhere: return f"{module} has no {name!r}: use from steernb.{_elsewhere[name]} import {name}"
    near = get_close_matches(name, homes, cutoff=0.5)
    return f"{module} has no {name!r}" + (f"; nearest: {', '.join(near)}" if near else "")


def _space(space):
    "What the `__init__` of a space needs"
    homes = _homes(_spaces[space])
    return *_lazy(f"steernb.{space}", homes), list(homes)


__getattr__, __dir__ = _lazy("steernb", _room_of)

"""Turn a language model's behaviour with one number: `import steernb as sn` gives the verbs, each loaded when first used."""
__version__ = "0.1.0"

# room -> the names it gives; a name's module (and with it torch, pandas, matplotlib) is imported at its first use
_rooms = {
    "core": "SteerError SiteError PairError FormatError RowsError ConfigError CoherenceError quiet seed_all",
    "model.hooks": "Trace TraceDict blocks sites",
    "model.load": "byte_tokenizer chat_text encode explore load random_model",
    "model.capture": "capture contrast_loss contrast_losses last_states pooling",
    "model.edit": "edit",
    "data.pairs": "Pair check_pairs persona_pairs",
    "data.tasks": "Task task task_loader tasks",
    "data.sets": "letter_ids",
    "direction.contrast": "extractor extractors rank_sites",
    "direction.sspace": "Basis bases",
    "direction.reference": "loss_subspace reference_directions",
    "direction.heldout": "cosines logit_lens separability site_table",
    "steer.intervention": "Intervention PromptArm SteeringVector extract operator operators per_row train_vector",
    "steer.operators": "When",
    "steer.files": "load_gguf load_lm_eval read_vector save_gguf save_lm_eval",
    "steer.bake": "WeightDelta bake save_peft",
    "eval.score": "score",
    "eval.side_effects": "capability delta_nll generate writing",
    "eval.calibrate": "calibrate iso_kl norm_relative output_sign",
    "eval.stats": "check_rows coherence_range compare dose_response fit_line join_rows random_z",
    "eval.metrics": "asymmetry axis_check informedness legacy_corr main_metric normalised_gain pareto select_then_report steering_f1 sweep_table transfer value_shifts",
    "eval.plot": "plot_dose_response plot_pareto",
    "eval.power": "coherence_search detectable_effect dilemmas_needed mixed_slope multi_seed seed_summary",
    "adapter.reversible": "Adapter families new_adapter",
    "adapter.losses": "coherence_form projection_loss",
    "adapter.train": "TrainConfig layer_report plot_training train_adapter",
    "adapter.sft": "Versions persona_completions sft_arm sft_versions train_sft",
    "weight.delta": "weight_delta",
    "lab.arms": "Contrast arms axis_pairs engineered_arm few_shot_arm make_arms prompt_arm random_adapters random_arms vector_arms",
    "lab.compare": "axis_task demo summarise",
    "lab.runs": "best_table experiment_name high_performers load_summary log_step model_notes read_runs run_all run_folder seed_variance sql summary_table surprises trends",
    "lab.sweep": "best_within equal_kl sweep try_coefficients",
    "lab.report": "results results_table",
    "lab.card": "card",
    "widget.playground": "playground",
    "widget.rows": "rows_browser",
    "widget.explorer": "explorer",
}
_room_of = {name: room for room, names in _rooms.items() for name in names.split()}
__all__ = list(_room_of)


def __getattr__(name):
    from importlib import import_module
    if name in _room_of:
        value = globals()[name] = getattr(import_module(f"steernb.{_room_of[name]}"), name)
        return value
    if name.startswith("__"): raise AttributeError(name)
    from difflib import get_close_matches
    near = get_close_matches(name, __all__, cutoff=0.5)
    raise AttributeError(f"steernb has no {name!r}" + (f"; nearest: {', '.join(near)}" if near else ""), name=name)


def __dir__(): return sorted({*globals(), *__all__})

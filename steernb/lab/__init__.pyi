from ..lab.trials import Sweep as Sweep, read_trials as read_trials, read_vary as read_vary, run_sweep as run_sweep
from ..widget.monitor import Monitor as Monitor, compare_logs as compare_logs, curves_of as curves_of, run_states as run_states, watch as watch
from ..lab.study import Study as Study
from ..lab.arms import Contrast as Contrast, axis_pairs as axis_pairs, axis_task as axis_task, engineered_arm as engineered_arm, few_shot_arm as few_shot_arm, make_arms as make_arms, prompt_arm as prompt_arm, prompt_wordings as prompt_wordings, random_adapters as random_adapters, random_arms as random_arms, vector_arms as vector_arms
from ..lab.budget import best_within as best_within, equal_kl as equal_kl, rough_prices as rough_prices, try_coefficients as try_coefficients
from ..lab.compare import results_table as results_table, summarise as summarise
from ..lab.report import run_study as run_study, sweep as sweep
from ..lab.runs import delete_runs as delete_runs, experiment_name as experiment_name, read_runs as read_runs, run_all as run_all, run_folder as run_folder, sql as sql
from ..lab.tables import best_sentence as best_sentence, best_table as best_table, best_values as best_values, chance_of as chance_of, high_performers as high_performers, load_summary as load_summary, model_notes as model_notes, plot_sweep as plot_sweep, recommended as recommended, seed_variance as seed_variance, summary_table as summary_table, surprises as surprises, trends as trends
from ..lab.search import Recipe as Recipe, Search as Search
from ..lab.card import axis_lines as axis_lines, steered_axes as steered_axes

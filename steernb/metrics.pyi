from .eval.rows import check_rows as check_rows, join_rows as join_rows
from .eval.side_effects import capability as capability, writing as writing
from .eval.calibrate import iso_kl as iso_kl, iso_kls as iso_kls, norm_relative as norm_relative, output_sign as output_sign
from .eval.resample import table_correlation as table_correlation
from .eval.stats import fit_line as fit_line, random_z as random_z
from .eval.metrics import asymmetry as asymmetry, coeff_table as coeff_table, legacy_corr as legacy_corr, normalised_gain as normalised_gain, steering_f1 as steering_f1, value_shifts as value_shifts
from .eval.plot import plot_effects as plot_effects, plot_written as plot_written
from .eval.field import Grade as Grade, entanglement as entanglement, judged as judged, misses as misses, random_personas as random_personas, shuffled_correlation as shuffled_correlation, three_scores as three_scores, wrong_way as wrong_way
from .eval.power import axis_check as axis_check, coherence_search as coherence_search, detectable_effect as detectable_effect, dilemmas_needed as dilemmas_needed, mixed_slope as mixed_slope, multi_seed as multi_seed, seed_summary as seed_summary, seeds_needed as seeds_needed, select_then_report as select_then_report

from ..weight.delta import as_lora as as_lora, bisector as bisector, save_lora as save_lora, side_report as side_report
from ..weight.sides import divergence as divergence, persona_answers as persona_answers, train_sides as train_sides
from ..weight.slices import Part as Part, Whole as Whole, cut as cut, overlaps as overlaps, slice_maker as slice_maker, slice_names as slice_names
from ..weight.ablate import axis_match as axis_match, plot_retained as plot_retained, retention as retention
from ..weight.rules import Evidence as Evidence, hypotheses as hypotheses, rule as rule, verdicts as verdicts
from ..weight.study import WeightStudy as WeightStudy, run_weights as run_weights
from ..weight.baseline import activation_oracle as activation_oracle, candidate as candidate, svd_grid as svd_grid, synthetic as synthetic

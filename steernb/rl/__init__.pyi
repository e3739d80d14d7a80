from ..rl.rewards import compose as compose, degeneracy as degeneracy, diversity as diversity, make_reward as make_reward, reward as reward, reward_names as reward_names
from ..rl.routing import Routing as Routing, VectorRouter as VectorRouter, fit_router as fit_router, mode_rows as mode_rows, mode_table as mode_table, plot_modes as plot_modes, router as router, separation as separation, separation_table as separation_table
from ..rl.grpo import GrpoConfig as GrpoConfig, judgement as judgement, openings as openings, sweep_line as sweep_line, train_grpo as train_grpo

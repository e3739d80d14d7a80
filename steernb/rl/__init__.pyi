from ..rl.rewards import compose as compose, degeneracy as degeneracy, diversity as diversity, make_reward as make_reward, reward as reward, reward_names as reward_names
from ..rl.routing import Routing as Routing, VectorRouter as VectorRouter, mode_rows as mode_rows, mode_table as mode_table, router as router, separation as separation
from ..rl.grpo import GrpoConfig as GrpoConfig, openings as openings, train_grpo as train_grpo

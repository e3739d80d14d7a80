from ..adapter.reversible import families as families, new_adapter as new_adapter
from ..adapter.losses import coherence_form as coherence_form, projection_loss as projection_loss
from ..adapter.config import TrainConfig as TrainConfig
from ..adapter.train import layer_report as layer_report, plot_training as plot_training
from ..adapter.sft import Versions as Versions, persona_completions as persona_completions, sft_arm as sft_arm, sft_versions as sft_versions, train_sft as train_sft

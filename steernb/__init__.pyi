from . import model as model, data as data, direction as direction, steer as steer, files as files, metrics as metrics, adapter as adapter, weight as weight, serve as serve, sae as sae, rl as rl, lab as lab
from .core import SteerError as SteerError, SiteError as SiteError, PairError as PairError, FormatError as FormatError, RowsError as RowsError, ConfigError as ConfigError, CoherenceError as CoherenceError, quiet as quiet
from .model.hooks import Trace as Trace, TraceDict as TraceDict, sites as sites
from .model.load import explore as explore, load as load
from .model.capture import capture as capture
from .model.tune import tune as tune
from .data.pairs import persona_pairs as persona_pairs
from .data.tasks import task as task, tasks as tasks
from .direction.contrast import extractor as extractor, extractors as extractors
from .steer.intervention import Intervention as Intervention, PromptArm as PromptArm
from .steer.vector import SteeringVector as SteeringVector, operators as operators
from .steer.extract import extract as extract, train_vector as train_vector
from .steer.weights import WeightDelta as WeightDelta
from .eval.score import score as score
from .eval.side_effects import delta_nll as delta_nll, generate as generate
from .eval.calibrate import calibrate as calibrate
from .eval.stats import coherence_range as coherence_range, compare as compare, dose_response as dose_response
from .eval.metrics import informedness as informedness, main_metric as main_metric, pareto as pareto, transfer as transfer
from .eval.field import readable_axes as readable_axes
from .eval.plot import plot_dose_response as plot_dose_response, plot_pareto as plot_pareto
from .adapter.reversible import Adapter as Adapter
from .adapter.train import train_adapter as train_adapter
from .weight.delta import weight_delta as weight_delta
from .weight.ablate import ablate as ablate
from .rl.routing import Routed as Routed
from .lab.arms import arms as arms
from .lab.report import demo as demo, results as results
from .lab.search import search as search
from .widget.playground import playground as playground
from .widget.rows import rows_browser as rows_browser
from .widget.explorer import explorer as explorer

__version__: str

from ..data.pairs import Pair as Pair, check_pairs as check_pairs
from ..data.tasks import Task as Task, task_loader as task_loader
from ..data.sets import letter_ids as letter_ids

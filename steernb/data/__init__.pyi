from ..data.pairs import Pair as Pair, check_pairs as check_pairs, text_pairs as text_pairs
from ..data.tasks import Task as Task, task_loader as task_loader
from ..data.sets import letter_ids as letter_ids, task_pairs as task_pairs
from ..data.judges import Similarity as Similarity, judge as judge

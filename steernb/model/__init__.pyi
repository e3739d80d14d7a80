from ..model.hooks import blocks as blocks
from ..model.load import byte_tokenizer as byte_tokenizer, memory_need as memory_need, random_model as random_model
from ..model.text import chat_text as chat_text, encode as encode
from ..model.states import last_states as last_states, pooling as pooling
from ..model.capture import contrast_loss as contrast_loss, contrast_losses as contrast_losses
from ..model.prefix import forks as forks, prefix_logits as prefix_logits
from ..model.reuse import exact_depths as exact_depths, reusing as reusing, steady as steady

from .steer.files import load_gguf as load_gguf, load_lm_eval as load_lm_eval, read_vector as read_vector, save_gguf as save_gguf, save_lm_eval as save_lm_eval
from .steer.bake import bake as bake, save_peft as save_peft

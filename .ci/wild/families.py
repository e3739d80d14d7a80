"""Tiny random models of many families, built from their transformers configurations.

They are seeded, in float32 and on the CPU: at most 4 blocks, width 32, the vocabulary of `byte_tokenizer` (262).
`FAMILIES[name]()` gives a model in eval mode; `FACTS[name]` is a set of the words encoder_decoder, state_space, hybrid,
experts, multimodal. `python .ci/wild/families.py [name …]` builds them and prints their blocks."""
import sys

import torch

SIZE = dict(vocab_size=262, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=8, max_position_embeddings=512)
ENDS = dict(eos_token_id=261, bos_token_id=None, pad_token_id=None)
EYE = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28,
    patch_size=14)
EXPERTS = dict(num_experts=4, num_local_experts=4, n_routed_experts=4, num_experts_per_tok=2, moe_intermediate_size=24)
QWEN_EYE = dict(depth=1, hidden_size=32, embed_dim=16, num_heads=2, patch_size=14, in_channels=3,
    intermediate_size=16, out_hidden_size=32)
ROPE = dict(rope_type="default", rope_theta=10000.0, mrope_section=[1, 1, 2])

FACTS = {} # name: facts that a test may need
FAMILIES = {} # name: function without arguments that builds the model


def tiny(model_type, head="CausalLM", seed=0, **values):
    "Build one model from its configuration; the global random state is left alone."
    import transformers
    config = transformers.AutoConfig.for_model(model_type, **values)
    for name, value in ENDS.items(): # nested configurations end with the same token
        for part in (config, config.get_text_config(decoder=True)): setattr(part, name, value)
    if head == "Seq2SeqLM": config.decoder_start_token_id, config.pad_token_id = 261, 261
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, f"AutoModelFor{head}").from_config(config).float().eval()
        for p in model.parameters(): # no weight stays at a constant, whatever the family's own initialisation does
            if p.ndim > 1: p.data.normal_(0, .15)
    model.name_or_path = f"tiny-{model_type}"
    return model


def family(name, model_type=None, facts="", head="CausalLM", size=SIZE, **values):
    "Enter a family into the table."
    FACTS[name] = set(facts.split())
    FAMILIES[name] = lambda: tiny(model_type or name, head, **{**size, **values})


def seeing(name, facts="", model_type=None, text=None, eye=EYE, **values):
    "Enter an image-and-text family: its text model and its eye have configurations of their own."
    FACTS[name] = {"multimodal", *facts.split()}
    configs = dict(text_config={**SIZE, **ENDS, **(text or {})}, vision_config=eye)
    FAMILIES[name] = lambda: tiny(model_type or name, "ImageTextToText", **configs, **values)


# Llama's shape, with small differences
PLAIN = """llama qwen2 qwen3 mistral glm glm4 olmo olmo2 granite nemotron stablelm starcoder2 smollm3 cohere cohere2
    helium exaone4 seed_oss ernie4_5 arcee hunyuan_v1_dense"""
for name in PLAIN.split(): family(name)
family("gemma")
family("gemma2", query_pre_attn_scalar=8)
family("gemma3", "gemma3_text", query_pre_attn_scalar=8)
family("phi3", pad_token_id=0)
family("phi", partial_rotary_factor=.5)
family("persimmon", partial_rotary_factor=.5)
family("lfm2", facts="hybrid", block_ff_dim=48, layer_types=["conv", "full_attention"], block_auto_adjust_ff_dim=False)

# GPT's shapes
GPT = dict(vocab_size=262, n_embd=32, n_layer=2, n_head=4, n_positions=512, n_inner=48)
family("gpt2", size=GPT)
family("gpt_bigcode", size=GPT)
family("gptj", size=GPT, rotary_dim=4)
family("codegen", size=GPT, rotary_dim=4)
family("gpt_neo", size=dict(vocab_size=262, hidden_size=32, num_layers=2, num_heads=4, intermediate_size=48,
    max_position_embeddings=512, attention_types=[[["global", "local"], 1]]))
family("gpt_neox", rotary_pct=.5)
family("opt", ffn_dim=48, word_embed_proj_dim=32)
family("bloom", size=dict(vocab_size=262, hidden_size=32, n_layer=2, n_head=4))
family("falcon", size=dict(vocab_size=262, hidden_size=32, ffn_hidden_size=48, num_hidden_layers=2,
    num_attention_heads=4, new_decoder_architecture=False, parallel_attn=True, bias=False, alibi=False))
family("mpt", size=dict(vocab_size=262, d_model=32, n_layers=2, n_heads=4, expansion_ratio=2, max_seq_len=512))
family("biogpt")
family("xglm", size=dict(vocab_size=262, d_model=32, ffn_dim=48, num_layers=2, attention_heads=4,
    max_position_embeddings=512))

# experts
family("mixtral", facts="experts", **EXPERTS)
family("qwen2_moe", facts="experts", shared_expert_intermediate_size=24, decoder_sparse_step=1, **EXPERTS)
family("qwen3_moe", facts="experts", decoder_sparse_step=1, mlp_only_layers=[], **EXPERTS)
family("olmoe", facts="experts", **EXPERTS)
family("granitemoe", facts="experts", **EXPERTS)
family("phimoe", facts="experts", **EXPERTS)
family("gpt_oss", facts="experts", **EXPERTS)
family("ernie4_5_moe", facts="experts", moe_num_experts=4, moe_k=2, moe_num_shared_experts=1,
    moe_layer_start_index=1, moe_intermediate_size=24)
family("glm4_moe", facts="experts", n_shared_experts=1, first_k_dense_replace=1, n_group=1, topk_group=1, **EXPERTS)
LATENT = dict(q_lora_rank=12, kv_lora_rank=10, qk_rope_head_dim=4, qk_nope_head_dim=4, v_head_dim=6, n_group=1,
    topk_group=1, first_k_dense_replace=1, n_shared_experts=1)
family("deepseek_v2", facts="experts", **{**SIZE, **EXPERTS, **LATENT, "head_dim": 4, "num_key_value_heads": 4})
family("deepseek_v3", facts="experts", **{**SIZE, **EXPERTS, **LATENT, "head_dim": 4, "num_key_value_heads": 4})
family("llama4", "llama4_text", facts="experts", intermediate_size_mlp=48, interleave_moe_layer_step=2,
    moe_layers=[1], **EXPERTS)
family("minimax", facts="experts hybrid state_space", layer_types=["linear_attention", "full_attention"],
    block_size=8, **EXPERTS)

# state spaces, and hybrids of them with attention
STATE = dict(vocab_size=262, hidden_size=32, num_hidden_layers=2, state_size=8, expand=2, conv_kernel=4,
    time_step_rank=4)
family("mamba", facts="state_space", size=STATE, intermediate_size=64)
family("falcon_mamba", facts="state_space", size=STATE, intermediate_size=64)
family("mamba2", facts="state_space", size=STATE, num_heads=8, head_dim=8, n_groups=1, chunk_size=8)
SSM = dict(mamba_d_state=8, mamba_d_conv=4, mamba_expand=2, mamba_n_heads=8, mamba_d_head=8, mamba_n_groups=1,
    mamba_chunk_size=8, mamba_dt_rank=4)
family("jamba", facts="state_space hybrid experts", use_mamba_kernels=False, num_hidden_layers=4,
    attn_layer_period=2, attn_layer_offset=1, expert_layer_period=2, expert_layer_offset=1, **SSM, **EXPERTS)
family("bamba", facts="state_space hybrid", attn_layer_indices=[1], **SSM)
family("falcon_h1", facts="state_space hybrid", mamba_d_ssm=64, **SSM)
family("zamba2", facts="state_space hybrid", num_hidden_layers=4, layers_block_type=["mamba", "hybrid", "mamba",
    "hybrid"], attention_head_dim=16, num_mem_blocks=1, adapter_rank=4, use_mem_rope=False, mamba_headdim=8,
    mamba_ngroups=1, n_mamba_heads=8, **{**SSM, "mamba_n_heads": 8})
family("granitemoehybrid", facts="state_space hybrid experts", layer_types=["mamba", "attention"],
    shared_intermediate_size=48, **SSM, **EXPERTS)
family("nemotron_h", facts="state_space hybrid", layers_block_type=["mamba", "attention", "mlp"],
    num_hidden_layers=3, mamba_num_heads=8, mamba_head_dim=8, ssm_state_size=8, n_groups=1, chunk_size=8,
    n_shared_experts=1, moe_shared_expert_intermediate_size=24, **EXPERTS)
family("qwen3_next", facts="state_space hybrid experts", layer_types=["linear_attention", "full_attention"],
    linear_num_value_heads=4, linear_num_key_heads=2, linear_key_head_dim=8, linear_value_head_dim=8,
    decoder_sparse_step=1, mlp_only_layers=[], shared_expert_intermediate_size=24, **EXPERTS)
family("recurrent_gemma", facts="state_space hybrid", num_hidden_layers=3, lru_width=32, attention_window_size=64,
    conv1d_width=4, block_types=["recurrent", "recurrent", "attention"])
family("rwkv", facts="state_space", size=dict(vocab_size=262, hidden_size=32, attention_hidden_size=32,
    intermediate_size=48, num_hidden_layers=2, context_length=512))

# images and text: the text model is the one that steers
seeing("gemma3_multimodal", model_type="gemma3", text=dict(query_pre_attn_scalar=8), mm_tokens_per_image=1)
seeing("mistral3", eye={**EYE, "model_type": "pixtral", "head_dim": 8}, text=dict(model_type="mistral"))
seeing("llava", eye={**EYE, "model_type": "clip_vision_model"}, text=dict(model_type="llama"))
seeing("paligemma", eye={**EYE, "model_type": "siglip_vision_model", "projection_dim": 32},
    text=dict(model_type="gemma"), projection_dim=32)
seeing("qwen2_vl", eye=QWEN_EYE, text=dict(rope_parameters=ROPE))
seeing("qwen2_5_vl", eye={**QWEN_EYE, "hidden_size": 16}, text=dict(rope_parameters=ROPE))
seeing("qwen3_vl", eye={**QWEN_EYE, "hidden_size": 16, "deepstack_visual_indexes": [0]},
    text=dict(rope_parameters=ROPE))
seeing("idefics3", eye={**EYE, "model_type": "idefics3_vision"}, text=dict(model_type="llama"))
seeing("internvl", eye={**EYE, "image_size": [28, 28], "patch_size": [14, 14]}, text=dict(model_type="qwen2"))
seeing("llama4_multimodal", "experts", model_type="llama4", text=dict(intermediate_size_mlp=48,
    interleave_moe_layer_step=2, moe_layers=[1], **EXPERTS), eye={**EYE, "vision_output_dim": 16,
    "projector_input_dim": 16, "projector_output_dim": 16, "intermediate_size": 64})

# an encoder and a decoder
family("t5", facts="encoder_decoder", head="Seq2SeqLM", size=dict(vocab_size=262, d_model=32, d_kv=8, d_ff=48,
    num_layers=2, num_decoder_layers=2, num_heads=4, tie_word_embeddings=True))
family("bart", facts="encoder_decoder", head="Seq2SeqLM", size=dict(vocab_size=262, d_model=32, encoder_layers=2,
    decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48,
    max_position_embeddings=512))


if __name__ == "__main__":
    from steernb.model.hooks import blocks
    for name in sys.argv[1:] or FAMILIES:
        try:
            model = FAMILIES[name]()
            ids = torch.arange(40, 52)[None]
            kw = dict(decoder_input_ids=ids) if "encoder_decoder" in FACTS[name] else {}
            with torch.no_grad(): finite = model(input_ids=ids, **kw).logits.isfinite().all().item()
            print(f"{name:20} {type(model).__name__:40} {model.num_parameters():8} finite={finite} {blocks(model)}")
        except Exception as e: print(f"{name:20} FAILED {type(e).__name__}: {str(e)[:300]}")

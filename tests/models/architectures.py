"""Tiny seeded models of many architectures, each built from an explicit configuration; nothing is downloaded."""

import dataclasses
import inspect

import torch

TEXT = {
    "vocab_size": 320, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 128, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
}  # fmt: skip
# What architectures of other naming call the same; a configuration takes those that it knows.
OTHER = {
    "d_model": 32, "n_layer": 3, "n_layers": 3, "n_head": 4, "n_heads": 4, "n_embd": 32, "n_positions": 128, "n_inner": 64,
    "ffn_dim": 48, "dim": 32, "hidden_dim": 48, "emb_dim": 32, "word_embed_proj_dim": 32, "embedding_size": 32,
    "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1, "q_lora_rank": 8,
    "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 8, "state_size": 8, "sliding_window": 64,
    "attention_window": 8, "rotary_dim": 4, "ffn_hidden_size": 48, "num_kv_heads": 2, "block_size": 4,
    "entity_vocab_size": 10, "entity_emb_size": 8, "query_pre_attn_scalar": 8, "max_seq_len": 128, "dff": 48,
}  # fmt: skip
MORE = {
    "mobilebert": {"embedding_size": 16},
    "xmod": {"default_language": "sw_KE", "languages": ["sw_KE", "en_XX"]},
    "bert-generation": {"is_decoder": True},
}

CAUSAL = (
    "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "gptj", "phi", "phi3",
    "olmo", "olmo2", "olmo3", "opt", "bloom", "mpt", "falcon", "xglm", "stablelm", "cohere", "cohere2", "granite",
    "starcoder2", "smollm3", "helium", "glm", "glm4", "exaone4", "nemotron", "biogpt", "codegen", "ctrl", "modernbert-decoder",
    "mixtral", "qwen3_moe", "olmoe", "persimmon", "ernie4_5", "apertus", "arcee", "seed_oss", "openai-gpt",
    "gpt_bigcode", "deepseek_v3", "gpt_oss", "lfm2", "recurrent_gemma", "bert-generation",
)  # fmt: skip
MASKED = (
    "bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "electra", "ernie", "camembert", "modernbert", "deberta",
    "deberta-v2", "albert", "xlm", "flaubert", "longformer", "convbert", "roformer", "rembert", "megatron-bert", "luke",
    "big_bird", "data2vec-text", "mobilebert", "xmod", "nystromformer", "eurobert", "nomic_bert", "gte", "squeezebert",
    "fnet", "roberta-prelayernorm", "xlm-roberta-xl",
)  # fmt: skip
ENCODER = ("bert", "xlm-roberta", "mpnet", "modernbert", "gemma3_text", "xlnet")
PACKAGES = ("gemma3", "qwen3_5", "mistral3", "qwen3_vl", "qwen2_5_vl", "llava")

_LINEAR = {"linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
_QWEN_TOWER = {
    "depth": 3,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_heads": 4,
    "out_hidden_size": 32,
    "patch_size": 14,
}
_QWEN_IDS = {"image_token_id": 90, "video_token_id": 91, "vision_start_token_id": 92, "vision_end_token_id": 93}
_TOWER = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "image_size": 28, "patch_size": 14,
}  # fmt: skip
_ROPE = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}


def config_of(kind, **changes):
    """The configuration of a small model of a type."""
    from transformers import CONFIG_MAPPING

    made = CONFIG_MAPPING[kind]
    known = set(inspect.signature(made.__init__).parameters)
    known |= {field.name for field in dataclasses.fields(made)} if dataclasses.is_dataclass(made) else set()
    renamed = getattr(made, "attribute_map", {})
    given = {name: value for name, value in (TEXT | OTHER).items() if name in known or name in renamed}
    for ours, theirs in renamed.items():
        if ours in given and theirs in given:
            del given[ours]
    return made(**{**given, **MORE.get(kind, {}), **changes})


def package_config(kind, **changes):
    """The configuration of a multimodal package whose vision tower has as many blocks as its text body."""
    text_fields = TEXT | changes
    from transformers import CONFIG_MAPPING

    made = CONFIG_MAPPING[kind]
    match kind:
        case "gemma3":
            ids = {"image_token_index": 90, "boi_token_index": 91, "eoi_token_index": 92}
            return made(text_config=text_fields, vision_config=_TOWER, mm_tokens_per_image=1, **ids)
        case "qwen3_5":
            text = {**text_fields, **_LINEAR, "layer_types": ["linear_attention", "linear_attention", "full_attention"]}
            return made(text_config=text, vision_config=_QWEN_TOWER, **_QWEN_IDS)
        case "qwen3_vl":
            tower = {**_QWEN_TOWER, "deepstack_visual_indexes": [0]}
            return made(text_config={**text_fields, "rope_parameters": _ROPE}, vision_config=tower, **_QWEN_IDS)
        case "qwen2_5_vl":
            tower = {**_QWEN_TOWER, "fullatt_block_indexes": [1]}
            return made(text_config={**text_fields, "rope_parameters": _ROPE}, vision_config=tower, **_QWEN_IDS)
        case "mistral3":
            text, vision = {**text_fields, "model_type": "mistral"}, {**_TOWER, "model_type": "pixtral", "head_dim": 8}
            return made(text_config=text, vision_config=vision, image_token_index=90)
        case "llava":
            text = {**text_fields, "model_type": "llama"}
            return made(
                text_config=text, vision_config={**_TOWER, "model_type": "clip_vision_model"}, image_token_index=90
            )
    raise ValueError(kind)


def build(kind, loader, *, seed=0, **changes):
    """A random model in evaluation mode; loader: name of an `Auto` class."""
    import transformers

    config = package_config(kind) if kind in PACKAGES else config_of(kind, **changes)
    torch.manual_seed(seed)
    return getattr(transformers, loader).from_config(config).eval()


def package_class(kind):
    """The class that packages of a type are saved from."""
    from transformers.models.auto import modeling_auto

    return modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES[kind]


def build_package(kind, *, seed=0, **changes):
    """A random multimodal package in evaluation mode, of the class that such checkpoints are saved from.

    changes: fields of its text configuration.
    """
    import transformers

    torch.manual_seed(seed)
    return getattr(transformers, package_class(kind))(package_config(kind, **changes)).eval()

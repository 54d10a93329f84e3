"""What the options of loading a model may be, and who may answer prompts."""

DTYPES = ("float32", "bfloat16", "float16")
QUANTIZATIONS = ("nf4", "nf4-double", "int8", "none")
DEVICE_MAPS = ("auto", "balanced", "balanced_low_0", "sequential")
ENGINES = (TRANSFORMERS, VLLM) = ("transformers", "vllm")
ATTENTIONS = ("sdpa", "eager", "flash_attention_2", "flash_attention_3", "flex_attention")

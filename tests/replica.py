"""A scaled-down Lugha-Llama-8B-wura: its configuration shape and tokenizer habits, weights made here in seconds."""

import warnings
from pathlib import Path
from typing import Any

import torch

from tli_bench.languages import pivot
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split

LUGHA = "Lugha-Llama/Lugha-Llama-8B-wura"
SENTENCES: list[str] = list(pivot().gate)


def llama3_tokenizer() -> Any:
    """Byte-level BPE on the lexicon's words; BOS is prepended, the special tokens come last, there is no pad token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    lexicon = load_lexicon("core", pair="swh-eng")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([*lexicon.source_words, *lexicon.target_words, *SENTENCES], trainer)
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>"])
    bos = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", bos)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|begin_of_text|>", eos_token="<|end_of_text|>"
    )


def llama3_model(tokenizer: Any, *, layers: int = 3, width: int = 64, seed: int = 0) -> Any:
    """Llama-3.1 in small: grouped queries, llama3 rope scaling, untied head."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    rope = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=8,
            num_key_value_heads=2,
            max_position_embeddings=512,
            rope_parameters=rope,
            rms_norm_eps=1e-5,
            tie_word_embeddings=False,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def learn_sentences(model: Any, tokenizer: Any, sentences: list[str] = SENTENCES, *, steps: int = 40) -> None:
    """Teach a model the sanity gate's sentences, so that it passes the gate for the reason a sound model does."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batches = [tokenizer(sentence, return_tensors="pt")["input_ids"] for sentence in sentences]
    model.train()
    for _ in range(steps):
        loss = sum(model(input_ids=ids, labels=ids).loss for ids in batches) / len(batches)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()


def save_replica(folder: Path, *, seed: int = 0) -> Path:
    """Write the repository as the Hub would hold it: bf16, sharded safetensors, tokenizer beside them."""
    tokenizer = llama3_tokenizer()
    model = llama3_model(tokenizer, seed=seed)
    learn_sentences(model, tokenizer)
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size="100KB")
    tokenizer.save_pretrained(folder)
    return folder


def train_stock_adapter(base: Path, output: Path, *, recorded: str = LUGHA, steps: int = 6) -> Path:
    """A LoRA by PEFT alone: InfoNCE between the last tokens of train words and their translations, a few steps."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    torch.manual_seed(0)
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    plain.name_or_path = plain.config._name_or_path = recorded
    model = get_peft_model(plain, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    pairs = load_lexicon("core", pair="swh-eng").of(Split.TRAIN)[:16]
    for _ in range(steps):
        source = torch.stack([_last_state(model, tokenizer, pair.source) for pair in pairs])
        target = torch.stack([_last_state(model, tokenizer, pair.target) for pair in pairs])
        logits = torch.nn.functional.cosine_similarity(source[:, None], target[None], dim=-1) / 0.1
        loss = torch.nn.functional.cross_entropy(logits, torch.arange(len(pairs)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT looks for the base's configuration on the Hub, which is switched off
        model.save_pretrained(output)
    return output


def _last_state(model: Any, tokenizer: Any, word: str) -> torch.Tensor:
    return model(**tokenizer(word, return_tensors="pt"), output_hidden_states=True).hidden_states[-1][0, -1]

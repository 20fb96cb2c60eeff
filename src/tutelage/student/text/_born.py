"""The first weights and the tokenizer of a small decoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tutelage.student.text._decoder import Decoder

START, END, ANSWER = "<s>", "</s>", "<a>"
CHAT = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}<a>{{ m['content'] }}</s>"
    "{% else %}<s>{{ m['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)


def tokenizer(texts: Sequence[str], size: int | None) -> str:
    """As JSON. size None: one token a byte."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = [START, END, ANSWER]
    made = Tokenizer(models.BPE(vocab={one: code for code, one in enumerate([*special, *letters])}, merges=[]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    if size is not None:
        how = trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=letters,
                                  show_progress=False)  # fmt: skip
        made.train_from_iterator(texts, how)
    else:
        made.add_special_tokens(special)
    return str(made.to_str())


def born(tokens: str, seed: int, hidden: int, layers: int, heads: int, window: int) -> Decoder:
    """Weights normal with deviation 0.02, the embedding shared with the head; torch's own luck is left as it was."""
    told = _tokenizer(tokens)
    config = _config(told, len(told), hidden, layers, heads, window)
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
        return Decoder(told, LlamaForCausalLM(config))


def bare(size: int | None, hidden: int, layers: int, heads: int, window: int) -> Decoder:
    """Shapes without numbers, with a vocabulary of this size; its tokenizer knows bytes alone."""
    told = _tokenizer(tokenizer((), None))
    with torch.device("meta"):
        return Decoder(told, LlamaForCausalLM(_config(told, size or len(told), hidden, layers, heads, window)))


def _tokenizer(tokens: str) -> PreTrainedTokenizerFast:
    told = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(tokens), bos_token=START, eos_token=END)
    told.chat_template = CHAT
    return told


def _config(told: PreTrainedTokenizerFast, size: int, hidden: int, layers: int, heads: int, window: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=size, hidden_size=hidden, intermediate_size=4 * hidden,
        num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=heads,
        max_position_embeddings=window, bos_token_id=told.bos_token_id, eos_token_id=told.eos_token_id,
        tie_word_embeddings=True,
    )  # fmt: skip

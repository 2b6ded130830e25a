"""A sentence-transformers model of a few thousand random weights, made on the spot: real files, no network."""

from __future__ import annotations

import json
from pathlib import Path

WORDS = [
    *("refund", "approved", "denied", "has", "been", "was", "the", "a", "of", "in", "warm", "places", "bananas"),
    *("grow", "another", "text", "length", "not", ".", ","),
]


def write_tiny_model(folder: Path, *, seed: int = 0) -> Path:
    """Write one; equal seeds give equal weights. Needs the packages of the extra `embeddings`."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    parts = folder / "parts"
    parts.mkdir(parents=True)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys([*special.values(), *WORDS]))}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(name, vocabulary[name]) for name in ("[SEP]", "[CLS]")]
    words.post_processor = processors.BertProcessing(*ends)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(parts)
    PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(parts)
    (parts / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64}))
    first = Transformer(str(parts))
    SentenceTransformer(modules=[first, Pooling(32)]).save(str(folder / "model"))
    return folder / "model"

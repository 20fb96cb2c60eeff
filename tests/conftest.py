"""Every test: one BLAS thread, a cache and runs of its own where asked, and no change to global luck."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# how fast the machine is at the moment is no property of the code
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

CHAT = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"


@pytest.fixture(autouse=True)
def no_global_luck():
    """numpy's global generator stands where it stood: luck is an argument.

    (Python's own is left to the house rule against importing it: libraries draw from it when they are imported.)
    """
    legacy = np.random.get_state()  # noqa: NPY002
    yield
    now = np.random.get_state()  # noqa: NPY002
    assert legacy[0] == now[0] and (legacy[1] == now[1]).all() and legacy[2:] == now[2:], "global numpy luck was used"


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test alone."""
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def tiny_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Llama of 2 layers of 32 numbers, its weights random, one token a byte; it has a chat template."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("models") / "tiny"
    letters = ["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    raw = Tokenizer(models.BPE(vocab={letter: code for code, letter in enumerate(letters)}, merges=[]))
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = CHAT
    config = transformers.LlamaConfig(
        vocab_size=len(letters), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, bos_token_id=0, eos_token_id=1, initializer_range=0.3,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama_server():
    """The base address of a llama.cpp server on this machine with SmolLM2-135M-Instruct; its key is `sesame`."""
    xllamacpp = pytest.importorskip("xllamacpp")
    from tutelage.assets.fetch import asset
    from tutelage.core.errors import Missing

    wanted = xllamacpp.CommonParams()
    try:
        wanted.model.path = str(asset("smollm2-135m-instruct") / "model.gguf")
    except Missing as missing:
        pytest.skip(str(missing))
    wanted.n_ctx, wanted.n_parallel, wanted.cpuparams.n_threads, wanted.cpuparams_batch.n_threads = 2048, 2, 1, 1
    wanted.warmup, wanted.verbosity, wanted.port, wanted.api_keys = False, 0, 0, ["sesame"]
    server = xllamacpp.Server(wanted)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Of a family of encoders a folder with one of 2 layers of 16 numbers, its weights random, one token a letter."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {token: code for code, token in enumerate([*marks, *"abcdefghijklmnopqrstuvwxyz?"])}
    folders: dict[str, Path] = {}

    def made(family: str) -> Path:
        if family in folders:
            return folders[family]
        folder = folders[family] = tmp_path_factory.mktemp("models") / family
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Whitespace(), pre_tokenizers.Split("", "isolated")]
        )
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
        config = transformers.AutoConfig.for_model(
            family, vocab_size=len(vocabulary), hidden_size=16, embedding_size=16, intermediate_size=32, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=130, initializer_range=0.3,
            pad_token_id=int(family in {"roberta", "xlm-roberta", "mpnet"}),
            hidden_dropout_prob=0.1, **({"dim": 16, "hidden_dim": 32} if family == "distilbert" else {}),
        )  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = transformers.AutoModel.from_config(config)
        model.save_pretrained(folder)
        tokenizer.save(str(folder / "tokenizer.json"))
        return folder

    return made

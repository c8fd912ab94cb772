"""CLIP's tokenizer in the files from which transformers makes a `CLIPTokenizer`."""

from pathlib import Path

from open_clip.tokenizer import SimpleTokenizer

from trainables.export.folder import write_json

START, END = "<|startoftext|>", "<|endoftext|>"


def write_tokenizer(folder: Path, context_length: int) -> None:
    """Write vocabulary, merges and special tokens of open_clip's tokenizer.

    Args:
        folder: of the files; made if it is missing.
        context_length: positions that the text encoder has.
    """
    known = SimpleTokenizer(context_length=context_length)
    renamed = {known.sot_token_id: START, known.eot_token_id: END}
    vocabulary = {renamed.get(number, word): number for word, number in known.encoder.items()}
    write_json(folder / "vocab.json", vocabulary)
    merges = sorted(known.bpe_ranks, key=known.bpe_ranks.__getitem__)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # What follows the end changes no embedding; Stable Diffusion was trained with ends there.
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    write_json(folder / "special_tokens_map.json", special)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": context_length,
            "do_lower_case": True,
            "errors": "replace",
            "add_prefix_space": False,
        }
        | special,
    )

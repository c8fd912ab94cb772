"""Measures what the README says about speed, each as a ratio to a plain baseline in this process.

python -m tests.benchmarks [NAME ...]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from tests.benchmarks import augment, captions, corpus, images, science, sweeper, tables


@dataclass(frozen=True)
class Comparison:
    name: str
    baseline: str
    make: Callable[[torch.device], tuple[Callable[[], object], Callable[[], object]]]
    runs: int = 5


COMPARISONS = [
    Comparison("encode", "open_clip's encode_text, 77 tokens", science.encode),
    Comparison("splice", "editing and tokenising the sentences", science.splice),
    Comparison("step", "autograd over every weight, 77 tokens", science.step),
    Comparison("sim_backdoor", "the neutral side again for each name", science.sim_backdoor),
    Comparison(
        "image_step", "open_clip's tower and autograd, the teacher asked", images.image_step
    ),
    Comparison("captions", "open_clip's tokenizer, one by one", captions.tokenise),
    Comparison("captions_worst", "the same, where no word comes twice", captions.tokenise_letters),
    Comparison("paste", "a PIL loop over the images", augment.paste),
]


def seconds(function: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(comparison: Comparison, device: torch.device) -> str:
    ours, baseline = comparison.make(device)
    seconds(ours, device), seconds(baseline, device)
    pairs = [(seconds(ours, device), seconds(baseline, device)) for _ in range(comparison.runs)]
    ratios = [theirs / mine for mine, theirs in pairs]
    mine = statistics.median(mine for mine, _ in pairs)
    return (
        f"{comparison.name:14} {mine * 1e3:9.1f} ms   {statistics.median(ratios):6.1f}x "
        f"({min(ratios):.1f}-{max(ratios):.1f}) faster than {comparison.baseline}"
    )


def main() -> None:
    names = [comparison.name for comparison in COMPARISONS] + ["corpus", "sweeper", "tables"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *names], metavar="NAME")
    parser.add_argument("--trials", type=int, default=1000, help="of the sweeper's benchmark")
    chosen = parser.parse_args()
    torch.set_num_threads(2)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    where = torch.cuda.get_device_name() if device.type == "cuda" else "2 threads"
    sys.stdout.write(f"on {device.type} ({where}), medians of 5\n")
    for comparison in COMPARISONS:
        if not chosen.names or comparison.name in chosen.names:
            sys.stdout.write(compare(comparison, device) + "\n")
            sys.stdout.flush()
    if not chosen.names or "corpus" in chosen.names:
        sys.stdout.write(corpus.measure() + "\n")
    if not chosen.names or "sweeper" in chosen.names:
        sys.stdout.write(sweeper.measure(chosen.trials) + "\n")
    if not chosen.names or "tables" in chosen.names:
        sys.stdout.write(tables.measure() + "\n")


if __name__ == "__main__":
    main()

"""Train the text detector and export it: ``python -m tests.bench.text.train OUT.onnx``.

The same seed, number of steps and versions of torch, Pillow and fonts give the same network, up to
what sums in another order change.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from casepack.textfinder.maps import text_maps
from tests.bench.text import say
from tests.bench.text.frames import Source, cells
from tests.bench.text.network import TextNetwork, loss

_RATE, _WARM, _DECAY = 3e-3, 200, 4000
_TEXTURED = 0.3
_KEPT = 800
"""Frames that may be seen again."""
_MEMORY = 0.9985
"""Of the running mean of the weights, which is what is shipped."""


class Crops(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Batches of maps, targets and weights without end.

    Frames cost more to make than to learn from, so each is seen about `batch` / `fresh` times: once
    as it is made, then now and then again, mirrored, turned or inverted, until others take its
    place.
    """

    def __init__(self, seed: int, batch: int, fresh: int) -> None:
        self.seed, self.batch, self.fresh = seed, batch, fresh

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        torch.set_num_threads(1)
        info = get_worker_info()
        seed = self.seed * 100 + (info.id if info else 0)
        source = Source(split="training", seed=seed, textured=_TEXTURED)
        chance = Random(seed)
        kept: list[_Example] = []
        while True:
            batch = [_new_example(source) for _ in range(self.fresh)]
            again = [
                _changed(chance.choice(kept or batch), chance)
                for _ in range(self.batch - self.fresh)
            ]
            for example in batch:
                if len(kept) < _KEPT:
                    kept.append(example)
                else:
                    kept[chance.randrange(_KEPT)] = example
            seen = [_seen(*example, chance) for example in (*batch, *again)]
            maps, targets, weights = (np.stack(part) for part in zip(*seen, strict=True))
            yield (
                torch.from_numpy(maps),
                torch.from_numpy(targets[:, None]),
                torch.from_numpy(weights[:, None]),
            )


_Example = tuple[np.ndarray, np.ndarray, np.ndarray]


def _new_example(source: Source) -> _Example:
    values, lines = source.frame()
    return (values, *cells(values.shape, lines))


def _changed(example: _Example, chance: Random) -> _Example:
    for axis in (0, 1):
        if chance.random() < 0.3:
            values, target, weight = (np.flip(part, axis) for part in example)
            example = (values, target, weight)
    if chance.random() < 0.2:
        values, target, weight = (part.T for part in example)
        example = (values, target, weight)
    if chance.random() < 0.15:
        values, target, weight = example
        example = (values.max() - values, target, weight)
    return example


def _seen(values: np.ndarray, target: np.ndarray, weight: np.ndarray, chance: Random) -> _Example:
    if chance.random() >= 0.06:
        return text_maps(values), target, weight
    # a small frame is all border
    size = chance.choice((32, 48, 64, 96, 128))
    maps = np.zeros((3, *values.shape), dtype=np.float32)
    maps[:, :size, :size] = text_maps(values[:size, :size])
    target, weight = target.copy(), weight.copy()
    for part in (target, weight):
        part[size // 4 :], part[:, size // 4 :] = 0, 0
    return maps, target, weight


def train(
    out: Path,
    *,
    seed: int,
    steps: int,
    batch: int,
    fresh: int,
    length: Path | None = None,
    start: Path | None = None,
) -> None:
    """Train, from scratch or from weights, and write `out` now and then.

    The rate is constant until the last `_DECAY` steps, so that a run that is told to end earlier,
    by a number in the file `length`, is the run of that many steps.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = TextNetwork().to(memory_format=torch.channels_last).train()
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    mean = deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    source = Crops(seed, batch, fresh)
    crops = DataLoader(source, batch_size=None, num_workers=1, prefetch_factor=4)
    began, recent = time.monotonic(), 0.0
    for step, (maps, targets, weights) in enumerate(crops):
        if length is not None and step % 50 == 0:
            steps = int(length.read_text())
        if step >= steps:
            break
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1, (step + 1) / _WARM, (steps - step) / _DECAY)
        value = loss(network(maps.contiguous(memory_format=torch.channels_last)), targets, weights)
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        _follow(mean, network, min(_MEMORY, (step + 1) / (step + 10)))
        recent += (value.item() - recent) * max(0.01, 1 / (step + 1))
        if step % 100 == 99:
            say(f"{step + 1} loss {recent:.4f} {time.monotonic() - began:.0f} s")
        if step % 500 == 499:
            export(mean, out)
            torch.save(mean.state_dict(), out.with_suffix(".pt"))
    export(mean, out)
    torch.save(mean.state_dict(), out.with_suffix(".pt"))


def _follow(mean: TextNetwork, network: TextNetwork, memory: float) -> None:
    with torch.no_grad():
        for slow, quick in zip(
            mean.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if slow.is_floating_point():
                slow.lerp_(quick, 1 - memory)
            else:
                slow.copy_(quick)


def export(network: TextNetwork, out: Path) -> None:
    """Write the network with a sigmoid behind it; rows and columns are free."""
    ready = torch.nn.Sequential(deepcopy(network), torch.nn.Sigmoid()).eval()
    torch.onnx.export(
        ready,
        (torch.zeros(1, 3, 64, 64),),
        str(out),
        input_names=["maps"],
        output_names=["text"],
        dynamic_axes={
            "maps": {0: "frames", 2: "rows", 3: "columns"},
            "text": {0: "frames", 2: "cell_rows", 3: "cell_columns"},
        },
        opset_version=17,
        dynamo=False,
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--steps", type=int, default=30000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--fresh", type=int, default=4, help="new frames in a batch")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--length", type=Path, help="file with the number of steps, read again")
    options = parser.parse_args(arguments)
    train(
        options.out,
        seed=options.seed,
        steps=options.steps,
        batch=options.batch,
        fresh=options.fresh,
        length=options.length,
        start=options.start,
    )


if __name__ == "__main__":
    main(sys.argv[1:])

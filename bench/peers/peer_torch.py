#!/usr/bin/python3
"""One training of a network in PyTorch, timed step by step.

    peer_torch.py eager|pipe LAYERS WIDTH BATCH MICROBATCHES THREADS STEPS

eager: the mini-batch in MICROBATCHES parts, one after the other, gradients
added up; 1: the whole batch.  pipe: torch.distributed.pipeline.sync.Pipe on two
devices.  THREADS is for torch.set_num_threads(); those of OpenBLAS are set by
its environment variables.  Prints JSON.
"""
import os
import sys

import torch
from measured import tell_steps


def network(layers, width):
    parts = []
    for i in range(layers):
        parts.append(torch.nn.Linear(width, width))
        if i + 1 < layers:
            parts.append(torch.nn.ReLU())
    return parts


def eager_step(model, optimizer, x, y, microbatches):
    optimizer.zero_grad(set_to_none=True)
    for xs, ys in zip(x.chunk(microbatches), y.chunk(microbatches)):
        loss = torch.nn.functional.mse_loss(model(xs), ys) / microbatches
        loss.backward()
    optimizer.step()


def make_pipe(parts, microbatches):
    from torch.distributed import rpc
    from torch.distributed.pipeline.sync import Pipe

    os.environ["MASTER_ADDR"] = "127.0.0.1"
    os.environ["MASTER_PORT"] = str(20000 + os.getpid() % 20000)
    rpc.init_rpc("worker", rank=0, world_size=1)
    # Two partitions: a sequence each.  The ReLU of a layer stays with it.
    half = len(parts) // 2 // 2 * 2
    stages = torch.nn.Sequential(
        torch.nn.Sequential(*parts[:half]), torch.nn.Sequential(*parts[half:])
    )
    return Pipe(stages, chunks=microbatches, checkpoint="never")


def pipe_step(pipe, optimizer, x, y):
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.mse_loss(pipe(x).local_value(), y)
    loss.backward()
    optimizer.step()


def main():
    how = sys.argv[1]
    layers, width, batch, microbatches, threads, steps = map(int, sys.argv[2:])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    parts = network(layers, width)
    x = torch.rand(batch, width) * 2 - 1
    y = torch.rand(batch, width) * 2 - 1
    if how == "pipe":
        model = make_pipe(parts, microbatches)
    else:
        model = torch.nn.Sequential(*parts)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        if how == "pipe":
            pipe_step(model, optimizer, x, y)
        else:
            eager_step(model, optimizer, x, y, microbatches)

    tell_steps(step, steps, "torch " + torch.__version__)
    os._exit(0)  # the agent of rpc would wait for others


if __name__ == "__main__":
    main()

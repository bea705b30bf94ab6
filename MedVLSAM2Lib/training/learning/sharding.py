"""A language model whose layers are dealt out among processes: each holds a part of every layer's weights.

Fully sharded data parallelism (FSDP, Zhao et al. 2023, arXiv 2304.11277) by torch's ``fully_shard``, which is what Hugging
Face Accelerate prepares models with (FSDP version 2). It is called here directly, because Accelerate does so on GPUs only,
and because the parts of a checkpoint are called one by one and not through one forward.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh
    from torch.distributed.tensor import DTensor
    from transformers import PreTrainedModel


def deal_out(language: PreTrainedModel, mesh: DeviceMesh) -> None:
    """Deal the layers of ``language`` out among the processes of ``mesh``, in place; embeddings and head stay whole.

    Each layer's weights come together while it computes. Every process has to ask it as often as the others do.

    Raises:
        ValueError: the language model does not say which of its layers belong together.
    """
    # Imported when layers are dealt out: nothing else needs it.
    from torch.distributed.fsdp import fully_shard

    for layer in layers_of(language):
        fully_shard(layer, mesh=mesh, reshard_after_forward=True)


def layers_of(language: PreTrainedModel) -> list[nn.Module]:
    """The layers that are dealt out, which is nearly all of a large language model; ValueError where it names none."""
    kinds = set(language._no_split_modules or ())
    layers = [module for module in language.modules() if type(module).__name__ in kinds]
    if not layers:
        raise ValueError(f"A language model of the kind {type(language).__name__} cannot be dealt out among processes.")
    return layers


def is_part(value: object) -> TypeGuard[DTensor]:
    """Whether it is a tensor of which this process holds a part."""
    # To import it takes seconds, which nobody pays who has no such tensor.
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(value, module.DTensor)


def is_dealt_out(network: nn.Module) -> bool:
    """Whether any weight of it lies in parts in several processes."""
    return any(is_part(parameter) for parameter in network.parameters())


def own_part(tensor: Tensor) -> Tensor:
    """The part that this process holds; all of a tensor that is not dealt out."""
    return tensor.to_local() if is_part(tensor) else tensor


def whole_on_cpu(value: Any) -> Any:
    """The same with whole tensors that every machine can read; every process has to ask for it at once."""
    if is_part(value):
        return value.full_tensor().cpu()
    if isinstance(value, Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {name: whole_on_cpu(inner) for name, inner in value.items()}
    return [whole_on_cpu(inner) for inner in value] if isinstance(value, list) else value


def part_like(whole: Tensor, like: Tensor) -> Tensor:
    """A whole tensor, which every process has, dealt out as ``like`` is, and where that is."""
    if not is_part(like):
        return whole.to(like.device)
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(whole.to(like.device), like.device_mesh, like.placements)


@torch.no_grad()
def load_whole(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Load whole tensors, which every process has, into a network that may be dealt out."""
    if not is_dealt_out(network):
        network.load_state_dict(state)
        return
    own = network.state_dict()
    if own.keys() != state.keys():
        raise ValueError(
            f"The state is of another network: {', '.join(sorted(own.keys() ^ state.keys())[:3])} do not fit."
        )
    for name, tensor in own.items():
        own_part(tensor).copy_(own_part(part_like(state[name], tensor)))


def load_whole_optimiser(optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimiser's state of whole tensors, its parameters being dealt out or not."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    dealt = {
        number: {
            name: part_like(value, parameters[number]) if _is_shaped_as(value, parameters[number]) else value
            for name, value in known.items()
        }
        for number, known in state["state"].items()
    }
    optimiser.load_state_dict({**state, "state": dealt})


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], most: float) -> None:
    """Make the norm of all gradients together at most ``most``, wherever their parts lie."""
    learned = [parameter for parameter in parameters if parameter.grad is not None]
    gradients = [parameter.grad for parameter in learned if parameter.grad is not None]
    if not any(is_part(gradient) for gradient in gradients):
        torch.nn.utils.clip_grad_norm_(learned, most)
        return
    kinds = ([g for g in gradients if is_part(g)], [g for g in gradients if not is_part(g)])
    norms = [torch.nn.utils.get_total_norm(kind) for kind in kinds if kind]
    total = torch.stack([norm.full_tensor() if is_part(norm) else norm for norm in norms]).norm()
    # As torch does it: never enlarged, and never divided by nothing.
    scale = (most / (total + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        own_part(gradient).mul_(scale)


def _is_shaped_as(value: Any, parameter: Tensor) -> bool:
    return isinstance(value, Tensor) and value.shape == parameter.shape

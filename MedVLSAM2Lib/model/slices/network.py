"""SAM 2 over slices: encode, attend to what is remembered, decode a prompt, remember."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.model.slices.memory_attention import run_memory_attention
from MedVLSAM2Lib.model.slices.sam2_video import build_empty_sam2_video, build_sam2_video
from MedVLSAM2Lib.model.slices.tensors import ABSENT, SliceFeatures, SliceMasks, SliceMemory, SlicePrompt
from MedVLSAM2Lib.model.slices.trunk import position_embedding, run_trunk
from MedVLSAM2Lib.model.slices.weight_constants import WeightConstants

# The logits of a given mask, inside and outside.
_INSIDE, _OUTSIDE = 10.0, -10.0
_NOT_A_POINT = -1


class SliceNetwork(nn.Module):
    """transformers' ``Sam2VideoModel``, its parts called one by one with plain tensors between them.

    Every method can be differentiated, through memory too. Weights are those of ``sam``, in transformers' names.
    """

    def __init__(self, config: SliceConfig, empty: bool = False) -> None:
        """``empty``: without weights, which are loaded into ``sam`` next; ``fill_constants`` has to follow."""
        super().__init__()
        self.config = config
        # Typed loosely: what is used of it are its layers, which transformers leaves without annotations.
        self.sam: Any = build_empty_sam2_video(config) if empty else build_sam2_video(config)
        self._constants = WeightConstants()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.sam.no_memory_embedding.device
        return device

    @property
    def token_width(self) -> int:
        """The width of the seg tokens it takes; 0 if it takes none."""
        return self.config.token_width

    def forward(
        self, pixels: Tensor, points: Tensor, labels: Tensor, *, tokens: Tensor | None = None, replace: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Slices on their own, without memory.

        Args:
            pixels: as for ``encode``.
            points: as in ``SlicePrompt``.
            labels: as in ``SlicePrompt``.
            tokens: (B, N, token_width) seg tokens that say what to segment.
            replace: as in ``SlicePrompt``.

        Returns:
            Logits (B, M, 4 √T, 4 √T) and the network's own estimate of their IoU (B, M).
        """
        if tokens is not None and not self.token_width:
            raise ValueError("this network was made without a seg token; its config has token_width 0")
        features = self.encode(pixels)
        prompt = SlicePrompt(points, labels, tokens=tokens, replace=replace)
        masks = self.decode(features, self.without_memory(features), prompt)
        return masks.logits, masks.iou

    def encode(self, pixels: Tensor) -> SliceFeatures:
        """The features of slices (B, 3, S, S), normalised with ``PIXEL_MEAN`` and ``PIXEL_STD``."""
        encoder, decoder, size = self.sam.vision_encoder, self.sam.mask_decoder, self.config.image_size
        position = self._constants.get(
            "places of patches",
            encoder.backbone.pos_embed,
            lambda: position_embedding(encoder.backbone, size // 4),
        )
        finest, fine, top, deepest = run_trunk(encoder.backbone, pixels, position)
        laterals = encoder.neck.convs
        above = functional.interpolate(_pointwise(laterals[0], deepest).permute(0, 3, 1, 2), scale_factor=2.0)
        top = _pointwise(laterals[1], top) + above.permute(0, 2, 3, 1)
        return SliceFeatures(
            top.flatten(1, 2),
            _pointwise_twice(laterals[2], decoder.conv_s1, fine),
            _pointwise_twice(laterals[3], decoder.conv_s0, finest),
        )

    def attend(
        self,
        features: SliceFeatures,
        memories: Sequence[tuple[int, SliceMemory]],
        pointers: Sequence[tuple[int, Tensor]],
        farthest: int,
    ) -> Tensor:
        """The top features of a slice (B, T, C) after attending to what is remembered of others.

        Args:
            features: of the slice.
            memories: each with its age in slices: 1 for the neighbour, 0 for a prompted slice however far away.
            pointers: (B, C) each, with its distance in slices.
            farthest: the distance that counts as one.
        """
        sam, batch = self.sam, len(features)
        place = self._memory_position()
        positions = [place + sam.memory_temporal_positional_encoding[age - 1, 0] for age, _ in memories]
        remembered = [memory.features for _, memory in memories]
        tokens = 0
        if pointers:
            split, split_position = self._pointer_tokens(pointers, farthest)
            tokens = split.shape[1]
            remembered, positions = [*remembered, split], [*positions, split_position]
        return run_memory_attention(
            sam.memory_attention,
            features.top,
            self._top_position(),
            torch.cat([part.float() for part in remembered], dim=1),
            torch.cat(positions).expand(batch, -1, -1),
            tokens,
        )

    def without_memory(self, features: SliceFeatures) -> Tensor:
        """The top features (B, T, C) of a slice that nothing is remembered for."""
        top: Tensor = features.top + self.sam.no_memory_embedding
        return top

    def decode(
        self,
        features: SliceFeatures,
        top: Tensor,
        prompt: SlicePrompt,
        several: bool | None = None,
        is_there: Tensor | None = None,
    ) -> SliceMasks:
        """The masks a prompt asks for.

        Args:
            features: of the slices.
            top: their top features from ``attend`` or ``without_memory``.
            prompt: what is asked.
            several: three masks or one; by default three if there is at most one point, as in the original.
            is_there: (B,) bool, whether the object is on each slice, where that is known: in training, a wrong score must
                not take the masks' gradients away. By default as the network itself says.
        """
        sam, config = self.sam, self.sam.config
        if several is None:
            several = config.multimask_min_pt_num <= prompt.labels.shape[1] <= config.multimask_max_pt_num
        sparse, dense = self._embedded(prompt)
        logits, iou, tokens, score = sam.mask_decoder(
            image_embeddings=self._as_image(top),
            image_positional_embeddings=sam.get_image_wide_positional_embeddings().expand(len(features), -1, -1, -1),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
            high_resolution_features=[features.finest, features.fine],
        )
        is_there = score[:, 0] > 0 if is_there is None else is_there[:, None]
        logits = torch.where(is_there[..., None, None], logits[:, 0].float(), ABSENT)
        # For a single mask the token is the first mask's, even where another mask took its place: as in the original.
        pointer = self._pointer(tokens[:, 0], is_there[..., None])
        return SliceMasks(logits, iou[:, 0].float(), score[:, 0].float(), pointer)

    def accept(self, features: SliceFeatures, mask: Tensor) -> SliceMasks:
        """A given mask (B, 1, S, S), 0 or 1, as the answer on its slice."""
        logits = functional.interpolate(
            mask * (_INSIDE - _OUTSIDE) + _OUTSIDE,
            size=(self.config.logits_size,) * 2,
            mode="bilinear",
            align_corners=False,
            antialias=True,
        )
        nothing = SlicePrompt.nothing(len(features), self.device)
        asked = SlicePrompt(nothing.points, nothing.labels, self.sam.mask_downsample(mask))
        pointer = self.decode(features, features.top, asked, several=False).pointer
        is_there = mask.flatten(1).amax(dim=1, keepdim=True) > 0
        pointer = torch.where(is_there[..., None], pointer, self.sam.no_object_pointer)
        score = torch.where(is_there, _INSIDE, _OUTSIDE)
        return SliceMasks(logits, torch.ones_like(score), score, pointer)

    def remember(self, features: SliceFeatures, masks: SliceMasks, prompted: bool) -> SliceMemory:
        """The memory of slices with one mask each; ``prompted`` ones are remembered as their masks' hard edge."""
        config = self.sam.config
        size = (self.config.image_size,) * 2
        logits = functional.interpolate(masks.logits, size=size, mode="bilinear", align_corners=False)
        shown = (logits > 0).type_as(logits) if prompted else logits.sigmoid()
        shown = shown * config.sigmoid_scale_for_mem_enc + config.sigmoid_bias_for_mem_enc
        encoded, _ = self.sam.memory_encoder(self._as_image(features.top), shown)
        absent = (masks.score <= 0).type_as(encoded)[..., None, None]
        encoded = encoded + absent * self.sam.occlusion_spatial_embedding_parameter[..., None, None]
        return SliceMemory(encoded.flatten(2).transpose(1, 2).bfloat16(), masks.pointer[:, 0])

    def _embedded(self, prompt: SlicePrompt) -> tuple[Tensor, Tensor]:
        """Sparse (B, 1, N, C) and dense (B, C, √T, √T) prompt embeddings."""
        points, labels = prompt.points, prompt.labels
        if not points.shape[1]:
            points = points.new_zeros(points.shape[0], 1, 2)
            labels = labels.new_full((labels.shape[0], 1), _NOT_A_POINT)
        sparse, dense = self.sam.prompt_encoder(points[:, None], labels[:, None], None, prompt.mask)
        if prompt.tokens is not None:
            tokens = prompt.tokens[:, None].type_as(sparse)
            sparse = tokens if prompt.replace else torch.cat([sparse, tokens], dim=2)
        return sparse, dense

    def _pointer(self, tokens: Tensor, is_there: Tensor) -> Tensor:
        """Object pointers (B, M, C) from the decoder's mask tokens."""
        return torch.where(is_there, self.sam.object_pointer_proj(tokens).float(), self.sam.no_object_pointer)

    def _pointer_tokens(self, pointers: Sequence[tuple[int, Tensor]], farthest: int) -> tuple[Tensor, Tensor]:
        """Pointers as memory tokens (B, N × C / 64, 64) and their position embeddings (N × C / 64, 64)."""
        stacked = torch.stack([pointer for _, pointer in pointers], dim=1)
        width = self.sam.mem_dim
        distances = torch.tensor([distance for distance, _ in pointers], device=stacked.device) / farthest
        position = self.sam.temporal_positional_encoding_projection_layer(_sines(distances, stacked.shape[-1]))
        split = stacked.shape[-1] // width
        return stacked.unflatten(-1, (split, width)).flatten(1, 2), position.repeat_interleave(split, dim=0)

    def _as_image(self, top: Tensor) -> Tensor:
        """(B, T, C) → (B, C, √T, √T)."""
        return top.transpose(1, 2).unflatten(2, (self.config.grid,) * 2)

    def _top_position(self) -> Tensor:
        return self._places("places on the slice", self.sam.vision_encoder.neck.position_encoding)

    def _memory_position(self) -> Tensor:
        return self._places("places in memory", self.sam.memory_encoder.position_encoding)

    def _places(self, name: str, encoding: Any) -> Tensor:
        """The position embeddings of a slice's tokens: (T, channels)."""
        shape = torch.Size((1, 1, self.config.grid, self.config.grid))

        def make() -> Tensor:
            places: Tensor = encoding(shape, self.device, torch.float32)[0]
            return places.flatten(1).transpose(0, 1).contiguous()

        return self._constants.get(name, self.sam.no_memory_embedding, make)


def _pointwise(convolution: Any, tokens: Tensor) -> Tensor:
    """A 1 × 1 convolution of tokens (B, H, W, C)."""
    return functional.linear(tokens, convolution.weight.flatten(1), convolution.bias)


def _pointwise_twice(first: Any, second: Any, tokens: Tensor) -> Tensor:
    """Two 1 × 1 convolutions in a row are one: (B, H, W, C) → (B, C', H, W)."""
    weight = second.weight.flatten(1) @ first.weight.flatten(1)
    bias = second.weight.flatten(1) @ first.bias + second.bias
    return functional.linear(tokens, weight, bias).permute(0, 3, 1, 2)


def _sines(positions: Tensor, width: int) -> Tensor:
    """Sine embeddings (N, width) of positions (N,)."""
    half = width // 2
    frequency = 10000 ** (2 * (torch.arange(half, device=positions.device, dtype=torch.float32) // 2) / half)
    angles = positions[:, None] / frequency
    return torch.cat([angles.sin(), angles.cos()], dim=-1)

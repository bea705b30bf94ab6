"""The promptable 3D U-Net over one view of a volume."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from MedVLSAM2Lib.model.patches.config import PatchConfig

CHANNEL_NAMES = ("window 1", "window 2", "window 3", "positive", "negative", "box", "lasso", "earlier mask")
POSITIVE, NEGATIVE, BOX, LASSO, EARLIER = 3, 4, 5, 6, 7

# Views are between about 20 and 400 mm wide; the logarithm of the size over this one lies around zero.
REFERENCE_SIZE_MM = 80.0
LEAK = 0.01
SMALLEST_TOKEN = 1e-6

# What the quality head is told besides features: see `mask_statistics` and `PatchNetwork._circumstances`.
MASK_STATISTICS = 3
CIRCUMSTANCES = 4


class PatchNetwork(nn.Module):
    """Image, prompts and the earlier mask of a view in, the mask and an estimate of its Dice out.

    Space-to-depth by two puts all work at half of the view's resolution and below, where a CPU can afford it. The
    view's physical size modulates the features at each level: without it, the network invents an object of the usual
    fraction of the view.
    """

    def __init__(self, config: PatchConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.channels
        levels = range(1, len(widths))
        self.stem = nn.Sequential(
            nn.Conv3d(len(CHANNEL_NAMES) * 8, widths[0], 3, padding=1, bias=False),
            nn.InstanceNorm3d(widths[0], affine=True),
            nn.LeakyReLU(LEAK),
            ResidualBlock(widths[0], widths[0]),
        )
        self.down = nn.ModuleList(_level(widths[level - 1], widths[level], config.depths[level]) for level in levels)
        self.lateral = nn.ModuleList(nn.Conv3d(widths[level], widths[level - 1], 1) for level in reversed(levels))
        self.up = nn.ModuleList(ResidualBlock(2 * widths[level - 1], widths[level - 1]) for level in reversed(levels))
        self.mask_head = nn.Conv3d(widths[0], 8, 1)
        self.size_modulation = nn.ModuleList(SizeModulation(width) for width in widths)
        heard = widths if config.token_width else ()
        self.token_modulation = nn.ModuleList(TokenModulation(config.token_width, width) for width in heard)
        self.quality_head = QualityHead(widths[-1], widths[0])

    @property
    def token_width(self) -> int:
        """The width of the seg tokens it takes; 0 if it takes none."""
        return self.config.token_width

    def forward(self, channels: Tensor, size_mm: Tensor, tokens: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Segment one batch of views.

        Args:
            channels: (B, 8, P, P, P) in ``CHANNEL_NAMES`` order, each 0..1, space in (K, J, I) order.
            size_mm: (B, 3) edge lengths of the views (K, J, I) in millimetres.
            tokens: (B, N, d) seg tokens that say what to segment; their mean is heard. None, or zeros: the prompts
                alone say it.

        Returns:
            Logits (B, 1, P, P, P) float32, and the network's own estimate of its Dice (B,) float32, not clamped: the
            Dice of the whole object, so that a view that cuts the object off is worth less.
        """
        log_size = torch.log(size_mm.float() / REFERENCE_SIZE_MM)
        token = self._heard(tokens)
        features = [self._modulated(self.stem(space_to_depth(channels)), 0, log_size, token)]
        for level, down in enumerate(self.down, start=1):
            features.append(self._modulated(down(features[-1]), level, log_size, token))
        deepest = decoded = features.pop()
        for lateral, up in zip(self.lateral, self.up, strict=True):
            skip = features.pop()
            decoded = up(torch.cat([_resized(lateral(decoded), skip), skip], dim=1))
        logits = depth_to_space(self.mask_head(decoded)).float()
        return logits, self.quality_head(deepest, decoded, logits, self._circumstances(channels, log_size))

    def _heard(self, tokens: Tensor | None) -> Tensor | None:
        if tokens is None:
            return None
        if not self.token_width:
            raise ValueError("this network was made without a seg token; its config has token_width 0")
        return tokens.mean(dim=1)

    def _modulated(self, features: Tensor, level: int, log_size: Tensor, token: Tensor | None) -> Tensor:
        sized = self.size_modulation[level](features, log_size)
        return torch.as_tensor(sized if token is None else self.token_modulation[level](sized, token))

    @staticmethod
    def _circumstances(channels: Tensor, log_size: Tensor) -> Tensor:
        """(B, 4): the view's size, and whether there is an earlier mask to be made better."""
        has_earlier = (channels[:, EARLIER].amax((1, 2, 3)) > 0).float()
        return torch.cat([log_size, has_earlier[:, None]], dim=1)


class ResidualBlock(nn.Module):
    """Two 3³ convolutions with instance norm and a shortcut; the first may halve the resolution."""

    def __init__(self, width_in: int, width_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(width_in, width_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.InstanceNorm3d(width_out, affine=True)
        self.conv2 = nn.Conv3d(width_out, width_out, 3, padding=1, bias=False)
        self.norm2 = nn.InstanceNorm3d(width_out, affine=True)
        same = width_in == width_out and stride == 1
        self.shortcut: nn.Module = nn.Identity() if same else nn.Conv3d(width_in, width_out, 1, stride, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, D, H, W) in, (B, C', D / stride, H / stride, W / stride) out."""
        inner = functional.leaky_relu(self.norm1(self.conv1(features)), LEAK, inplace=True)
        return functional.leaky_relu(self.norm2(self.conv2(inner)) + self.shortcut(features), LEAK, inplace=True)


class SizeModulation(nn.Module):
    """Scale and shift of each feature, from the logarithm of the view's edge lengths; starts as the identity."""

    def __init__(self, width: int, hidden: int = 32) -> None:
        super().__init__()
        self.hidden = nn.Linear(3, hidden)
        self.out = nn.Linear(hidden, 2 * width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, features: Tensor, log_size: Tensor) -> Tensor:
        """(B, C, D, H, W) and (B, 3) in, (B, C, D, H, W) out."""
        scale, shift = self.out(functional.relu(self.hidden(log_size))).chunk(2, dim=1)
        return features * (1 + scale[:, :, None, None, None]) + shift[:, :, None, None, None]


class TokenModulation(nn.Module):
    """Scale and shift of each feature, from a seg token; starts as the identity.

    There is no bias, so that a zero token changes nothing: views with and without a phrase share a batch. Of a token only
    its direction counts (``token_direction``): however large a language model makes it, features stay within bounds.
    """

    def __init__(self, token_width: int, width: int, hidden: int = 128) -> None:
        super().__init__()
        self.hidden = nn.Linear(token_width, hidden, bias=False)
        self.out = nn.Linear(hidden, 2 * width, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, features: Tensor, token: Tensor) -> Tensor:
        """(B, C, D, H, W) and (B, d) in, (B, C, D, H, W) out."""
        scale, shift = self.out(functional.relu(self.hidden(token_direction(token)))).chunk(2, dim=1)
        return features * (1 + scale[:, :, None, None, None]) + shift[:, :, None, None, None]


class QualityHead(nn.Module):
    """How good the mask is: from the deepest features, the features inside the mask and the mask's own sharpness.

    Nothing flows back from here into the mask: the estimate must not learn to make masks that are easy to judge. What
    the encoder knows of the view may be shaped by it.
    """

    def __init__(self, width_deep: int, width_fine: int, hidden: int = 96) -> None:
        super().__init__()
        self.hidden = nn.Linear(width_deep + width_fine + MASK_STATISTICS + CIRCUMSTANCES, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, deepest: Tensor, finest: Tensor, logits: Tensor, circumstances: Tensor) -> Tensor:
        """(B, C, ...) deepest, (B, c, P/2, P/2, P/2) finest, (B, 1, P, P, P) logits, (B, 4) in, (B,) out."""
        # Weighted means of bfloat16 features lose their last digits, so all of this is in float32.
        with torch.autocast(logits.device.type, enabled=False):
            probability = logits.detach().float().sigmoid()
            weight = functional.avg_pool3d(probability, 2)
            weight = weight / (weight.sum((2, 3, 4), keepdim=True) + 1e-3)
            inside = (finest.detach().float() * weight).sum((2, 3, 4))
            overall = deepest.float().mean((2, 3, 4))
            hidden = self.hidden(torch.cat([overall, inside, mask_statistics(probability), circumstances], dim=1))
            return self.out(functional.relu(hidden))[:, 0]


def token_direction(tokens: Tensor) -> Tensor:
    """Seg tokens (..., d) with a root mean square of one; a zero token stays zero."""
    return tokens * torch.rsqrt(tokens.float().square().mean(-1, keepdim=True) + SMALLEST_TOKEN)


def mask_statistics(probability: Tensor) -> Tensor:
    """What a mask looks like, whatever it is of: (B, 1, P, P, P) in, (B, 3) out.

    The Dice to expect if the probabilities are true, the logarithm of the mask's share of the view, and its share of the
    view's six faces.
    """
    mask = (probability > 0.5).float()
    total = mask.sum((1, 2, 3, 4))
    expected = 2 * (probability * mask).sum((1, 2, 3, 4)) / (probability.sum((1, 2, 3, 4)) + total + 1e-3)
    share = torch.log((total + 1) / mask[0].numel()) / 5
    faces = [mask.select(axis, index).mean((1, 2, 3)) for axis in (2, 3, 4) for index in (0, -1)]
    return torch.stack([expected, share, torch.stack(faces).mean(0)], dim=1)


def space_to_depth(channels: Tensor) -> Tensor:
    """(B, C, D, H, W) to (B, 8 C, D/2, H/2, W/2): each 2³ block of cells becomes 8 channels in a row."""
    b, c, d, h, w = channels.shape
    blocks = channels.reshape(b, c, d // 2, 2, h // 2, 2, w // 2, 2)
    return blocks.permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(b, c * 8, d // 2, h // 2, w // 2)


def depth_to_space(features: Tensor) -> Tensor:
    """(B, 8 C, D, H, W) to (B, C, 2 D, 2 H, 2 W): the inverse of ``space_to_depth``."""
    b, c, d, h, w = features.shape
    blocks = features.reshape(b, c // 8, 2, 2, 2, d, h, w)
    return blocks.permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(b, c // 8, 2 * d, 2 * h, 2 * w)


def _level(width_in: int, width_out: int, depth: int) -> nn.Sequential:
    """One halving of the resolution and the blocks after it."""
    rest = (ResidualBlock(width_out, width_out) for _ in range(depth - 1))
    return nn.Sequential(ResidualBlock(width_in, width_out, stride=2), *rest)


def _resized(features: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(features, size=like.shape[2:], mode="trilinear", align_corners=False)

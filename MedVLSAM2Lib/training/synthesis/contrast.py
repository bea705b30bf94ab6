"""From image values to the three image channels: CT windows, or one window over a contrast of any kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.prompt_channels import window_channels

# Tissue borders lie between these values, so the random curve bends here.
CURVE_HU = np.array([-1024, -850, -300, -110, -40, 0, 35, 60, 100, 180, 350, 800, 2000], np.float32)
CT_NOISE_HU, WINDOW_NOISE = 45.0, 0.08


@dataclass(frozen=True)
class CurveShares:
    """How often a single window shows HU as they are, or rising in another way; else as wildly as tissues are in MR."""

    unchanged: float = 0.35
    rising: float = 0.35


# A label map's random image needs no other contrast: its structures are random already.
MADE_IMAGE_CURVES = CurveShares(0.75, 0.2)


class Contrast:
    """One way to show an image: chosen once per example, applied to each of its frames."""

    def __init__(
        self,
        rng: np.random.Generator,
        sample: np.ndarray,
        one_window: bool,
        config: PatchConfig,
        curves: CurveShares = CurveShares(),
    ) -> None:
        """``sample`` are values of the whole image, of which the single window's ends are percentiles."""
        self._rng, self._config, self._one_window = rng, config, one_window
        self._noise = float(rng.uniform(0.1, 1)) if rng.random() < 0.3 else 0.0
        self._blur = float(rng.uniform(0.4, 1.2)) if rng.random() < 0.2 else 0.0
        self._gain, self._offset = 1.0, 0.0
        if rng.random() < 0.3:
            self._gain, self._offset = float(rng.uniform(0.85, 1.15)), float(rng.normal() * 15)
        if one_window:
            self._curve = _random_curve(rng, curves)
            self._inverted = rng.random() < 0.15
            self._gamma = float(np.exp(rng.normal() * 0.25))
            shown = self._curved(sample.astype(np.float32))
            self._low, self._high = np.percentile(shown, [rng.uniform(0, 2), rng.uniform(98, 100)])

    def channels(self, values: np.ndarray) -> np.ndarray:
        """uint8 (3, side, side, side) of image values (side, side, side) in Hounsfield units."""
        shown = self._in_one_window(values) if self._one_window else self._in_ct_windows(values)
        return (np.clip(shown, 0, 1) * 255).astype(np.uint8)

    def _in_ct_windows(self, values: np.ndarray) -> np.ndarray:
        values = self._disturbed(values, CT_NOISE_HU)
        return window_channels(values * self._gain + self._offset, True, 0, 1, self._config)

    def _in_one_window(self, values: np.ndarray) -> np.ndarray:
        shown = window_channels(self._curved(values), False, self._low, self._high, self._config)[0]
        shown = self._disturbed(np.clip(shown, 0, 1) ** self._gamma, WINDOW_NOISE)
        return np.stack([1 - shown if self._inverted else shown] * len(self._config.ct_windows))

    def _disturbed(self, values: np.ndarray, most_noise: float) -> np.ndarray:
        if self._noise:
            noise = self._rng.standard_normal(values.shape, np.float32)
            values = values + noise * np.float32(self._noise * most_noise)
        return ndimage.gaussian_filter(values, self._blur) if self._blur else values

    def _curved(self, values: np.ndarray) -> np.ndarray:
        return np.interp(values, CURVE_HU, self._curve).astype(np.float32)


def _random_curve(rng: np.random.Generator, shares: CurveShares) -> np.ndarray:
    """Intensities at ``CURVE_HU``."""
    kind = rng.random()
    if kind < shares.unchanged:
        return CURVE_HU
    if kind < shares.unchanged + shares.rising:
        return np.cumsum(rng.gamma(0.6, 1.0, len(CURVE_HU))).astype(np.float32)
    wild = rng.uniform(0.1, 1.0, len(CURVE_HU)).astype(np.float32)
    # Air gives no signal in MR, and dense bone little.
    wild[:2] = 0
    wild[-2:] *= rng.uniform(0, 0.6)
    return wild

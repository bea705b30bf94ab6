"""A matrix makes a scan whose places can be found again, or is refused in one sentence."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from MedVLSAM2Lib.volume import Volume, VolumeError
from tests.fuzz.cases import a_result_or_one_sentence, cases

ARRAY = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
WILD = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 1e-300, 1e-160, 1e160, 1e300])
TAME = st.floats(-10, 10)


def a_matrix(values: list[float], is_affine: bool) -> np.ndarray:
    matrix = np.array(values).reshape(4, 4)
    if is_affine:
        matrix[3] = (0, 0, 0, 1)
    return matrix


MATRICES = st.builds(
    a_matrix, st.lists(WILD, min_size=16, max_size=16) | st.lists(TAME, min_size=16, max_size=16), st.booleans()
)


@cases(600)
@given(matrix=MATRICES)
def test_a_matrix_makes_a_scan_or_is_refused(matrix: np.ndarray) -> None:
    with np.errstate(all="ignore"), a_result_or_one_sentence(VolumeError):
        scan = Volume(ARRAY, matrix)
        canonical = scan.canonical()
        assert canonical.reorientation.flipped == (False, False, False)
        assert np.isfinite(scan.spacing_mm).all()
        assert 0 < scan.voxel_volume_mm3 < np.inf
        place = scan.ijk_to_ras_position((1.0, 2.0, 1.0))
        assert np.isfinite(scan.ras_to_ijk(place)).all()


@cases(300)
@given(
    shape=st.lists(st.integers(0, 4), min_size=0, max_size=5),
    dtype=st.sampled_from(["i1", "u2", "i8", "u8", "f2", "f4", "f8", "?", "c8", "U3", "M8[s]"]),
    value=st.sampled_from([0, 1, -1, np.inf, -np.inf, np.nan]),
)
def test_voxels_of_any_kind_make_a_scan_or_are_refused(shape: list[int], dtype: str, value: float) -> None:
    array = np.zeros(shape, dtype)
    if array.size and array.dtype.kind == "f":
        array.flat[0] = value
    with a_result_or_one_sentence(VolumeError):
        scan = Volume(array, np.eye(4))
        assert np.isfinite([scan.window.low, scan.window.high]).all()

"""Files and DICOM folders of any content make a scan, or are refused in one sentence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError, SegmentLook, write_segmentation
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VolumeError
from tests.fuzz.cases import TYPED, a_result_or_one_sentence, cases, mutated

pydicom = pytest.importorskip("pydicom")

ARRAY = np.arange(60, dtype=np.int16).reshape(3, 4, 5) - 30
ENDINGS = ("nii", "nii.gz", "nrrd", "mha")


def read(path: Path) -> None:
    with a_result_or_one_sentence(VolumeError):
        scan = read_volume(path)
        assert scan.array.ndim == 3
        assert np.isfinite(scan.ijk_to_ras).all()


@pytest.fixture(scope="module")
def the_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("files")
    for ending in ENDINGS:
        sitk.WriteImage(sitk.GetImageFromArray(ARRAY), str(folder / f"scan.{ending}"))
    return {ending: (folder / f"scan.{ending}").read_bytes() for ending in ENDINGS}


@cases(250)
@given(ending=st.sampled_from(ENDINGS), data=st.data())
def test_a_damaged_file_is_read_or_refused(
    ending: str, data: st.DataObject, the_files: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"scan.{ending}"
    path.write_bytes(data.draw(mutated(the_files[ending])))
    read(path)


@cases(150)
@given(content=st.binary(max_size=400), ending=st.sampled_from([*ENDINGS, "dcm", "png", "img", "hdr", "txt", "mhd"]))
def test_a_file_of_random_bytes_is_refused(content: bytes, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"random.{ending}"
    path.write_bytes(content)
    read(path)
    path.unlink()


@cases(150)
@given(
    lines=st.dictionaries(
        st.sampled_from(
            ["type", "dimension", "sizes", "space", "space directions", "space origin", "kinds", "encoding", "endian",
             "data file", "spacings", "byte skip", "line skip"]
        ),
        st.sampled_from(
            ["short", "float", "block", "3", "4", "17", "-1", "3 4 5", "0 0 0", "100000 100000 100000", "raw", "gzip",
             "ascii", "little", "left-posterior-superior", "(1,0,0) (0,1,0) (0,0,1)", "(nan,0,0) (0,1,0) (0,0,1)",
             "none (1,0,0) (0,1,0)", "(0,0,0)", "domain domain domain", "/etc/passwd", "scan.nrrd", "LIST", ""]
        ),
        max_size=9,
    )
)  # fmt: skip
def test_nrrd_headers_that_say_anything_are_read_or_refused(lines: dict[str, str], tmp_path: Path) -> None:
    good = {"type": "short", "dimension": "3", "sizes": "5 4 3", "encoding": "raw", "endian": "little"}
    header = "\n".join(["NRRD0004", *(f"{name}: {value}" for name, value in {**good, **lines}.items()), "", ""])
    (tmp_path / "scan.nrrd").write_bytes(header.encode() + ARRAY.tobytes())
    read(tmp_path / "scan.nrrd")


@cases(100)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    dtype=st.sampled_from(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]),
    is_vector=st.booleans(),
    ending=st.sampled_from(ENDINGS),
    value=st.sampled_from([0.0, 7.0, np.nan, np.inf]),
)
def test_images_of_any_shape_and_type_are_read_or_refused(
    shape: list[int], dtype: str, is_vector: bool, ending: str, value: float, tmp_path: Path
) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    array.flat[0] = value if array.dtype.kind == "f" else 0
    path = tmp_path / f"scan.{ending}"
    try:
        sitk.WriteImage(sitk.GetImageFromArray(array, isVector=is_vector and len(shape) > 2), str(path))
    except (RuntimeError, ValueError, NotImplementedError):
        return  # no such image can be made
    read(path)


@dataclass(frozen=True)
class Series:
    """A DICOM series with faults: which slices, what every slice says, and what single ones say instead."""

    slices: int = 4
    step: tuple[float, float, float] = (0.0, 0.0, 3.0)
    everywhere: dict[str, Any] = field(default_factory=dict)
    in_one: tuple[int, dict[str, Any]] = (0, {})
    dropped: frozenset[int] = frozenset()
    frames: int = 1
    is_colour: bool = False
    compressed: bool = False
    cut_off: int | None = None


FIELDS: dict[str, list[Any]] = {
    "ImagePositionPatient": [None, ["0", "0"], ["0", "0", "3"], ["1e300", "0", "0"], ["0", "0", "0"]],
    "ImageOrientationPatient": [None, ["1", "0", "0", "1", "0", "0"], ["0"] * 6, ["0", "1", "0", "0", "0", "1"]],
    "PixelSpacing": [None, ["0", "0"], ["-1", "1"], ["0.5", "2"], ["1e-9", "1"]],
    "SeriesInstanceUID": [None, "1.2.3.4", ""],
    "SOPInstanceUID": [None, "1.2.3"],
    "Rows": [None, 0, 3, 65535],
    "Columns": [None, 0, 65535],
    "BitsAllocated": [None, 1, 8, 32],
    "PixelRepresentation": [None, 0],
    "RescaleSlope": [None, "0", "1e30", "-1"],
    "Modality": [None, "MR", "PT", "SR", ""],
    "NumberOfFrames": ["2", "0", "-1", "99999"],
    "InstanceNumber": [None, "7"],
    "PhotometricInterpretation": [None, "MONOCHROME1", "PALETTE COLOR", "RGB"],
    "PixelData": [None, b"", b"\0\1"],
    "GantryDetectorTilt": ["17"],
    "PatientName": ["Doe^Jane"],
}
FAULTS = st.dictionaries(st.sampled_from(sorted(FIELDS)), st.integers(0, 4), max_size=2).map(
    lambda chosen: {name: FIELDS[name][number % len(FIELDS[name])] for name, number in chosen.items()}
)
SERIES = st.builds(
    Series,
    slices=st.integers(1, 4),
    step=st.sampled_from([(0.0, 0.0, 3.0), (0.0, 0.9, 3.0), (0.0, 0.0, 0.0), (0.0, 0.0, -2.0), (3.0, 0.0, 0.0)]),
    everywhere=FAULTS,
    in_one=st.tuples(st.integers(0, 3), FAULTS),
    dropped=st.frozensets(st.integers(0, 3), max_size=1),
    frames=st.sampled_from([1, 1, 1, 3]),
    is_colour=st.sampled_from([False, False, False, True]),
    compressed=st.booleans(),
    cut_off=st.sampled_from([None, None, None, 100, 300, 600]),
)


def write_series(series: Series, folder: Path) -> None:
    for k in range(series.slices):
        if k in series.dropped:
            continue
        image = a_slice(series, k)
        faults = {**series.everywhere, **(series.in_one[1] if k == series.in_one[0] else {})}
        for name, value in faults.items():
            if value is None:
                if name in image:
                    delattr(image, name)
            else:
                setattr(image, name, value)
        path = folder / f"{series.slices - k}.dcm"
        image.save_as(path, enforce_file_format=True)
        if series.cut_off is not None and k == series.in_one[0]:
            path.write_bytes(path.read_bytes()[: -series.cut_off])


def a_slice(series: Series, k: int) -> Any:
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.2.1125.1.{k + 1}"
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    image = pydicom.dataset.FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.826.0.1.3680043.2.1125.9", "1.2.826.0.1.3680043.2.1125.8"
    image.Modality, image.InstanceNumber, image.SliceThickness = "CT", k + 1, "3"
    image.PixelSpacing, image.ImageOrientationPatient = ["0.8", "0.7"], ["1", "0", "0", "0", "1", "0"]
    image.ImagePositionPatient = [f"{part * k:g}" for part in series.step]
    image.Rows, image.Columns = 4, 5
    image.RescaleIntercept, image.RescaleSlope = "0", "1"
    random = np.random.default_rng(k)
    if series.is_colour:
        image.SamplesPerPixel, image.PhotometricInterpretation, image.PlanarConfiguration = 3, "RGB", 0
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 8, 8, 7, 0
        pixels = random.integers(0, 255, (series.frames, 4, 5, 3)).astype("u1")
    else:
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
        pixels = random.integers(-1000, 1000, (series.frames, 4, 5)).astype("<i2")
    if series.frames > 1:
        image.NumberOfFrames = series.frames
    image.PixelData = pixels.tobytes()
    if series.compressed:
        syntax = pydicom.uid.RLELossless if series.is_colour else pydicom.uid.JPEGLSLossless
        image.compress(syntax, pixels if series.frames > 1 else pixels[0], generate_instance_uid=False)
    return image


@pytest.fixture
def a_folder(tmp_path: Path) -> Callable[[], Path]:
    def empty() -> Path:
        folder = tmp_path / "series"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    return empty


@cases(120)
@given(series=SERIES)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, about the faults
def test_a_dicom_folder_with_faults_is_read_or_refused(series: Series, a_folder: Callable[[], Path]) -> None:
    folder = a_folder()
    write_series(series, folder)
    read(folder)


@pytest.mark.parametrize("extra", ["mixed series", "a text file", "a link to itself", "an empty file"])
def test_what_else_lies_in_a_folder_changes_nothing(extra: str, a_folder: Callable[[], Path]) -> None:
    folder = a_folder()
    write_series(Series(), folder)
    other = folder / "other"
    if extra == "mixed series":
        other.mkdir()
        write_series(Series(2, everywhere={"SeriesInstanceUID": "1.2.3.4"}), other)
    elif extra == "a text file":
        other.write_text("Befund")
    elif extra == "an empty file":
        other.touch()
    else:
        other.symlink_to(folder)
    assert read_volume(folder).shape == (4, 4, 5)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/nowhere")], ids=["pipe", "broken link"])
def test_what_would_hide_slices_is_told(make: Callable[[Path], None], a_folder: Callable[[], Path]) -> None:
    folder = a_folder()
    write_series(Series(), folder)
    make(folder / "other")
    with pytest.raises(VolumeError, match="take it out of the folder"):
        read_volume(folder)


def test_compressed_tilted_and_single_slices_are_read(a_folder: Callable[[], Path]) -> None:
    tilted = Series(step=(0.0, 0.9, 3.0))
    for series, shape in [(Series(compressed=True), 4), (tilted, 4), (Series(1), 1), (Series(1, frames=3), 3)]:
        folder = a_folder()
        write_series(series, folder)
        assert read_volume(folder).shape == (shape, 4, 5)


@cases(150)
@given(name=TYPED)
def test_a_segment_of_any_name_is_written_whole(name: str, tmp_path: Path) -> None:
    volume = Volume(ARRAY, np.diag([-1.0, -1.0, 2.0, 1.0]), Modality.CT, "HU", "scan")
    mask = PackedMask.pack(ARRAY > 10)
    path = tmp_path / "x.seg.nrrd"
    with a_result_or_one_sentence(SegmentationFileError):
        write_segmentation(path, mask, volume, SegmentLook(name))
        image = sitk.ReadImage(str(path))
        assert np.array_equal(sitk.GetArrayFromImage(image) > 0, ARRAY > 10)
        assert image.GetMetaData("Segment0_LabelValue") == "1"
        assert image.GetMetaData("Segment0_ID") == "Segment_1"

"""What leaves as DICOM comes back the same: masks at their place, codes, numbers."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import starmap
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.files.atomic_write import write_atomically
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.report.drafting import draft_report, with_not_found
from MedVLSAM2Lib.report.exporters.dicom_report import make_structured_report
from MedVLSAM2Lib.report.exporters.dicom_segmentation import make_segmentation, read_segmentation
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.exporters.dicom_support import DicomExportError, to_bytes
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.report import DRAFT_MARK, ModelIdentity, Report
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox
from tests.report.conftest import Phantom, make_phantom, phantom_of
from tests.report.exporters.series import write_series
from tests.report.shapes import a_volume, positions, turned

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data" / "dicom"
SAGITTAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
AXIAL = np.diag([-1.0, -1.0, 1.0])
SMALL = (34, 26, 12)
GEOMETRIES = {
    "axial": a_volume((3.0, 3.0, 4.0), SMALL, AXIAL),
    "from the head down": a_volume((3.0, 3.0, 4.0), SMALL, np.diag([-1.0, -1.0, -1.0])),
    "sagittal": a_volume((3.0, 4.0, 4.0), (26, 12, 26), SAGITTAL),
    "oblique": a_volume((3.0, 3.0, 4.0), SMALL, turned(15, 10) @ AXIAL),
    "tilted gantry": a_volume((3.0, 3.0, 4.0), SMALL, AXIAL, shear=0.3),
}


@dataclass(frozen=True)
class Exported:
    """A phantom's report and the files it left as."""

    phantom: Phantom
    report: Report
    files: list[Path]
    segmentation: Path
    structured_report: Path


@pytest.fixture
def export(tmp_path: Path, the_abdomen: Template, a_model: ModelIdentity) -> Callable[[Phantom, list[Path]], Exported]:
    def run(phantom: Phantom, files: list[Path], model: ModelIdentity | None = a_model) -> Exported:
        report = draft_report(the_abdomen, phantom.segments.values(), model, "Flank pain.", {"Modality": "CT"})
        report = report.with_typed(SectionKey.IMPRESSION, "Zyste \\ größe: см.")
        report = with_not_found(report, the_abdomen, ["spleen", "liver"])
        series = SourceSeries.read(files)
        segmentation = make_segmentation(report, phantom.volume, phantom.masks, series)
        structured = make_structured_report(report, the_abdomen, segmentation, series)
        exported = Exported(phantom, report, files, tmp_path / "out.seg.dcm", tmp_path / "out.sr.dcm")
        write_atomically(exported.segmentation, to_bytes(segmentation))
        write_atomically(exported.structured_report, to_bytes(structured))
        return exported

    return run


@pytest.fixture
def an_export(export: Callable[..., Exported], tmp_path: Path) -> Exported:
    phantom, files = _scan(tmp_path, GEOMETRIES["axial"])
    return export(phantom, files)


def _scan(tmp_path: Path, volume: Volume) -> tuple[Phantom, list[Path]]:
    """A series on disk and the phantom in the volume that is read from it."""
    files = write_series(tmp_path / "series", make_phantom(volume).volume)
    return make_phantom(read_volume(tmp_path / "series")), files


def _places(dataset: pydicom.Dataset) -> dict[int, set[tuple[float, ...]]]:
    """Where each segment's pixels lie (LPS mm), by the formula of DICOM PS3.3 C.7.6.2.1.1, one pixel at a time."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    found: dict[int, set[tuple[float, ...]]] = {}
    for group, frame in zip(dataset.PerFrameFunctionalGroupsSequence, dataset.pixel_array, strict=True):
        number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        x, y = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
        between_rows, between_columns = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
        for row, column in np.argwhere(frame):
            place = position + x * between_columns * column + y * between_rows * row
            found.setdefault(int(number), set()).add(tuple(np.round(place, 2) + 0.0))
    return found


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("turn", ["as read", "canonical", "turned about"])
def test_masks_lie_where_they_were_drawn_whatever_way_series_and_volume_run(
    the_abdomen: Template, tmp_path: Path, name: str, turn: str
) -> None:
    phantom, files = _scan(tmp_path, GEOMETRIES[name])
    if turn != "as read":
        volume = phantom.volume.canonical()
        if turn == "turned about":
            array = np.flip(volume.array, (0, 2)).transpose(1, 2, 0)
            ends = np.eye(4)[:, [1, 0, 2, 3]][:, [2, 0, 1, 3]]
            corner = np.array([volume.shape[2] - 1, 0, volume.shape[0] - 1, 1])
            columns = np.array([[0, -1, 0], [0, 0, 1], [-1, 0, 0]], float)
            ends[:3, :3], ends[:, 3] = columns, corner
            volume = Volume(array, volume.ijk_to_ras @ ends, volume.modality, volume.units)
        phantom = make_phantom(volume)
    report = draft_report(the_abdomen, phantom.segments.values())
    segmentation = make_segmentation(report, phantom.volume, phantom.masks, SourceSeries.read(files))
    path = tmp_path / "out.seg.dcm"
    write_atomically(path, to_bytes(segmentation))
    places = _places(pydicom.dcmread(path))
    for number, mask in enumerate(phantom.masks.values(), 1):
        ras = positions(phantom.volume)[mask.unpack(VoxelBox.of_shape(phantom.volume.shape))]
        assert places[number] == {tuple(place) for place in np.round(ras * (-1, -1, 1), 2) + 0.0}
    read = read_segmentation(path, phantom.volume)
    assert [one.mask for one in read] == [mask.trimmed() for mask in phantom.masks.values()]


def test_segments_keep_their_names_codes_and_colours_and_overlap(an_export: Exported) -> None:
    read = read_segmentation(an_export.segmentation, an_export.phantom.volume)
    segments = list(an_export.report.segments.values())
    assert [one.label for one in read] == ["liver", "left kidney", "renal cyst"]
    assert [one.code for one in read] == [segment.code for segment in segments]
    kidney, cyst = (read[n].mask.unpack(VoxelBox.of_shape(an_export.phantom.volume.shape)) for n in (1, 2))
    assert (kidney & cyst).any()
    item = highdicom.seg.segread(an_export.segmentation).get_segment_description(1)
    lab = highdicom.color.CIELabColor.from_dicom_value(item.RecommendedDisplayCIELabValue)
    assert np.allclose(np.array(lab.to_rgb()) / 255, segments[0].colour, atol=0.02)


def test_both_objects_say_draft_which_model_and_that_nobody_signed(an_export: Exported) -> None:
    seg, sr = pydicom.dcmread(an_export.segmentation), pydicom.dcmread(an_export.structured_report)
    for dataset in (seg, sr):
        assert dataset.SeriesDescription == "DRAFT, not for clinical use, unsigned"
        assert dataset.SoftwareVersions == __version__
        assert dataset.PatientID == "J-1961"
    algorithm = seg.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("MedVLSAM2 interactive", "0.1.0")
    assert algorithm.AlgorithmParameters == f"checkpoint_sha256={'ab' * 32}"
    assert seg.ContentCreatorName == "UNSIGNED^DRAFT"
    assert seg.ContentDescription == "DRAFT, not for clinical use, unsigned"
    assert (sr.CompletionFlag, sr.PreliminaryFlag, sr.VerificationFlag) == ("PARTIAL", "PRELIMINARY", "UNVERIFIED")
    assert not sr.get("VerifyingObserverSequence")
    assert DRAFT_MARK in _texts(sr)


def test_the_structured_report_holds_the_numbers_with_their_codes_and_points_at_the_segments(
    an_export: Exported,
) -> None:
    seg, sr = pydicom.dcmread(an_export.segmentation), highdicom.sr.srread(an_export.structured_report)
    groups = sr.content.get_volumetric_roi_measurement_groups()
    assert len(groups) == 3
    for number, (group, segment) in enumerate(zip(groups, an_export.report.segments.values(), strict=True), 1):
        reference = group.referenced_segment
        assert reference.referenced_sop_instance_uid == seg.SOPInstanceUID
        assert reference.referenced_segment_numbers == [number]
        assert group.tracking_uid == seg.SegmentSequence[number - 1].TrackingUID
        assert group.finding_type.value == segment.code.type.value
        found = [
            (one.name.value, one.value, one.unit.value, one.derivation.value if one.derivation else None)
            for one in group.get_measurements()
        ]
        expected = [
            (d.concept.value, one.value, d.unit.value, d.derivation.value if d.derivation else None)
            for one in segment.measurements.measurements.values()
            for d in [one.definition]
        ]
        assert found == expected
        (side,) = [one for one in group.get_qualitative_evaluations() if one.name.value == "272741003"]
        assert segment.measurements.side is not None
        assert side.value.value == segment.measurements.side.side.code.value
    (observer,) = sr.content.get_observer_contexts(observer_type=pydicom.sr.codedict.codes.DCM.Person)
    assert observer.observer_identifying_attributes.name == "UNSIGNED^DRAFT"


def test_the_diameter_points_at_the_image_it_was_measured_on(an_export: Exported) -> None:
    sr = highdicom.sr.srread(an_export.structured_report)
    group = sr.content.get_volumetric_roi_measurement_groups()[0]
    (longest,) = [one for one in group.get_measurements() if one.name.value == "103339001"]
    (image,) = longest.referenced_images
    (source,) = [
        dataset
        for dataset in map(pydicom.dcmread, an_export.files)
        if dataset.SOPInstanceUID == image.referenced_sop_instance_uid
    ]
    place = an_export.report.segments["Segment_1"].measurements.place
    assert place is not None
    assert float(source.ImagePositionPatient[2]) == pytest.approx(place.ras[2])


def test_sentences_stand_in_their_segment_s_group_or_under_the_root(an_export: Exported) -> None:
    sr = pydicom.dcmread(an_export.structured_report)
    texts = _texts(sr)
    report = an_export.report
    assert {report.text_of(one).replace("\\", "/") for one in report.standing()} <= set(texts)
    assert "Zyste / größe: см." in texts


def test_what_was_looked_for_and_not_found_is_told_under_the_root(an_export: Exported) -> None:
    (told,) = [text for text in _texts(pydicom.dcmread(an_export.structured_report)) if "Not found" in text]
    assert told.endswith(": Not found: spleen.")


def test_struck_sentences_and_deleted_segments_are_not_exported(
    an_export: Exported, the_abdomen: Template, tmp_path: Path
) -> None:
    report = an_export.report.without_segment("Segment_3")
    series = SourceSeries.read(an_export.files)
    segmentation = make_segmentation(report, an_export.phantom.volume, an_export.phantom.masks, series)
    structured = make_structured_report(report, the_abdomen, segmentation, series)
    assert [item.SegmentLabel for item in segmentation.SegmentSequence] == ["liver", "left kidney"]
    assert not any("cyst" in text for text in _texts(structured))


def test_a_report_of_a_single_segment_is_exported(an_export: Exported, the_abdomen: Template, tmp_path: Path) -> None:
    report = an_export.report.without_segment("Segment_2").without_segment("Segment_3")
    series = SourceSeries.read(an_export.files)
    segmentation = make_segmentation(report, an_export.phantom.volume, an_export.phantom.masks, series)
    structured = make_structured_report(report, the_abdomen, segmentation, series)
    write_atomically(tmp_path / "one.dcm", to_bytes(segmentation))
    (liver,) = read_segmentation(tmp_path / "one.dcm", an_export.phantom.volume)
    assert liver.mask.trimmed() == an_export.phantom.masks["Segment_1"].trimmed()
    assert any("Liver" in text for text in _texts(structured))


def test_masks_drawn_by_hand_alone_are_manual(export: Callable[..., Exported], tmp_path: Path) -> None:
    phantom, files = _scan(tmp_path, GEOMETRIES["axial"])
    seg = pydicom.dcmread(export(phantom, files, None).segmentation)
    assert {item.SegmentAlgorithmType for item in seg.SegmentSequence} == {"MANUAL"}


def test_a_multi_frame_series_is_referenced_by_frame(
    an_export: Exported, the_abdomen: Template, tmp_path: Path
) -> None:
    singles = [pydicom.dcmread(path) for path in an_export.files]
    singles.sort(key=lambda one: float(one.ImagePositionPatient[2]))
    for single in singles:
        single.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    enhanced = highdicom.legacy.LegacyConvertedEnhancedCTImage(
        singles, pydicom.uid.generate_uid(), 1, pydicom.uid.generate_uid(), 1
    )
    series = SourceSeries.read([enhanced])
    assert series.is_multi_frame
    segmentation = make_segmentation(an_export.report, an_export.phantom.volume, an_export.phantom.masks, series)
    write_atomically(tmp_path / "multi.dcm", to_bytes(segmentation))
    read = read_segmentation(tmp_path / "multi.dcm", an_export.phantom.volume)
    assert [one.mask for one in read] == [mask.trimmed() for mask in an_export.phantom.masks.values()]
    structured = make_structured_report(an_export.report, the_abdomen, segmentation, series)
    write_atomically(tmp_path / "multi.sr.dcm", to_bytes(structured))
    group = highdicom.sr.srread(tmp_path / "multi.sr.dcm").content.get_volumetric_roi_measurement_groups()[0]
    (longest,) = [one for one in group.get_measurements() if one.name.value == "103339001"]
    assert longest.referenced_images[0].referenced_sop_instance_uid == enhanced.SOPInstanceUID


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian's dicom3tools) is not installed")
@pytest.mark.parametrize("name", ["axial", "oblique", "tilted gantry"])
def test_dciodvfy_finds_no_error(export: Callable[..., Exported], tmp_path: Path, name: str) -> None:
    phantom, files = _scan(tmp_path, GEOMETRIES[name])
    exported = export(phantom, files)
    for path in (exported.segmentation, exported.structured_report):
        run = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        lines = (run.stdout + run.stderr).splitlines()
        assert not [line for line in lines if line.startswith("Error")]
        # The private scheme of measurement methods is declared, but no tool's list can know it.
        unknown = [line for line in lines if line.startswith("Warning") and "99MVS2" not in line]
        assert not unknown


def test_without_a_series_the_other_formats_are_named() -> None:
    with pytest.raises(DicomExportError, match="did not come from a DICOM series; export the report as a page"):
        SourceSeries.read([])


def test_a_series_of_another_scan_is_told(an_export: Exported, tmp_path: Path) -> None:
    series = SourceSeries.read(write_series(tmp_path / "other", GEOMETRIES["oblique"]))
    with pytest.raises(DicomExportError, match="no slices of"):
        make_segmentation(an_export.report, an_export.phantom.volume, an_export.phantom.masks, series)


def test_a_missing_slice_is_told(an_export: Exported) -> None:
    series = SourceSeries.read(an_export.files)
    middle = len(series.planes) // 2
    gap = SourceSeries(
        series.datasets[:middle] + series.datasets[middle + 1 :], series.planes[:middle] + series.planes[middle + 1 :]
    )
    with pytest.raises(DicomExportError, match="not in the DICOM series, or twice"):
        make_segmentation(an_export.report, an_export.phantom.volume, an_export.phantom.masks, gap)


def test_files_of_two_series_no_dicom_and_no_place_are_told(an_export: Exported, tmp_path: Path) -> None:
    other = write_series(tmp_path / "other", GEOMETRIES["axial"])
    with pytest.raises(DicomExportError, match="several series"):
        SourceSeries.read([*an_export.files, other[0]])
    (tmp_path / "text.dcm").write_text("no")
    with pytest.raises(DicomExportError, match="cannot be read as DICOM"):
        SourceSeries.read([tmp_path / "text.dcm"])
    image = pydicom.dcmread(an_export.files[0])
    del image.ImagePositionPatient
    with pytest.raises(DicomExportError, match="does not say where its images lie"):
        SourceSeries.read([image])
    del image.FrameOfReferenceUID
    with pytest.raises(DicomExportError, match="no FrameOfReferenceUID"):
        SourceSeries.read([image])


def test_headers_that_lack_what_a_patient_is_called_by_are_enough_or_told(
    an_export: Exported, the_abdomen: Template
) -> None:
    bare = []
    for path in an_export.files:
        image = pydicom.dcmread(path)
        for name in ("PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate"):
            delattr(image, name)
        bare.append(image)
    series = SourceSeries.read(bare)
    segmentation = make_segmentation(an_export.report, an_export.phantom.volume, an_export.phantom.masks, series)
    make_structured_report(an_export.report, the_abdomen, segmentation, series)


def test_nothing_to_export_is_told(an_export: Exported) -> None:
    series = SourceSeries.read(an_export.files)
    with pytest.raises(DicomExportError, match="no segment to export"):
        make_segmentation(replace(an_export.report, segments={}), an_export.phantom.volume, {}, series)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared scans are not here")
def test_a_clinical_series_comes_back_whole(export: Callable[..., Exported], tmp_path: Path) -> None:
    with zipfile.ZipFile(SHARED / "crlm_1004_dicom.zip") as archive:
        archive.extractall(tmp_path / "crlm")
    volume = read_volume(tmp_path / "crlm")
    boxes = (((10, 200, 100), (30, 330, 250)), ((12, 250, 330), (26, 320, 390)), ((18, 260, 340), (22, 290, 370)))
    masks = {
        f"Segment_{n}": PackedMask.pack(np.ones(box.shape, bool), box)
        for n, box in enumerate(starmap(VoxelBox, boxes), 1)
    }
    phantom = phantom_of(volume, masks)
    exported = export(phantom, sorted((tmp_path / "crlm").rglob("*.dcm")))
    read = read_segmentation(exported.segmentation, volume)
    assert [one.mask for one in read] == [mask.trimmed() for mask in phantom.masks.values()]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared scans are not here")
@pytest.mark.parametrize(
    ("name", "counterparts"),
    [
        ("liver.dcm", ["liver_seg.nrrd"]),
        ("24x38x3/seg/label.seg", ["24x38x3/nrrd/label.nrrd"]),
        ("partial_overlaps.dcm", [f"partial_overlaps-{n}.nrrd" for n in (1, 2, 3)]),
        ("sparse-labelmap-noppv.dcm", ["sparse_labelmap_noppv_seg.nrrd"]),
    ],
)
def test_segmentations_of_others_are_read(name: str, counterparts: list[str]) -> None:
    folder = SHARED / "dcmqi_segmentations"
    volumes = [read_volume(folder / counterpart) for counterpart in counterparts]
    expected = {int(value): volume.array == value for volume in volumes for value in np.unique(volume.array) if value}
    read = read_segmentation(folder / name, volumes[0])
    assert [one.number for one in read] == sorted(expected)
    for one in read:
        assert np.array_equal(one.mask.unpack(VoxelBox.of_shape(volumes[0].shape)), expected[one.number])


def _texts(dataset: pydicom.Dataset) -> list[str]:
    return [str(element.value) for element in dataset.iterall() if element.keyword == "TextValue"]

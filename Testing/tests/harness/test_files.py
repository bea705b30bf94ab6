"""Files come into the scene and go out of it with every voxel where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK
import slicer
import vtk

if TYPE_CHECKING:
    from pathlib import Path

    from harness.offscreen_slicer import OffscreenSlicer

_STRAIGHT = np.eye(3)
_FLIPPED = np.diag([-1.0, -1.0, 1.0])
_LEFT_HANDED = np.diag([1.0, 1.0, -1.0])
_SWAPPED = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_OBLIQUE = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
_SHEARED = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.0], [0.0, 0.0, 0.8]])


def _an_image(direction: np.ndarray) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4))
    image.SetSpacing((1.5, 2.0, 5.0))
    image.SetOrigin((-10.0, 20.0, 30.0))
    image.SetDirection(direction.ravel().tolist())
    return image


@pytest.mark.parametrize("ending", ["nii.gz", "nrrd", "mha"])
@pytest.mark.parametrize(
    "direction",
    [_STRAIGHT, _FLIPPED, _LEFT_HANDED, _SWAPPED, _OBLIQUE],
    ids=["straight", "flipped", "left-handed", "swapped", "oblique"],
)
def test_a_volume_lands_where_its_file_puts_it(
    a_slicer: OffscreenSlicer, tmp_path: Path, direction: np.ndarray, ending: str
) -> None:
    _assert_lands_right(a_slicer, tmp_path / f"scan.{ending}", direction)


@pytest.mark.parametrize("ending", ["nrrd", "mha"])
def test_a_sheared_volume_keeps_its_shear(a_slicer: OffscreenSlicer, tmp_path: Path, ending: str) -> None:
    _assert_lands_right(a_slicer, tmp_path / f"scan.{ending}", _SHEARED)


def _assert_lands_right(a_slicer: OffscreenSlicer, path: Path, direction: np.ndarray) -> None:
    image = _an_image(direction)
    SimpleITK.WriteImage(image, str(path))
    volume = a_slicer.load_volume(path)
    corner_lps = image.TransformIndexToPhysicalPoint((3, 2, 1))
    ijk_to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijk_to_ras)
    corner_ras = (-corner_lps[0], -corner_lps[1], corner_lps[2])
    assert ijk_to_ras.MultiplyPoint((3, 2, 1, 1))[:3] == pytest.approx(corner_ras, abs=1e-4)
    assert slicer.util.arrayFromVolume(volume)[1, 2, 3] == 23
    assert volume.GetName() == "scan"


def test_a_dicom_folder_is_a_volume(a_slicer: OffscreenSlicer, tmp_path: Path) -> None:
    image = _an_image(_STRAIGHT)
    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for index in range(2):
        slice_image = image[:, :, index]
        x, y, z = image.TransformIndexToPhysicalPoint((0, 0, index))
        for tag, value in {
            "0008|0060": "CT",
            "0020|000e": "1.2.826.0.1.3680043.2.1125.1",
            "0020|0013": str(index),
            "0020|0032": f"{x}\\{y}\\{z}",
            "0020|0037": "1\\0\\0\\0\\1\\0",
        }.items():
            slice_image.SetMetaData(tag, value)
        writer.SetFileName(str(tmp_path / f"{index}.dcm"))
        writer.Execute(slice_image)
    volume = a_slicer.load_volume(tmp_path, "Chest")
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(volume), SimpleITK.GetArrayFromImage(image))
    assert volume.GetOrigin() == pytest.approx((10.0, -20.0, 30.0))
    assert volume.GetSpacing() == pytest.approx((1.5, 2.0, 5.0))


def test_slicer_util_loads_a_volume(a_slicer: OffscreenSlicer, tmp_path: Path) -> None:
    SimpleITK.WriteImage(_an_image(_OBLIQUE), str(tmp_path / "scan.nrrd"))
    assert slicer.util.loadVolume(str(tmp_path / "scan.nrrd"), {}).GetName() == "scan"


def test_a_missing_file_is_an_error_as_in_slicer(a_slicer: OffscreenSlicer, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="does not exist"):
        slicer.util.loadVolume(str(tmp_path / "gone.nrrd"), {})


@pytest.mark.parametrize("node_class", ["vtkMRMLMarkupsROINode", "vtkMRMLMarkupsFiducialNode"])
def test_markups_come_back_as_what_they_were(a_slicer: OffscreenSlicer, tmp_path: Path, node_class: str) -> None:
    node = a_slicer.scene.AddNewNodeByClass(node_class, "Prompt")
    node.AddControlPoint(1.0, 2.0, 3.0)
    assert slicer.util.saveNode(node, str(tmp_path / "prompt.mrk.json"), {})
    restored = slicer.util.loadMarkups(str(tmp_path / "prompt.mrk.json"))
    assert restored.GetClassName() == node_class
    assert restored.GetNthControlPointPosition(0) == pytest.approx((1.0, 2.0, 3.0))


def test_a_scene_comes_back_from_its_bundle(a_slicer: OffscreenSlicer, a_ct: Any, tmp_path: Path) -> None:
    voxels = slicer.util.arrayFromVolume(a_ct).copy()
    segmentation = _a_segmentation(a_slicer, a_ct)
    segmentation.SetAttribute("MedVLSAM2.Test", "kept")
    a_slicer.save_scene(tmp_path / "case.mrb")
    a_slicer.load_scene(tmp_path / "case.mrb")
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(slicer.util.getNode("CT")), voxels)
    restored = slicer.util.getNode("Organs")
    assert restored.GetAttribute("MedVLSAM2.Test") == "kept"
    assert slicer.util.arrayFromSegmentBinaryLabelmap(restored, "liver", slicer.util.getNode("CT")).sum() == 1000


def test_a_segmentation_comes_back_from_its_file(a_slicer: OffscreenSlicer, a_ct: Any, tmp_path: Path) -> None:
    a_slicer.save_segmentation(_a_segmentation(a_slicer, a_ct), tmp_path / "organs.seg.nrrd")
    restored = slicer.util.loadSegmentation(str(tmp_path / "organs.seg.nrrd"), {})
    assert slicer.util.arrayFromSegmentBinaryLabelmap(restored, "liver", a_ct).sum() == 1000


def test_the_terminologies_are_loaded(a_slicer: OffscreenSlicer) -> None:
    terminologies = slicer.modules.terminologies.logic()
    entry = slicer.vtkSlicerTerminologyEntry()
    context = "Segmentation category and type - 3D Slicer General Anatomy list"
    assert terminologies.FindTypeInTerminologyBy3dSlicerLabel(context, "liver", entry)
    assert entry.GetTypeObject().GetCodeMeaning().lower() == "liver"


def _a_segmentation(a_slicer: OffscreenSlicer, a_ct: Any) -> Any:
    segmentation = a_slicer.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(a_ct)
    segment = segmentation.GetSegmentation().AddEmptySegment("liver", "liver", (0.8, 0.3, 0.2))
    mask = (slicer.util.arrayFromVolume(a_ct) == 300).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, segment, a_ct)
    return segmentation

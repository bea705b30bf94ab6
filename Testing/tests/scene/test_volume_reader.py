"""Volumes out of the scene, and what is not one."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.volume_reader import read_volume
from MedVLSAM2Lib.volume import Modality, VolumeError
from MedVLSAM2Lib.volume.hounsfield import looks_like_hounsfield_units

from .conftest import SHAPE, under_linear_transform, vtk_matrix


def node_of(array, name="scan"):
    return slicer.util.addVolumeFromArray(array, name=name)


def mr_like(shape=(8, 9, 10)):
    return np.random.default_rng(0).integers(0, 900, shape).astype(np.int16)


def ct_like(shape=(8, 9, 10)):
    array = np.random.default_rng(0).integers(-1000, 400, shape).astype(np.int16)
    array[0] = -1000
    return array


def test_the_array_is_the_nodes_own_memory(a_ct):
    volume = read_volume(a_ct)
    assert volume.shape == SHAPE
    assert volume.name == "CT"
    assert np.shares_memory(volume.array, slicer.util.arrayFromVolume(a_ct))
    with pytest.raises(ValueError, match="read-only"):
        volume.array[0, 0, 0] = 1
    slicer.util.arrayFromVolume(a_ct)[0, 0, 0] = 7
    assert volume.array[0, 0, 0] == 7


def test_the_matrix_is_the_nodes_own_without_its_transforms(a_slicer, a_ct):
    under_linear_transform(a_slicer.scene, a_ct)
    volume = read_volume(a_ct)
    assert np.array_equal(volume.ijk_to_ras, [[-2, 0, 0, 60], [0, -2, 0, 50], [0, 0, 3, -60], [0, 0, 0, 1]])


class TestModality:
    def test_voxels_that_can_only_be_hounsfield_units_are_ct(self, a_slicer):
        volume = read_volume(node_of(ct_like()))
        assert (volume.modality, volume.units) == (Modality.CT, "HU")

    @pytest.mark.parametrize(
        "array",
        [mr_like(), ct_like() + 1024, ct_like() / 3.7, np.full((4, 4, 4), -1000)],
        ids=["from zero up", "shifted", "no whole numbers", "nothing but air"],
    )
    def test_others_are_not(self, array):
        assert not looks_like_hounsfield_units(array)

    @pytest.mark.parametrize(
        ("name", "modality"),
        [
            ("patient_T1w", Modality.MR),
            ("FLAIR", Modality.MR),
            ("brain MRI 3", Modality.MR),
            ("SUV", Modality.PET),
            ("PET of chest", Modality.PET),
            ("ct_chest", Modality.UNKNOWN),  # these voxels are no Hounsfield units, whatever the name says
            ("PET-CT", Modality.UNKNOWN),
            ("structured", Modality.UNKNOWN),
        ],
    )
    def test_the_name_is_read_by_words(self, a_slicer, name, modality):
        assert read_volume(node_of(mr_like(), name)).modality is modality

    def test_dicom_knows_better_than_the_voxels(self, a_slicer):
        node = node_of(ct_like())
        node.SetAttribute("DICOM.Modality", "MR")
        assert read_volume(node).modality is Modality.MR

    def test_the_series_in_the_subject_hierarchy_is_asked(self, a_slicer):
        node = node_of(mr_like())
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_slicer.scene)
        item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
        hierarchy.SetItemAttribute(item, "DICOM.Modality", "PT")
        assert read_volume(node).modality is Modality.PET

    def test_quantity_and_units_come_first(self, a_slicer):
        node = node_of(mr_like())
        node.SetAttribute("DICOM.Modality", "MR")
        units = slicer.vtkCodedEntry()
        units.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
        node.SetVoxelValueUnits(units)
        assert read_volume(node).modality is Modality.CT


class TestBadInput:
    def refused(self, node, words, error=SceneError):
        with pytest.raises(error, match=words) as caught:
            read_volume(node)
        assert str(caught.value).count("\n") == 0

    def test_no_volume(self):
        self.refused(None, "no volume")

    def test_a_deleted_one(self, a_slicer, a_ct):
        a_slicer.scene.RemoveNode(a_ct)
        self.refused(a_ct, "deleted")

    def test_one_without_voxels(self, a_slicer):
        self.refused(a_slicer.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "new"), "new has no voxels")

    def test_a_label_map(self, a_slicer):
        self.refused(a_slicer.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels"), "label map")

    def test_a_colour_volume(self, a_slicer):
        node = a_slicer.scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "photo")
        slicer.util.updateVolumeFromArray(node, np.zeros((4, 5, 6, 3), np.uint8))
        self.refused(node, "photo")

    def test_a_tensor_volume(self, a_slicer):
        self.refused(a_slicer.scene.AddNewNodeByClass("vtkMRMLDiffusionTensorVolumeNode", "dti"), "no scalar volume")

    def test_a_sequence_of_time_points(self, a_slicer):
        self.refused(a_slicer.scene.AddNewNodeByClass("vtkMRMLSequenceNode", "perfusion"), "several time points")

    def test_several_values_in_a_voxel(self, a_slicer):
        node = node_of(mr_like())
        image = slicer.vtkOrientedImageData()
        image.SetDimensions(4, 4, 4)
        image.AllocateScalars(4, 2)
        node.SetAndObserveImageData(image)
        self.refused(node, "2 values in each voxel")

    def test_what_is_no_volume_at_all(self, a_slicer):
        self.refused(a_slicer.scene.AddNewNodeByClass("vtkMRMLModelNode", "bone"), "no scalar volume")

    def test_a_constant_one(self, a_slicer):
        self.refused(node_of(np.full((4, 5, 6), 3, np.int16)), "same value", VolumeError)

    def test_one_with_nan(self, a_slicer):
        array = mr_like().astype(np.float32)
        array[3, 3, 3] = np.nan
        self.refused(node_of(array), "NaN", VolumeError)

    def test_a_singular_matrix(self, a_slicer):
        node = node_of(mr_like())
        node.SetIJKToRASMatrix(vtk_matrix(np.array([[1.0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])))
        self.refused(node, "same direction", VolumeError)

    @pytest.mark.parametrize("spacing", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0)])
    def test_zero_and_negative_spacing(self, a_slicer, spacing):
        node = node_of(mr_like())
        node.SetSpacing(*spacing)
        self.refused(node, "spacing")

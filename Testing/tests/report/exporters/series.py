"""DICOM series made on the spot, of any orientation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from MedVLSAM2Lib.files.geometry import LPS_TO_RAS
from MedVLSAM2Lib.volume import Volume


def write_series(folder: Path, volume: Volume) -> list[Path]:
    """A CT series whose slices are the volume's planes K, rows J and columns I, in files named in no order."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    to_lps = LPS_TO_RAS @ volume.ijk_to_ras
    spacing = np.linalg.norm(to_lps[:3, :3], axis=0)
    cosines = to_lps[:3, :3] / spacing
    paths = []
    for k in np.random.default_rng(1).permutation(volume.shape[0]):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, series, frame
        image.PatientName, image.PatientID, image.PatientSex, image.PatientBirthDate = (
            "Doe^Jane",
            "J-1961",
            "F",
            "19610203",
        )
        image.StudyDate, image.StudyTime, image.AccessionNumber, image.StudyID = "20200304", "101112", "A1", "1"
        image.ReferringPhysicianName = ""
        image.Modality, image.SeriesNumber, image.InstanceNumber = "CT", 3, int(k) + 1
        image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        image.Manufacturer, image.ManufacturerModelName = "Phantoms", "One"
        image.PositionReferenceIndicator = ""
        image.KVP, image.SliceThickness = "120", f"{spacing[2]:.6g}"
        image.PixelSpacing = [f"{spacing[1]:.8g}", f"{spacing[0]:.8g}"]
        image.ImageOrientationPatient = [f"{value:.10g}" for value in (*cosines[:, 0], *cosines[:, 1])]
        image.ImagePositionPatient = [f"{value:.10g}" for value in (to_lps @ [0, 0, k, 1])[:3]]
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.Rows, image.Columns = volume.shape[1:]
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
        image.RescaleIntercept, image.RescaleSlope = "0", "1"
        image.PixelData = volume.array[k].astype("<i2").tobytes()
        path = folder / f"{len(paths):03d}.dcm"
        image.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths

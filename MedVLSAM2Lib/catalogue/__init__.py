"""Published weights: what there is, under which licence, and how it comes to this machine. Needs no torch."""

from MedVLSAM2Lib.catalogue.catalogue import Catalogue, read_catalogue
from MedVLSAM2Lib.catalogue.entry import CatalogueEntry, FileFormat, Licence, MemoryNeed
from MedVLSAM2Lib.catalogue.errors import CatalogueError, DownloadCancelled, DownloadError, LicenceDiffers
from MedVLSAM2Lib.catalogue.hub import Hub
from MedVLSAM2Lib.catalogue.installed import InstalledFile, InstalledModel, Origin
from MedVLSAM2Lib.catalogue.progress import DownloadProgress
from MedVLSAM2Lib.catalogue.removing import Removal
from MedVLSAM2Lib.catalogue.store import ModelStore, Presence

__all__ = [
    "Catalogue",
    "CatalogueEntry",
    "CatalogueError",
    "DownloadCancelled",
    "DownloadError",
    "DownloadProgress",
    "FileFormat",
    "Hub",
    "InstalledFile",
    "InstalledModel",
    "Licence",
    "LicenceDiffers",
    "MemoryNeed",
    "ModelStore",
    "Origin",
    "Presence",
    "Removal",
    "read_catalogue",
]

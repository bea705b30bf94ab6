"""Reports leave as text, a page, JSON, and DICOM SEG and SR."""

"""The DICOM objects that hold a lesion: reports, segmentations, key objects and the like."""

"""Annotate: lesions as drawn become Key Object Selections and Measurement Reports.

Import from the module where a function lives, since highdicom takes half a second to load:

- `casepack.annotate.lesions.read_lesions`: a lesion file becomes `casepack.lesion.Lesion`.
- `casepack.annotate.measure.measure_lesions`: outlines are tied to their images and measured.
- `casepack.annotate.annotation.annotate`: the DICOM objects are written beside the images.
"""

"""Images, annotations and case text as one package: bag, crate, file-set, DOI files, page."""

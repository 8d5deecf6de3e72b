"""Checks of a package: bag, layout, metadata, links, annotations, signature."""

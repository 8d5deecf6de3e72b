"""What a recipe does, said before it does it: to each Attribute, in faults, as a statement."""

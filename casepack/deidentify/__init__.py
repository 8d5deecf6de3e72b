"""De-identification by PS3.15 Annex E: plan, actions, pseudonyms, one instance in, one out."""

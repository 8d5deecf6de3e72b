"""What the bytes of a file hold: Data Elements, archives, documents and what is encoded in them."""

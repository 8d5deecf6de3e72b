"""Images beside their originals: Pixel Data, declared boxes, text burned in, unused bits."""

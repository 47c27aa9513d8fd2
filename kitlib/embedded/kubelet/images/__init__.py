"""The image catalogue: which program runs for which image name, and the layer of files that comes with it."""

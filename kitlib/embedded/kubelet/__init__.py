"""Makes a node's pods run: pod workers, probes, volumes, images, and the runtime below them."""

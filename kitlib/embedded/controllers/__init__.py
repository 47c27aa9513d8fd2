"""The loops that move the world towards what was asked: one controller per file, level-based."""

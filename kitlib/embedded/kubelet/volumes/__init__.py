"""Volumes of pods: directories and files of the node, prepared before containers start and kept up to date."""

"""Small programs that run inside pods, for images and commands that a machine need not have.

Nothing here knows the kit: the folder is copied into images, where only Python's standard library is.
"""

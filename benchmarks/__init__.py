"""How fast the embedded cluster is on this machine, beside what it aims at and what others have published."""

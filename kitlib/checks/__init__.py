"""Observation -> predicates -> Checkpoint -> Verdict. Pure, but for the observer, which reads the API and never writes."""

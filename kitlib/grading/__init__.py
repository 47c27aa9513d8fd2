"""Runs submissions on clusters of their own and judges them in the grader's process."""

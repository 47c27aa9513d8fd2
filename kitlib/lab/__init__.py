"""The learner's session in a notebook: open_lab, %%manifest, %kubectl, check, hint, solution, reset."""

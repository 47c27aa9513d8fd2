"""From one source per lab to the learner's notebook and the solved one; lint; proof of every checkpoint."""

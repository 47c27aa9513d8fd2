"""The Deployment controller: pure sizing and status (`sizing`, `proportions`, `status`), ReplicaSets, and the loop."""

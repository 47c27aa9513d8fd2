"""Where a cluster comes from: embedded, kind, or a kubeconfig the user names; create, delete, status, doctor."""

"""Names and addresses: pod and service IPs, the DNS server, the service proxy."""

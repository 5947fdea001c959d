"""seqgen as a service on this machine: what music software talks to. `protocol` says how."""

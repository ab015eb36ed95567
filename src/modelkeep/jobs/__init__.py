"""The state file of this machine: jobs, journal and owners."""

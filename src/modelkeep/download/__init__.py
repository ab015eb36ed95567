"""How bytes arrive: a queue of jobs, and the transfer of one file."""

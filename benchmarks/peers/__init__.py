"""OrderHub on the local cloud beside another order system, on the same machine, in one run."""

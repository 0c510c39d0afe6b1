"""Stand-ins for the outside world, true to its protocols. Each is a process of its own that the house reaches only
over the network; here nothing of the house is known but the kernel."""

"""A load client that leaves the machine to the server: requests made beforehand, sockets, one thread."""

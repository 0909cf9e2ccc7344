"""Work spread over the machines of a Ray cluster; needs the extra `cluster`."""

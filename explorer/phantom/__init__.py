"""CT -> posed tissue layers -> findings -> radiograph, exact masks and a report."""

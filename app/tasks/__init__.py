"""What the service does by itself, on schedule or when told to."""

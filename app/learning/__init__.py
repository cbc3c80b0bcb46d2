"""What is learned from errors: pure functions, that read and write nothing."""

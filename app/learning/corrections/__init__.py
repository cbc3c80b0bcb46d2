"""What is learned from corrections of users: which mistakes are made again, and which recur."""

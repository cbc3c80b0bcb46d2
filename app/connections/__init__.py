"""Connections as uvicorn serves them, with limits to what one client can take up."""

"""API keys: who may call, what for, and in which projects."""

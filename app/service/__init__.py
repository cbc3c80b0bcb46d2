"""What the service does, apart from how it is asked and where things are kept."""

from app.service.patterns import PatternService
from app.service.retention import RetentionPolicy

__all__ = ["PatternService", "RetentionPolicy"]

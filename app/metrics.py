"""What the service counts of itself, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.answered import AnsweredRequests
from app.tallies import Distribution, Tally

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000, 100_000, 1_000_000)


class Metrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = AnsweredRequests(_SECONDS)
        self.registry.register(self.requests)
        self.patterns = Tally(
            "pattern_store_patterns_stored", "Patterns stored anew, by type.", "pattern_type"
        )
        self.registry.register(self.patterns)
        self.secrets_redacted = Counter(
            "pattern_store_secrets_redacted",
            "Secrets redacted from what was received, retries included, by kind.",
            ("kind",),
            registry=self.registry,
        )
        self.batch_patterns = Histogram(
            "pattern_store_batch_patterns",
            "Patterns received by one batch request.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self.commit_seconds = Distribution(
            "pattern_store_commit_seconds", "Seconds one durable transaction took.", _SECONDS
        )
        self.registry.register(self.commit_seconds)
        self.commit_writes = Distribution(
            "pattern_store_commit_writes", "Waiting writes that shared one transaction.", _SIZES
        )
        self.registry.register(self.commit_writes)
        self.under_way = Gauge(
            "pattern_store_requests_under_way",
            "Requests that count against the limit of those worked on at a time.",
            registry=self.registry,
        )
        self.held_bytes = Gauge(
            "pattern_store_held_bytes",
            "Bytes of request bodies held in memory.",
            registry=self.registry,
        )
        self.repeated_refusals = Counter(
            "pattern_store_repeated_refusals",
            "Requests refused again because they came before Retry-After was over; they are not "
            "among the requests answered.",
            registry=self.registry,
        )
        self.connections = Gauge(
            "pattern_store_connections",
            "Connections that are open.",
            registry=self.registry,
        )
        self.store_bytes = Gauge(
            "pattern_store_store_bytes", "Bytes the store takes on disk.", registry=self.registry
        )
        self.learning_seconds_behind = Gauge(
            "pattern_store_learning_seconds_behind",
            "Seconds since all that had been stored was known to what learns from it; 0: it is.",
            ("learner",),
            registry=self.registry,
        )
        self.task_runs = Counter(
            "pattern_store_task_runs",
            "Runs of background tasks.",
            ("task", "result"),
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

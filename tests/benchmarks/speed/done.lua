-- Tells in JSON, on a line of its own, what the load amounted to.

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "mean": %d, "p50": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency.mean, latency:percentile(50),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

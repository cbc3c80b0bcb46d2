-- Tells in JSON, on a line of its own, what the load amounted to.

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency)
  local errors = summary.errors
  local began, answered = threads[1]:get("began"), threads[1]:get("answered")
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %d, "refused": %d, "broken": %d}\n',
    summary.requests, answered and answered - began or summary.duration, latency:percentile(50),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

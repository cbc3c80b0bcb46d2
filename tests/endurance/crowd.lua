-- Posts a pattern over and over, each time without an id, so that each is another one.

wrk.method = "POST"
wrk.path = "/v1/patterns"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"pattern_type": "agent_usage", "data": {"agent_type": "crowd", "task_type": "load",'
  .. ' "success": true, "duration_ms": 1}}'

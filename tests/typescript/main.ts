// What a client in TypeScript does with the service, by types generated from its document.
// Run with the service's address, on an empty store.

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/api.js";

type Schemas = components["schemas"];

const baseUrl = process.argv[2];
ok(baseUrl, "usage: node dist/main.js URL");
const client = createClient<paths>({ baseUrl });

const context: Schemas["Context"] = {
  project_name: "checkout",
  session_id: "session-42",
  user_id: null,
  environment: "staging",
  git_branch: "main",
  git_commit: null,
  timestamp: "2025-11-29T11:00:00+01:00",
  tags: ["backend", "payments"],
  metadata: { ticket: { id: 123, labels: ["β", "🚀"] } },
};

const completion: Schemas["TaskCompletion"] = {
  pattern_id: "ts:completion",
  pattern_type: "task_completion",
  timestamp: "2025-11-29T10:00:00Z",
  context,
  version: "1.0",
  data: {
    task_type: "implementation",
    agent: "code-developer",
    duration_ms: 2500,
    success: true,
    files_created: 1,
    files_modified: 3,
    tests_passed: 12,
    tests_failed: 0,
    lines_of_code: 240,
    coverage_percent: 91.5,
    error_message: null,
    retry_count: 0,
  },
};

const occurrence: Schemas["ErrorOccurrence"] = {
  pattern_id: "ts:error",
  pattern_type: "error_occurrence",
  timestamp: "2025-11-29T10:00:01Z",
  context,
  data: {
    error_type: "TypeError",
    error_message: "unsupported operand type(s)",
    stack_trace: 'File "cart.py", line 42, in total',
    file_path: "cart.py",
    line_number: 42,
    function_name: "total",
    resolution: null,
    resolution_time_ms: null,
    similar_errors_count: 2,
    auto_resolved: false,
    user_intervention: true,
  },
};

const usage: Schemas["AgentUsage"] = {
  pattern_id: "ts:usage",
  pattern_type: "agent_usage",
  timestamp: "2025-11-29T10:00:02Z",
  context,
  data: {
    agent_type: "reviewer",
    task_type: "code-review",
    success: true,
    duration_ms: 18250,
    retry_count: 1,
    tools_used: ["read", "grep"],
    files_accessed: 7,
    api_calls: 3,
    tokens_used: 5210,
    memory_mb: 128.5,
    cpu_percent: null,
    parallel_tasks: 2,
  },
};

const correction: Schemas["UserCorrection"] = {
  pattern_id: "ts:correction",
  pattern_type: "user_correction",
  timestamp: "2025-11-29T10:00:03Z",
  context,
  data: {
    original_output: "Use a float for the price.",
    corrected_output: "",
    correction_type: "correctness",
    agent: "code-developer",
    task_type: "implementation",
    correction_category: "numbers",
    user_feedback: "Never floats for money.",
    severity: "critical",
    pattern_matched: null,
  },
};

async function postsEachTypeAndReadsItBack(): Promise<void> {
  for (const pattern of [completion, occurrence, usage, correction]) {
    const created = await client.POST("/v1/patterns", { body: pattern });
    strictEqual(created.response.status, 201);

    const pattern_id = created.data!.pattern_id;
    const read = await client.GET("/v1/patterns/{pattern_id}", { params: { path: { pattern_id } } });
    deepStrictEqual(read.data, created.data);
    strictEqual(read.data!.pattern_type, pattern.pattern_type);
    deepStrictEqual(read.data!.data, pattern.data);
    deepStrictEqual(read.data!.context, context);
    strictEqual(read.data!.stored.revision, 1);

    const sentBack = await client.PUT("/v1/patterns/{pattern_id}", {
      params: { path: { pattern_id } },
      body: read.data!,
    });
    deepStrictEqual(sentBack.data, read.data);
  }
}

async function sendsABatchOfLines(): Promise<void> {
  const lines: Schemas["Pattern"][] = [
    { pattern_type: "agent_usage", data: { ...usage.data, agent_type: "planner" } },
    completion,
  ];
  const sent = await client.POST("/v1/patterns/batch", {
    params: { header: { "Idempotency-Key": "ts-batch" } },
    headers: { "Content-Type": "application/x-ndjson" },
    body: lines,
    bodySerializer: (patterns) => patterns.map((pattern) => `${JSON.stringify(pattern)}\n`).join(""),
  });
  const counts: Schemas["BatchCounts"] = sent.data!;
  deepStrictEqual([counts.received, counts.stored, counts.duplicates], [2, 1, 1]);
}

async function findsByFilters(): Promise<void> {
  const query = {
    pattern_type: ["error_occurrence", "user_correction"],
    tags: ["backend", "payments"],
    project_name: "checkout",
    start_date: "2025-11-29",
    order: "oldest",
  } satisfies paths["/v1/patterns"]["get"]["parameters"]["query"];
  const page = await client.GET("/v1/patterns", { params: { query } });
  const [error, corrected] = page.data!.items;
  strictEqual(page.data!.next_cursor, null);
  ok(error?.pattern_type === "error_occurrence" && corrected?.pattern_type === "user_correction");
  strictEqual(error.data.error_type, "TypeError");
  strictEqual(corrected.data.severity, "critical");

  const { order: _, ...filters } = query;
  const counted = await client.GET("/v1/count", { params: { query: filters } });
  deepStrictEqual([counted.data!.count, counted.data!.relation], [2, "eq"]);
}

async function asksWhichAgentDoesBest(): Promise<void> {
  const query = {
    start_date: "2025-11-29",
    pattern_type: ["task_completion"],
    limit: 10,
  } satisfies paths["/v1/stats/agents"]["get"]["parameters"]["query"];
  const answer = await client.GET("/v1/stats/agents", { params: { query } });
  const [best] = answer.data!.agents;
  deepStrictEqual([best?.agent, best?.success_rate], ["code-developer", 1]);
  strictEqual(best?.duration_ms?.max, 2500);
  strictEqual(answer.data!.end_date, null);
}

async function addsAResolution(): Promise<void> {
  const path = { pattern_id: "ts:error" };
  const before = await client.GET("/v1/patterns/{pattern_id}", { params: { path } });
  const patched = await client.PATCH("/v1/patterns/{pattern_id}", {
    params: { path, header: { "If-Match": before.response.headers.get("ETag")! } },
    headers: { "Content-Type": "application/merge-patch+json" },
    body: { data: { resolution: "Convert the fee to an int." } },
  });
  const pattern = patched.data!;
  ok(pattern.pattern_type === "error_occurrence");
  deepStrictEqual(pattern.data, { ...occurrence.data, resolution: "Convert the fee to an int." });
  strictEqual(pattern.stored.revision, 2);
}

async function asksWhatFixedAnErrorAndTellsThatItWorked(): Promise<void> {
  const { error_type, error_message, stack_trace } = occurrence.data;
  const body: Schemas["ErrorQuestion"] = { error_type, error_message, stack_trace, context: { ...context } };
  let found: Schemas["ResolutionCandidate"] | undefined;
  while (found === undefined) {
    const answer = await client.POST("/v1/errors/resolve", { body });
    found = answer.data?.candidates[0]; // it is learned within a second
  }
  strictEqual(found.resolution, "Convert the fee to an int.");
  strictEqual(found.confidence, "exact");
  const path = { resolution_id: found.resolution_id };
  const outcome = { params: { path }, body: { worked: true, pattern_id: "ts:error" } };
  const told = await client.POST("/v1/resolutions/{resolution_id}/outcomes", outcome);
  const again = await client.POST("/v1/resolutions/{resolution_id}/outcomes", outcome);
  deepStrictEqual([told.response.status, again.response.status], [201, 200]);
  strictEqual(told.data!.decision.kind, "outcome");
}

async function checksAnOutputBeforeItIsGiven(): Promise<void> {
  const body = { output: correction.data.original_output, agent: correction.data.agent };
  let items: Schemas["CorrectionFound"][] = [];
  while (items.length === 0) {
    items = (await client.POST("/v1/corrections/search", { body })).data?.items ?? [];
  }
  const [found] = items;
  strictEqual(found?.pattern.pattern_id, "ts:correction");
  strictEqual(found?.rests_on.same_agent, true);
  const recurring = await client.GET("/v1/corrections/recurring", { params: { query: { min_count: 2 } } });
  deepStrictEqual(recurring.data, { items: [], items_omitted: 0 });
}

async function mergesAndSplitsGroupsOfErrors(): Promise<void> {
  const others = ["no fee", "no tax"].map((error_message, place) => ({
    pattern_id: `ts:error:${place}`,
    pattern_type: "error_occurrence" as const,
    data: { error_type: "ValueError", error_message },
    context: { project_name: "ts-groups" },
  }));
  await client.POST("/v1/patterns/batch", { body: others });
  const query = { project_name: "ts-groups", order: "frequent" } satisfies paths["/v1/errors"]["get"]["parameters"]["query"];
  const list = async (): Promise<Schemas["ErrorGroup"][]> =>
    (await client.GET("/v1/errors", { params: { query } })).data!.items;
  let groups = await list();
  while (groups.length < 2) groups = await list(); // they are learned within a second
  const [one, other] = groups.map((group) => group.group_id);
  const merged = await client.POST("/v1/errors/{group_id}/merge", {
    params: { path: { group_id: one! } },
    body: { into: other! },
  });
  strictEqual(merged.data!.group_id, other);
  const found = await client.GET("/v1/errors/{group_id}", { params: { path: { group_id: one! } } });
  deepStrictEqual([found.data!.count, found.data!.status, found.data!.why.agree.type], [2, "open", "ValueError"]);
  strictEqual(found.data!.occurrences[0]!.pattern_type, "error_occurrence");
  const number = merged.data!.decision.number;
  await client.DELETE("/v1/decisions/{number}", { params: { path: { number } } });
  deepStrictEqual((await list()).map((group) => group.count), [1, 1]);
  for (const { pattern_id } of others) {
    await client.DELETE("/v1/patterns/{pattern_id}", { params: { path: { pattern_id } } });
  }
}

async function readsAnExport(): Promise<void> {
  const removed = await client.DELETE("/v1/patterns/{pattern_id}", {
    params: { path: { pattern_id: "ts:usage" } },
  });
  strictEqual(removed.response.status, 204);

  const exported = await client.GET("/v1/export", {
    params: { query: { deletes: true } },
    parseAs: "text",
  });
  const lines = exported.data!.trimEnd().split("\n");
  const changes = lines.map((line) => JSON.parse(line) as Schemas["ExportLine"]);
  const seqs = changes.map((change) => ("stored" in change ? change.stored.seq : change.seq));
  deepStrictEqual(seqs, [...seqs].sort((one, other) => one - other));
  deepStrictEqual(
    changes.filter((change) => "deleted" in change).map((change) => change.pattern_id),
    ["ts:error:0", "ts:error:1", "ts:usage"],
  );
  strictEqual(changes.length, 7);
}

async function isToldWhatToChange(): Promise<void> {
  const body = JSON.parse('{"pattern_type": "agent_usage", "data": {"success": 1}}');
  const refused = await client.POST("/v1/patterns", { body });
  const problem: Schemas["Problem"] = refused.error!;
  strictEqual(problem.status, 422);
  strictEqual(problem.type, "urn:pattern-store:problem:invalid-pattern");
  const [first] = problem.errors ?? [];
  strictEqual(first?.pointer, "/data/agent_type");
  strictEqual(first?.code, "required");
}

for (const step of [
  postsEachTypeAndReadsItBack,
  sendsABatchOfLines,
  findsByFilters,
  asksWhichAgentDoesBest,
  addsAResolution,
  asksWhatFixedAnErrorAndTellsThatItWorked,
  checksAnOutputBeforeItIsGiven,
  mergesAndSplitsGroupsOfErrors,
  readsAnExport,
  isToldWhatToChange,
]) {
  await step();
  console.log(`ok ${step.name}`);
}

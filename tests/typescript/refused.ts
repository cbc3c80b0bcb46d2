// What the generated types do not let pass: if one of these lines compiled, the compiler would
// complain of the comment above it.

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/api.js";

type Schemas = components["schemas"];

const data: Schemas["TaskCompletionData"] = {
  task_type: "implementation",
  agent: "code-developer",
  duration_ms: 2500,
  success: true,
};

export const wrongTypes: Partial<Schemas["TaskCompletionData"]> = {
  // @ts-expect-error A text is no number.
  duration_ms: "2500",
  // @ts-expect-error A number is no truth value.
  success: 1,
  // @ts-expect-error Null is for fields that say so.
  files_created: null,
};

// @ts-expect-error The agent is missing.
export const missingField: Schemas["TaskCompletionData"] = { task_type: "x", duration_ms: 1, success: true };

// @ts-expect-error The data are missing.
export const missingData: Schemas["Pattern"] = { pattern_type: "task_completion" };

// @ts-expect-error The data are another type's.
export const otherData: Schemas["Pattern"] = { pattern_type: "agent_usage", data };

// @ts-expect-error There is no such type.
export const unknownType: Schemas["Pattern"] = { pattern_type: "task", data };

// @ts-expect-error There is no such severity.
export const unknownSeverity: Schemas["UserCorrectionData"]["severity"] = "fatal";

// @ts-expect-error There is no such environment.
export const unknownEnvironment: Schemas["Context"] = { environment: "moon" };

export async function misuses(client: ReturnType<typeof createClient<paths>>): Promise<void> {
  // @ts-expect-error There is no such filter.
  await client.GET("/v1/patterns", { params: { query: { tag: "backend" } } });
  // @ts-expect-error A time is a text.
  await client.GET("/v1/count", { params: { query: { start_date: 20251129 } } });
  // @ts-expect-error What is not asked for is left out.
  await client.GET("/v1/count", { params: { query: { end_date: null } } });
  // @ts-expect-error There is no such call.
  await client.GET("/v1/pattern", {});
  // @ts-expect-error The id is missing.
  await client.GET("/v1/patterns/{pattern_id}", {});
  // @ts-expect-error A batch is many patterns.
  await client.POST("/v1/patterns/batch", { body: { pattern_type: "task_completion", data } });
  const { data: page } = await client.GET("/v1/patterns");
  // @ts-expect-error Which data it has is known only with its type.
  page?.items[0]?.data.error_message.toUpperCase();
}

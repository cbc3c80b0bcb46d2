"""Visitors that only ask: queries, pages, exports, statistics."""

import json
from collections.abc import Mapping

from app.schemas.timestamps import DAY, format_timestamp, now
from tests.endurance.visitors import Step, Visitor, Wrong
from tests.generated import AGENTS, PROJECTS, TAGS, WORDS


class Onlooker(Visitor):
    """Sees that what is found is what was asked for, and comes once."""

    def steps(self) -> Mapping[Step, int]:
        return {
            self.query: 12,
            self.search: 6,
            self.pages: 4,
            self.agents: 3,
            self.statistics: 2,
            self.lifecycle: 2,
            self.metrics: 2,
            self.export: 1,
        }

    async def query(self) -> None:
        project, tag = self.random.choice(PROJECTS), self.random.choice(TAGS)
        params = {"project_name": project, "tags": tag, "limit": "50"}
        answer = await self.ask("GET", "/v1/patterns", 200, params=params)
        for item in answer.json()["items"]:
            context = item["context"]
            if context["project_name"] != project or tag not in context["tags"]:
                raise Wrong(f"{params} found {item}")

    async def search(self) -> None:
        words = self.random.sample(WORDS, 2)
        params = {"q": " ".join(words), "limit": "20"}
        answer = await self.ask("GET", "/v1/patterns", 200, params=params)
        for item in answer.json()["items"]:
            if not all(word in json.dumps(item).lower() for word in words):
                raise Wrong(f"{params} found {item}")

    async def pages(self) -> None:
        params = {"agent": self.random.choice(AGENTS), "limit": "100"}
        seen: list[str] = []
        for _ in range(5):
            page = (await self.ask("GET", "/v1/patterns", 200, params=params)).json()
            seen += [item["pattern_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        if len(set(seen)) != len(seen):
            raise Wrong(f"{params} found something twice")

    async def agents(self) -> None:
        params = {"start_date": format_timestamp(now() - 30 * DAY)}
        answer = await self.ask("GET", "/v1/stats/agents", 200, params=params)
        for agent in answer.json()["agents"]:
            if sum(agent["by_type"].values()) != agent["patterns"]:
                raise Wrong(f"{agent}")

    async def statistics(self) -> None:
        figures = (await self.ask("GET", "/v1/stats", 200)).json()
        if sum(figures["by_type"].values()) != figures["total"]:
            raise Wrong(f"{figures}")

    async def lifecycle(self) -> None:
        tasks = (await self.ask("GET", "/v1/lifecycle", 200)).json()
        for name, task in tasks.items():
            if task["last_run"] is not None and task["last_run"]["error"] is not None:
                raise Wrong(f"{name}: {task['last_run']}")

    async def metrics(self) -> None:
        text = (await self.ask("GET", "/metrics", 200)).text
        if "\npattern_store_" not in text:
            raise Wrong(text)

    async def export(self) -> None:
        """Read all patterns or the latest changes, or leave amid them."""
        leaves = self.random.random() < 0.3
        last = 0
        params = {}
        if self.random.random() < 0.5:
            last = max(0, (await self.ask("GET", "/v1/stats", 200)).json()["last_seq"] - 5000)
            params = {"deletes": "true", "after_seq": str(last)}
        async with self.client.stream("GET", "/v1/export", params=params) as answer:
            async for line in answer.aiter_lines():
                entry = json.loads(line)
                seq = entry["seq"] if entry.get("deleted") else entry["stored"]["seq"]
                if seq <= last:
                    raise Wrong(f"{seq} after {last}")
                last = seq
                if leaves and self.random.random() < 0.01:
                    return

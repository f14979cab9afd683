"""Ad-hoc SQL as a question of a version: what it reads of the lake, and who may share its answer."""

from dataclasses import dataclass, replace

from query_api.adapters.ledger import LedgerView
from query_api.core.coverage import dataset_version
from query_api.core.dependence import Dependence
from query_api.core.problems import version_gone
from query_api.core.question import Question, Sharing
from query_api.core.statements import Statement
from query_api.loop.query_run import LakeSeen, QueryRun, finished_run
from query_api.routes.asked import Asked
from query_api.routes.freshness import refuse_old
from query_api.routes.parts import ApiParts


@dataclass(frozen=True, slots=True)
class SqlRead:
    """A checked statement, the feeds that its answer is told of, and what its rows depend on."""

    parts: ApiParts
    statement: Statement
    max_rows: int
    feeds: tuple[str, ...]
    depends: Dependence
    asked: Asked

    async def begun(self) -> tuple[QueryRun, LedgerView]:
        """A query that the caller holds, or a finished answer of the same version; and the view.

        Raises ProblemError: the queue is full, the data are too old, the version is gone.
        """
        lake = await self._seen(None)
        question = self._question(lake.version)
        wants_old = self.asked.wants_other(lake.version)
        if wants_old or self._kept(question):
            lake = await self._seen(0)
            question = self._question(lake.version)
        refuse_old(self.asked, self.parts.now_ms(), lake.view, self.feeds)
        if self.asked.wants_other(lake.version):
            question = self._question(self.asked.as_of or "")
            if (old := self._kept(question)) is None:
                raise version_gone()
            return old, lake.view
        return self._kept(question) or self._taken(question), lake.view

    def _question(self, version: str) -> Question:
        sharing = Sharing.KEPT if self.depends.is_known else Sharing.RUNNING
        if self.depends.changes:
            sharing = Sharing.ALONE
        if not version:
            # More is published in its days than can be named in a moment.
            sharing = Sharing.RUNNING if sharing is Sharing.KEPT else sharing
        return Question(self.statement, self.max_rows, version, sharing, self.asked.scopes)

    def _kept(self, question: Question) -> QueryRun | None:
        kept = self.parts.shared.kept(question)
        if kept is None:
            return None
        if self.asked.as_of is None:
            made_s = (self.parts.now_ms() - kept.lake.view.at_ms) / 1000
            if not self.asked.takes_kept(made_s):
                return None
        self.parts.metrics.kept.labels("memory").inc()
        return finished_run(question, kept.result, kept.lake)

    def _taken(self, question: Question) -> QueryRun:
        if self.asked.wants_new and question.sharing is Sharing.KEPT:
            # Not a query of another day, which Athena would give for the same token.
            question = replace(question, sharing=Sharing.RUNNING)
        return self.parts.shared.take(
            question,
            deadline_s=self.parts.settings.limits.sql_deadline_s,
            payer=self.asked.payer,
            look_after=lambda: self._seen(0),
        )

    async def _seen(self, max_age_ms: int | None) -> LakeSeen:
        """The newest days, and the version of the days that the statement reads."""
        view = await self.parts.view(self.feeds, max_age_ms=max_age_ms)
        if not self.depends.is_known:
            return LakeSeen(view, dataset_version(view.heads, self.feeds))
        version = await self.parts.published(self.depends.days, max_age_ms)
        return LakeSeen(view, version or "")

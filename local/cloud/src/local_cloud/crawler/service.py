"""The Glue API's operations on crawlers, and the threads in which they crawl."""

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.bill import Bill, crawl_usd
from local_cloud.clients import Clients
from local_cloud.crawler import definition, report
from local_cloud.crawler.catalog import CatalogError, CrawledDatabase
from local_cloud.crawler.crawl import Changes, Crawl, CrawlStoppedError
from local_cloud.crawler.layout import LayoutError
from local_cloud.crawler.schema import SchemaConflictError
from local_cloud.crawler.store import READY, RUNNING, STOPPING, Crawler, CrawlerStore
from local_cloud.errors import AwsError
from local_cloud.pages import page

log = structlog.get_logger(__name__)

Answer = dict[str, Any]
# What may go wrong inside a crawl and is the crawl's failure, not ours.
FAILURES = (ClientError, BotoCoreError, CatalogError, LayoutError, SchemaConflictError)


class Crawlers:
    """Crawlers kept under `root`; a crawl is a thread."""

    def __init__(
        self, root: Path, clients: Clients, bill: Bill, now: Callable[[], float]
    ) -> None:
        self._clients = clients
        self._bill = bill
        self._now = now
        self._keeping = CrawlerStore(root / "crawlers", now)
        self._lock = threading.Lock()
        self._crawlers = self._keeping.all()
        self._stops: dict[str, threading.Event] = {}
        self.operations: dict[str, Callable[[Answer], Answer]] = {
            "CreateCrawler": self._create,
            "UpdateCrawler": self._update,
            "DeleteCrawler": self._delete,
            "GetCrawler": self._get,
            "GetCrawlers": self._list,
            "ListCrawlers": self._names,
            "BatchGetCrawlers": self._batch_get,
            "StartCrawler": self._start,
            "StopCrawler": self._stop,
            "ListCrawls": self._crawls,
            "GetCrawlerMetrics": self._metrics,
        }

    def close(self) -> None:
        """Ask every crawl to stop; their threads end with the process."""
        with self._lock:
            for stop in self._stops.values():
                stop.set()

    def tags_of(self, name: str) -> dict[str, str]:
        """The tags of a crawler."""
        with self._lock:
            return dict(self._crawler(name).definition.get("Tags") or {})

    def retag(self, name: str, tags: dict[str, str]) -> None:
        """Replace the tags of a crawler."""
        with self._lock:
            crawler = self._crawler(name)
            self._put(replace(crawler, definition={**crawler.definition, "Tags": tags}))

    def _create(self, request: Answer) -> Answer:
        definition.check(request)
        with self._lock:
            if request["Name"] in self._crawlers:
                raise AwsError("AlreadyExistsException", f"{request['Name']} already exists")
            self._put(Crawler(request, self._now(), self._now()))
        return {}

    def _update(self, request: Answer) -> Answer:
        with self._lock:
            old = self._ready(request["Name"])
            merged = {**old.definition, **request}
            definition.check(merged)
            version = old.version + 1
            self._put(replace(old, definition=merged, updated=self._now(), version=version))
        return {}

    def _delete(self, request: Answer) -> Answer:
        with self._lock:
            name = self._ready(request["Name"]).name
            del self._crawlers[name]
            self._keeping.delete(name)
        return {}

    def _get(self, request: Answer) -> Answer:
        with self._lock:
            return {"Crawler": self._crawler(request["Name"]).to_api(self._now())}

    def _list(self, request: Answer) -> Answer:
        some, rest = page(self._sorted(), request, 100)
        return {"Crawlers": [one.to_api(self._now()) for one in some], **rest}

    def _names(self, request: Answer) -> Answer:
        wanted = (request.get("Tags") or {}).items()
        tagged = [
            one for one in self._sorted() if wanted <= one.definition.get("Tags", {}).items()
        ]
        some, rest = page([one.name for one in tagged], request, 100)
        return {"CrawlerNames": some, **rest}

    def _batch_get(self, request: Answer) -> Answer:
        known = {one.name: one for one in self._sorted()}
        names = request["CrawlerNames"]
        return {
            "Crawlers": [known[name].to_api(self._now()) for name in names if name in known],
            "CrawlersNotFound": [name for name in names if name not in known],
        }

    def _start(self, request: Answer) -> Answer:
        with self._lock:
            crawler = self._ready(request["Name"])
            now = self._now()
            entry = {
                "CrawlId": str(uuid.uuid4()),
                "State": RUNNING,
                "StartTime": now,
                "LogGroup": "/aws-glue/crawlers",
                "LogStream": crawler.name,
                "MessagePrefix": str(uuid.uuid4()),
            }
            crawler = replace(crawler, state=RUNNING, history=(entry, *crawler.history))
            stop = threading.Event()
            self._stops[crawler.name] = stop
            self._put(crawler)
        threading.Thread(target=self._work, args=(crawler, stop), daemon=True).start()
        return {}

    def _stop(self, request: Answer) -> Answer:
        with self._lock:
            crawler = self._crawler(request["Name"])
            if crawler.state == STOPPING:
                raise AwsError(
                    "CrawlerStoppingException", f"{crawler.name} is stopping already"
                )
            if crawler.state == READY:
                raise AwsError("CrawlerNotRunningException", f"{crawler.name} is not running")
            self._crawlers[crawler.name] = replace(crawler, state=STOPPING)
            self._stops[crawler.name].set()
        return {}

    def _crawls(self, request: Answer) -> Answer:
        if request.get("Filters"):
            raise AwsError("InvalidInputException", "Filters of ListCrawls are not there")
        with self._lock:
            history = self._crawler(request["CrawlerName"]).history
        some, rest = page(history, request, 20)
        return {"Crawls": some, **rest}

    def _metrics(self, request: Answer) -> Answer:
        names = request.get("CrawlerNameList")
        wanted = [one for one in self._sorted() if names is None or one.name in names]
        some, rest = page(
            [report.metrics(one.name, one.history) for one in wanted], request, 100
        )
        return {"CrawlerMetricsList": some, **rest}

    def _work(self, crawler: Crawler, stop: threading.Event) -> None:
        """The crawl's thread: whatever happens, the crawler is READY again afterwards."""
        changes, state, error = Changes(), "COMPLETED", ""
        try:
            crawl_id = crawler.history[0]["CrawlId"]
            order = definition.order(crawler.definition, crawl_id, int(self._now() * 1000))
            catalog = CrawledDatabase(self._clients.glue, crawler.definition["DatabaseName"])
            crawl = Crawl(self._clients.s3, catalog, order, stop)
            changes = crawl.changes
            crawl.run()
        except CrawlStoppedError:
            state = "STOPPED"
        except FAILURES as failure:
            state, error = "FAILED", str(failure)
        except Exception as failure:
            log.exception("crawl_broke", crawler=crawler.name)
            state, error = "FAILED", f"Internal error of the local cloud: {failure}"
        self._end(crawler, changes, state, error or "; ".join(changes.problems))

    def _end(self, crawler: Crawler, changes: Changes, state: str, message: str) -> None:
        entry, now = crawler.history[0], self._now()
        seconds = now - entry["StartTime"]
        dpu_seconds, usd = crawl_usd(seconds)
        self._bill.charge("glue", "crawler DPU-seconds", dpu_seconds, usd)
        summary = {
            "TABLE": report.counts(changes.tables),
            "PARTITION": report.counts(changes.partitions),
        }
        ended = {
            **entry,
            "State": state,
            "EndTime": now,
            "DPUHour": dpu_seconds / 3600,
            "Summary": json.dumps(summary),
            **({"ErrorMessage": message} if message else {}),
        }
        status = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED", "FAILED": "FAILED"}[state]
        names = ("LogGroup", "LogStream", "MessagePrefix", "StartTime", "ErrorMessage")
        last = {"Status": status, **{name: ended[name] for name in names if name in ended}}
        with self._lock:
            self._stops.pop(crawler.name, None)
            history = (ended, *crawler.history[1:])
            # As it is now: its tags may have changed while it crawled.
            now_kept = self._crawlers[crawler.name]
            self._put(replace(now_kept, state=READY, last=last, history=history))
        log.info("crawl_ended", crawler=crawler.name, state=state, seconds=round(seconds, 3))

    def _put(self, crawler: Crawler) -> None:
        self._keeping.put(crawler)
        self._crawlers[crawler.name] = crawler

    def _crawler(self, name: str) -> Crawler:
        crawler = self._crawlers.get(name)
        if crawler is None:
            raise AwsError("EntityNotFoundException", f"Crawler {name} not found")
        return crawler

    def _ready(self, name: str) -> Crawler:
        crawler = self._crawler(name)
        if crawler.state != READY:
            raise AwsError(
                "CrawlerRunningException", f"Crawler with name {name} has already started"
            )
        return crawler

    def _sorted(self) -> list[Crawler]:
        with self._lock:
            return [self._crawlers[name] for name in sorted(self._crawlers)]

"""An index built by several workers into an object store is the one that one process builds."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer import pipeline

from ..processes import descends  # noqa: TID252 - "tests" may be another package elsewhere

STUDIES = Path(__file__).parents[2] / "assets" / "studies"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3-type store on this machine; gives the URI of a bucket."""
    pytest.importorskip("ray", reason="needs the extra `cluster`")
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="films")
    yield "s3://films"
    server.stop()


def _kill_one_worker() -> None:
    """End the first process of our cluster that holds a checkpoint, once it is there."""
    for _ in range(600):
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                busy = process.read_bytes().startswith(b"ray::_Worker.do")
                ours = busy and descends(process.parent)
            except OSError:
                continue
            if ours:
                os.kill(int(process.parent.name), signal.SIGKILL)
                return
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_workers_one_killed_write_the_same_index(store: str, tmp_path: Path) -> None:
    engine = pipeline.open_engine()
    alone, shared = str(tmp_path / "alone"), f"{store}/shared"
    pipeline.build_index(STUDIES, alone, engine=engine)
    killer = threading.Thread(target=_kill_one_worker)
    killer.start()
    report = pipeline.build_index(STUDIES, shared, engine=engine, workers=2)
    killer.join()
    assert report.left_out == []
    first: Any = pipeline.open_index(alone, engine=engine)
    second: Any = pipeline.open_index(shared, engine=engine)
    assert second.films.columns["film_id"] == first.films.columns["film_id"]
    assert second.sentence_count == first.sentence_count
    np.testing.assert_allclose(second.films.vectors, first.films.vectors, atol=5e-3)
    hits = [pipeline.search_text(i, engine, "left pleural effusion").hits for i in (first, second)]
    assert hits[0][0].film_id == hits[1][0].film_id
    again = pipeline.build_index(STUDIES, shared, engine=engine, workers=2)
    assert (again.added, again.unchanged) == (0, report.added)

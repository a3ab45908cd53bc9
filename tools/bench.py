"""Measure what the kit costs, each row against a named peer in the same run.

    python tools/bench.py                     every row, as a table
    python tools/bench.py --rows open,push    some of them
    python tools/bench.py --json FILE         the numbers as well

Every measurement is a process of its own; ours and the peer's alternate, and the medians are compared. A ratio below
1 means that we are cheaper. Wall seconds on a shared machine are noisy: trust the ratios, not the absolutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One comparison: what is measured, ours and the peer's snippet, how often."""

    title: str
    ours: str
    peer_name: str
    peer: str
    rounds: int = 3


# --- what a measured process runs; each returns the seconds that count ---------------------------------------------


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def bare_python() -> float:
    """Nothing but the interpreter; the whole process is timed from outside."""
    return 0.0


def import_ecrlab() -> float:
    """``import ecrlab``; the whole process is timed from outside."""
    import ecrlab  # noqa: F401

    return 0.0


def moto_first_call() -> float:
    """What anybody pays: import boto3 and moto, mock, first client, first call."""

    def work() -> None:
        os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        import boto3
        from moto import mock_aws

        mock_aws().start()
        boto3.client("ecr", region_name="us-east-1").create_repository(repositoryName="bench/first")

    return _timed(work)


def lab_first_call() -> float:
    """The same through open_lab()."""

    def work() -> None:
        from ecrlab import open_lab

        open_lab().client("ecr").create_repository(repositoryName="bench/first")

    return _timed(work)


def _plain_moto_client() -> object:
    import boto3
    from moto import mock_aws

    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    mock_aws().start()
    client = boto3.client("ecr", region_name="us-east-1")
    client.create_repository(repositoryName="bench/api")
    return client


def _lab_client() -> object:
    from ecrlab import open_lab

    client = open_lab().client("ecr")
    client.create_repository(repositoryName="bench/api")
    return client


def _big_image() -> object:
    from ecrlab import oci

    return oci.image(*(oci.layer({f"data{i}": os.urandom(20 * MEBIBYTE)}, compression="none") for i in range(5)))


def _many_layers() -> object:
    from ecrlab import oci

    return oci.image(*(oci.layer({f"etc/part{i}": os.urandom(1024)}) for i in range(500)))


def _push(client: object, image: object) -> float:
    from ecrlab import registry

    return _timed(lambda: registry.push(client, image, "bench/api", tag="1"))


def push_100mb() -> float:
    """Push five layers of 20 MB into the lab."""
    return _push(_lab_client(), _big_image())


def push_100mb_moto() -> float:
    """The same push, by the same client code, into plain moto."""
    return _push(_plain_moto_client(), _big_image())


def push_500_layers() -> float:
    """Push 500 layers of 1 kB into the lab."""
    return _push(_lab_client(), _many_layers())


def push_500_layers_moto() -> float:
    """The same push into plain moto."""
    return _push(_plain_moto_client(), _many_layers())


def _pull(image: object) -> float:
    from ecrlab import registry

    client = _lab_client()
    registry.push(client, image, "bench/api", tag="1")
    return _timed(lambda: registry.pull(client, "bench/api", "1"))


def pull_100mb() -> float:
    """Pull five layers of 20 MB, every digest verified."""
    return _pull(_big_image())


def hash_100mb() -> float:
    """The floor of any verified pull: copy 100 MB once and hash it once."""
    import hashlib

    data = os.urandom(100 * MEBIBYTE)
    return _timed(lambda: hashlib.sha256(bytes(bytearray(data))).hexdigest())


def pull_500_layers() -> float:
    """Pull 500 layers of 1 kB."""
    return _pull(_many_layers())


def call_500() -> float:
    """The floor of 500 downloads: 500 calls of the cheapest operation of plain moto's ECR."""
    client = _plain_moto_client()
    return _timed(lambda: [client.describe_repositories(repositoryNames=["bench/api"]) for _ in range(501)])


IMAGES = int(os.environ.get("ECRLAB_BENCH_IMAGES", "10000"))


def _manifests(client: object, upload: bool) -> list[str]:
    """Return as many different manifests over one config and one layer, uploaded where the service insists."""
    import hashlib

    config, layer = b"{}", b"layer"
    digests = ["sha256:" + hashlib.sha256(blob).hexdigest() for blob in (config, layer)]
    for blob, digest in zip((config, layer), digests, strict=True) if upload else ():
        upload_id = client.initiate_layer_upload(repositoryName="bench/api")["uploadId"]
        client.upload_layer_part(
            repositoryName="bench/api",
            uploadId=upload_id,
            partFirstByte=0,
            partLastByte=len(blob) - 1,
            layerPartBlob=blob,
        )
        client.complete_layer_upload(repositoryName="bench/api", uploadId=upload_id, layerDigests=[digest])
    kind = "application/vnd.oci.image.{}+json"
    return [
        json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": kind.format("manifest.v1"),
                "config": {"mediaType": kind.format("config.v1"), "digest": digests[0], "size": len(config)},
                "layers": [{"mediaType": kind.format("layer.v1.tar"), "digest": digests[1], "size": len(layer)}],
                "annotations": {"number": str(number)},
            }
        )
        for number in range(IMAGES)
    ]


def _put_all(client: object, upload: bool) -> float:
    manifests = _manifests(client, upload)

    def work() -> None:
        for number, manifest in enumerate(manifests):
            client.put_image(repositoryName="bench/api", imageManifest=manifest, imageTag=f"v{number}")

    return _timed(work)


def _describe_all(client: object, upload: bool) -> float:
    _put_all(client, upload)
    pages = client.get_paginator("describe_images").paginate(repositoryName="bench/api")
    return _timed(lambda: sum(len(page["imageDetails"]) for page in pages))


def put_images() -> float:
    """Put the images into a lab's repository."""
    return _put_all(_lab_client(), upload=True)


def put_images_moto() -> float:
    """Put as many into plain moto."""
    return _put_all(_plain_moto_client(), upload=False)


def describe_images() -> float:
    """Describe them all, page by page."""
    return _describe_all(_lab_client(), upload=True)


def describe_images_moto() -> float:
    """Describe as many in plain moto, which answers them all in one page."""
    return _describe_all(_plain_moto_client(), upload=False)


DECISIONS = 1000
DIFFERENTIAL = ROOT / "tests" / "access" / "differential"


def _requests() -> tuple[object, list[object]]:
    """Return the differential run, and the requests that it would generate."""
    sys.path.insert(0, str(DIFFERENTIAL))
    import run
    from generated import cases

    return run, list(cases(seed=1, count=DECISIONS))


def decide_parsed() -> float:
    """Decide 1,000 requests about ECR whose policies were read before."""
    run, made = _requests()
    return DECISIONS / run.our_answers(made).per_second["ecrlab, policies parsed before"]


def decide_documents() -> float:
    """Read the policies of 1,000 requests about ECR and decide."""
    run, made = _requests()
    return DECISIONS / run.our_answers(made).per_second["ecrlab, from the documents"]


def _simulate(which: str) -> float:
    """Let iam-simulate decide the same requests in node; it is installed into a folder that does not stay."""
    run, made = _requests()
    with tempfile.TemporaryDirectory() as folder:
        return DECISIONS / run.their_answers(made, Path(folder)).per_second[which]


def iam_simulate_documents() -> float:
    """Decide 1,000 requests with iam-simulate as it is called by its users."""
    return _simulate("iam-simulate, from the documents")


def iam_simulate_unchecked() -> float:
    """Decide 1,000 requests with iam-simulate, without its checks of the documents."""
    return _simulate("iam-simulate, without its checks")


RULES = 20


def plan_images() -> float:
    """Plan 20 rules for 10,000 images, with a reason for each of them."""
    from ecrlab import lifecycle

    rules = [
        {
            "rulePriority": number,
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": [f"team{number}-"],
                "countType": "imageCountMoreThan",
                "countNumber": 100,
            },
            "action": {"type": "expire"},
        }
        for number in range(1, RULES + 1)
    ]
    policy = lifecycle.parse({"rules": rules})
    images = [
        lifecycle.Image(f"sha256:{number:064x}", moment, tags=(f"team{number % RULES + 1}-{number}",), sequence=number)
        for number, moment in enumerate(_pushes())
    ]
    return _timed(lambda: lifecycle.plan(policy, images, now=_pushes()[-1]))


def sort_images() -> float:
    """The floor of a plan: sort the push times of 10,000 images once for each rule."""
    moments = _pushes()[::-1]
    return _timed(lambda: [sorted(moments, key=lambda moment: moment.timestamp()) for _ in range(RULES)])


def _pushes() -> list[datetime]:
    """Return as many moments as images, an hour apart."""
    return [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(IMAGES)]


def course_run() -> float:
    """Run every notebook and lab in all four builds, two at a time."""
    command = [sys.executable, "-m", "ecrlab.cli", "run", "--jobs", "2"]
    return _timed(lambda: subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL))


def bare_kernels() -> float:
    """Start as many kernels as the course run does, two at a time, each importing boto3 and moto."""
    from concurrent.futures import ThreadPoolExecutor

    import nbformat
    from nbclient import NotebookClient

    def one(_: int) -> None:
        cell = nbformat.v4.new_code_cell("import boto3, moto")
        NotebookClient(nbformat.v4.new_notebook(cells=[cell]), kernel_name="python3").execute()

    with ThreadPoolExecutor(2) as pool:
        return _timed(lambda: list(pool.map(one, range(_kernels_of_a_course_run()))))


def _kernels_of_a_course_run() -> int:
    """Count the notebook runs of the four builds, as the runner plans them."""
    from ecrlab.course import runner
    from ecrlab.course.notebook import course_notebooks, read_notebook
    from ecrlab.course.run_report import Build

    return sum(len(runner.plan(read_notebook(path), Build)) for path in course_notebooks(ROOT))


ROWS = {
    "import": Row("`import ecrlab` (whole process)", "import_ecrlab", "bare Python", "bare_python", rounds=9),
    "open": Row("open a lab, first ECR call", "lab_first_call", "boto3 + moto, first ECR call", "moto_first_call", 5),
    "push": Row("push 5 × 20 MB", "push_100mb", "the same push into plain moto", "push_100mb_moto"),
    "pull": Row("pull 5 × 20 MB, verified", "pull_100mb", "copy and hash 100 MB once", "hash_100mb"),
    "push-many": Row(
        "push 500 layers of 1 kB", "push_500_layers", "the same push into plain moto", "push_500_layers_moto"
    ),
    "pull-many": Row("pull 500 layers of 1 kB", "pull_500_layers", "501 cheapest calls to plain moto", "call_500"),
    "put": Row(f"PutImage × {IMAGES:,}", "put_images", "plain moto", "put_images_moto", rounds=1),
    "describe": Row(
        f"DescribeImages of {IMAGES:,}", "describe_images", "plain moto (one page)", "describe_images_moto", 1
    ),
    "decide": Row(
        f"{DECISIONS:,} access decisions", "decide_documents", "iam-simulate on node", "iam_simulate_documents"
    ),
    "decide-parsed": Row(
        f"{DECISIONS:,} access decisions, policies read before",
        "decide_parsed",
        "iam-simulate without its checks",
        "iam_simulate_unchecked",
    ),
    "plan": Row(
        f"lifecycle plan, {IMAGES:,} images × {RULES} rules", "plan_images", f"sort them {RULES} times", "sort_images"
    ),
    "course": Row(
        "the course, four builds", "course_run", "as many bare kernels with boto3 and moto", "bare_kernels", 1
    ),
}
IN_OTHER_PROCESSES = {"course_run"}  # whose memory is not that of the measured process
WHOLE_PROCESS = {"bare_python", "import_ecrlab"}


def measure(name: str) -> tuple[float, float]:
    """Run one snippet in a process of its own; return its seconds and its peak memory in MB."""
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, check=False)
    elapsed = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"bench {name}: {done.stderr.strip().splitlines()[-1]}; run it alone with --one {name}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return (elapsed if name in WHOLE_PROCESS else answer["seconds"]), answer["peak_mb"]


def compare(row: Row) -> dict[str, object]:
    """Measure both sides of a row in turn and return the medians."""
    sides: dict[str, list[tuple[float, float]]] = {row.ours: [], row.peer: []}
    for _ in range(row.rounds):
        for name, measured in sides.items():
            measured.append(measure(name))
    seconds = {name: statistics.median(s for s, _ in measured) for name, measured in sides.items()}
    return {
        "what": row.title,
        "ours_s": round(seconds[row.ours], 3),
        "peer": row.peer_name,
        "peer_s": round(seconds[row.peer], 3),
        "ratio": round(seconds[row.ours] / seconds[row.peer], 2),
        "peak_mb": None if row.ours in IN_OTHER_PROCESSES else round(max(peak for _, peak in sides[row.ours])),
        "rounds": row.rounds,
    }


def table(results: list[dict[str, object]]) -> str:
    """Render the results as the Markdown table of the README."""
    lines = ["| What | Ours | Peer in the same run | Peer | Ratio | Peak memory |", "|---|---:|---|---:|---:|---:|"]
    for r in results:
        seconds = f"{r['ours_s']:.2f} s | {r['peer']} | {r['peer_s']:.2f} s"
        peak = f"{r['peak_mb']} MB" if r["peak_mb"] else "–"
        lines.append(f"| {r['what']} | {seconds} | {r['ratio']:.2f} | {peak} |")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", help=f"comma-separated; of {', '.join(ROWS)}")
    parser.add_argument("--json", type=Path, help="also write the numbers there")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        seconds = globals()[chosen.one]()
        print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    names = chosen.rows.split(",") if chosen.rows else list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    results = []
    for name in names:
        results.append(compare(ROWS[name]))
        print(json.dumps(results[-1]), file=sys.stderr)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(table(results))
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()

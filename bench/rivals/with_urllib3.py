"""The connections alone: urllib3's pool and a pool of threads, and nothing done with the answers. No program
in Python that keeps to public interfaces can be faster."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import urllib3

width = int(sys.argv[1])
base = os.environ["RECONCILER_BASE_URL"] + "/v1/whatsapp/groups"
headers = {
    "userName": os.environ["RECONCILER_USERNAME"],
    "authenticationToken": os.environ["RECONCILER_TOKEN"],
}
pool = urllib3.PoolManager(maxsize=width, headers=headers, retries=False)


def get(url: str) -> urllib3.BaseHTTPResponse:
    answer = pool.request("GET", url)
    if answer.status != 200:
        sys.exit(f"{answer.status} for a read")
    return answer


ids = [group["id"] for group in get(base).json()["groups"]]
urls = [url for group_id in ids for url in (f"{base}/{group_id}", f"{base}/{group_id}/icon")]
with ThreadPoolExecutor(width) as threads:
    list(threads.map(get, urls))

"""What somebody would write in an afternoon: manifests, requests, a pool of threads, and what differs."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import yaml
from requests.adapters import HTTPAdapter

width = int(sys.argv[1])
base = os.environ["RECONCILER_BASE_URL"] + "/v1/whatsapp/groups"
session = requests.Session()
session.mount("http://", HTTPAdapter(pool_maxsize=width))
session.headers["userName"] = os.environ["RECONCILER_USERNAME"]
session.headers["authenticationToken"] = os.environ["RECONCILER_TOKEN"]
people = yaml.safe_load(Path("contacts.yaml").read_text())["people"]
wanted = {}
for path in Path("groups").glob("*.yaml"):
    group = yaml.safe_load(path.read_text())
    wanted[group["subject"]] = group


def get(url: str) -> Any:
    answer = session.get(url, timeout=30)
    answer.raise_for_status()
    return answer.json()


def read(group_id: str) -> Any:
    return get(f"{base}/{group_id}")["groups"][0], get(f"{base}/{group_id}/icon")


changes = 0
ids = [group["id"] for group in get(base)["groups"]]
with ThreadPoolExecutor(width) as pool:
    for live, _icon in pool.map(read, ids):
        group = wanted.pop(live["subject"], None)
        if group is None:
            continue
        numbers = {people[name]["numbers"][0].strip("+") for name in group["admins"]}
        if numbers != set(live["admins"]) - {live["creator"]}:
            print("admins differ:", group["name"])
            changes += 1
for group in wanted.values():
    print("to create:", group["name"])
    changes += 1
print(changes, "changes")

#!/usr/bin/env bash
# The same in bash: curl for the calls, WIDTH at a time, jq for what they say; subjects and admins against the
# manifests. Expects the layout that bench/world.py writes.
set -euo pipefail
export width=$1 api="$RECONCILER_BASE_URL/v1/whatsapp/groups"
get() { curl --silent --fail -H "userName: $RECONCILER_USERNAME" -H "authenticationToken: $RECONCILER_TOKEN" "$1"; }
look() {
  info=$(get "$api/$1")
  icon=$(get "$api/$1/icon")
  jq -r --argjson icon "$icon" '.groups[0] | [.subject, ((.admins - [.creator]) | sort | join(",")), $icon.data] | @tsv' <<<"$info"
}
export -f get look
numbers=$(sed -n 's/^  \(p[0-9]*\):.*"+\([0-9]*\)".*/s,\\b\1\\b,\2,g/p' contacts.yaml)
get "$api" | jq -r '.groups[].id' | xargs -P "$width" -I{} bash -c 'look {}' | cut -f1,2 | sort >live.tsv
cat groups/*.yaml | sed -n 's/^subject: //p; s/^admins: \[\(.*\)\]/\1/p' | paste - - |
  sed "$numbers" | tr -d ' ' | sed 's/^Group/Group /' |
  while IFS=$'\t' read -r subject admins; do
    printf '%s\t%s\n' "$subject" "$(tr , '\n' <<<"$admins" | sort | paste -sd,)"
  done | sort >wanted.tsv
comm -3 live.tsv wanted.tsv

#!/bin/sh
# Print an episode and then each of its changes: events.sh EPISODE [URL]
set -eu
url=${2:-http://127.0.0.1:8080}
picture=$(curl -fsS "$url/episodes/$1")
printf '%s\n' "$picture"
mark=$(printf '%s' "$picture" | sed -n 's/.*"mark":"\([A-Za-z0-9_-]*\)".*/\1/p')
exec curl -fsSN "$url/events?episode=$1&since=$mark"

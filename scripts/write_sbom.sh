#!/usr/bin/env bash
# Lists what the image holds as a CycloneDX document, the way the Dockerfile does and without
# Docker: build/sbom.cdx.json. Needs Python with venv and pip, and a package index.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
tools=build/sbom-tools
export PIP_DISABLE_PIP_VERSION_CHECK=1 SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1767225600}"
if ! cmp -s requirements-sbom.lock "$tools/installed.lock"; then
  rm -rf "$tools"
  "$python" -m venv "$tools"
  "$tools/bin/pip" install --quiet --only-binary :all: --require-hashes -r requirements-sbom.lock
  cp requirements-sbom.lock "$tools/installed.lock"
fi

# An environment of the service alone, thrown away afterwards with the copy it is built from.
service=$(mktemp -d)
trap 'rm -rf "$service"' EXIT
"$python" -m venv "$service/env"
"$service/env/bin/pip" install --quiet --no-compile --only-binary :all: --require-hashes \
  -r requirements.lock
mkdir "$service/source"
cp -r app migrations pyproject.toml README.md "$service/source/"
"$service/env/bin/pip" install --quiet --no-compile --no-deps --no-build-isolation "$service/source"
"$service/env/bin/pip" uninstall --quiet --yes setuptools pip

"$tools/bin/cyclonedx-py" environment --output-reproducible --output-format JSON \
  --pyproject pyproject.toml --output-file build/sbom.cdx.json "$service/env/bin/python"
echo "build/sbom.cdx.json: $(grep -c '"purl"' build/sbom.cdx.json) packages"

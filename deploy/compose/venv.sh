#!/bin/sh
# Makes /opt/coinlake in a build stage: a virtual environment without pip.
#   venv LOCK               what LOCK names, from /wheels, hashes compared
#   venv --built LOCK       the same, where /wheels were built here: the downloads were compared
#   venv --add PACKAGE…     our packages beside it
set -eu
pip() { /build/bin/pip --python /opt/coinlake/bin/python "$@"; }

if [ "$1" = --add ]; then
  shift
  for package in "$@"; do
    # `./` and --no-index: a bare `shared` would be taken for somebody's package of that name.
    /build/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /ours "./$package"
  done
  pip install --quiet --no-index --no-deps /ours/*.whl
  rm -r /ours
  exit
fi

python -m venv --without-pip /opt/coinlake
if [ "$1" = --built ]; then
  # The hash is that of the source; a wheel made of it has another.
  sed -e 's/ *\\$//' -e '/^ *--hash/d' "$2" > /tmp/unhashed.txt
  pip install --quiet --no-index --find-links /wheels --no-deps -r /tmp/unhashed.txt
else
  pip install --quiet --no-index --find-links /wheels --no-deps --require-hashes -r "$1"
fi

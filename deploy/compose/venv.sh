#!/bin/sh
# Makes /opt/coinlake in a build stage: a virtual environment without pip.
#   venv LOCK PACKAGE…        what LOCK names (from /wheels, hashes compared), then our packages
#   venv --built LOCK         what LOCK names, some of it built here: the download was compared
#   venv --add PACKAGE…       our packages alone
set -eu
pip() { /build/bin/pip --python /opt/coinlake/bin/python "$@"; }

hashes=--require-hashes
case "$1" in
  --add)
    shift
    lock=
    ;;
  --built)
    # The hash is that of the source, which `pip wheel` compared; a wheel made of it has another.
    lock=$2
    shift 2
    sed -e 's/ *\\$//' -e '/^ *--hash/d' "$lock" > /tmp/unhashed.txt
    lock=/tmp/unhashed.txt hashes=
    ;;
  *)
    lock=$1
    shift
    ;;
esac

if [ -n "$lock" ]; then
  python -m venv --without-pip /opt/coinlake
  # shellcheck disable=SC2086
  pip install --quiet --no-index --find-links /wheels --no-deps $hashes -r "$lock"
fi
for package in "$@"; do
  # `./` and --no-index: a bare `shared` would be taken for somebody's package of that name.
  /build/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /ours "./$package"
done
if [ $# -gt 0 ]; then
  pip install --quiet --no-index --no-deps /ours/*.whl
  rm -r /ours
fi

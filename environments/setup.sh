#!/bin/sh
# Set up everything the kit needs on this machine; do nothing when nothing is missing.
#   environments/setup.sh        what a learner needs
#   environments/setup.sh dev    and what the tests need
# It makes .venv in the project, and asks before it uses sudo.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*" >&2; }
fail() { say "$1. Fix: $2"; exit 1; }

# Install Debian packages: as root at once, otherwise only after a yes on a terminal.
debian() {
    command -v apt-get >/dev/null 2>&1 || fail "this machine lacks: $*" "install these with your package manager"
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif [ -t 0 ] && command -v sudo >/dev/null 2>&1; then
        printf 'setup: %s is missing. Install with sudo apt-get? [y/N] ' "$*" >&2
        read -r answer
        case "$answer" in y|Y|yes) sudo=sudo ;; *) fail "not installed: $*" "sudo apt-get install $*" ;; esac
    else
        fail "this machine lacks: $*" "sudo apt-get install $*"
    fi
    say "installing $* from the system's packages"
    $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

python=
find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            return
        fi
    done
    return 1
}

find_python || { debian python3 python3-venv; find_python || fail "no Python 3.11 or newer with venv" "install one"; }
{ command -v unshare && command -v nsenter; } >/dev/null 2>&1 || [ -x /usr/bin/nsenter ] || debian util-linux

requirements=requirements.txt
[ "${1:-}" = dev ] && requirements=requirements-dev.txt
stamp=.venv/.installed-$requirements
wanted=$(cat requirements.txt "$requirements" pyproject.toml | cksum)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

if [ ! -x .venv/bin/python ]; then
    say "making .venv with $("$python" --version)"
    "$python" -m venv .venv
fi
say "installing the packages of $requirements (about a minute the first time)"
export PIP_DISABLE_PIP_VERSION_CHECK=1
# uv trusts the certificates it brings along; a network with an authority of its own is known to the system only.
export UV_NATIVE_TLS=1 UV_SYSTEM_CERTS=1
if .venv/bin/python -m pip install --quiet "$(grep '^uv==' requirements.txt)" &&
    .venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode -r "$requirements" --editable .; then
    :
else
    say "uv could not install them; trying pip"
    .venv/bin/python -m pip install --quiet -r "$requirements" --editable . ||
        fail "the packages could not be installed" "check the network or the package index, then run this again"
fi
# JupyterLab would ask every new user about news from the network.
settings=.venv/share/jupyter/lab/settings
mkdir -p "$settings"
printf '%s\n' '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
    > "$settings/overrides.json"
printf '%s' "$wanted" > "$stamp"
say "ready"

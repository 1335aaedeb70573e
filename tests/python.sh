# To be sourced: Python environments for the checks that real tools make.

# The command of a Python from 3.12 on.
modern_python() {
    local candidate
    for candidate in python3.14 python3.13 python3.12 python3 "$HOME"/.pyenv/versions/3.1[2-9].*/bin/python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# environment FOLDER REQUIREMENTS: a virtual environment with these packages; says on stdout why there is none.
environment() {
    local python
    python=$(modern_python) || {
        echo "there is no Python from 3.12 on"
        return 1
    }
    [[ -x $1/bin/python ]] || "$python" -m venv "$1" || return
    "$1/bin/pip" -q --disable-pip-version-check install -r "$2" >"$1/pip.log" 2>&1 || {
        echo "pip cannot install what it takes: $(tail -1 "$1/pip.log")"
        return 1
    }
}

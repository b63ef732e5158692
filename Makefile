# seacan: every task of the project. `make help` lists them.
VENV   ?= .venv
PY     := $(VENV)/bin/python
PYTHON ?= python3
PYTEST := $(PY) -m pytest
# Two at once; one that fails lets the other end, and fails all.
TOGETHER = $(MAKE) --no-print-directory --jobs=2 --output-sync=line
CODE   := src tests bench hatch_build.py
VM     := $(PY) -m tests.vm.machine --timeout 2400
# What fails beside everything else is tried once more, and shown at the end (tests/conftest.py): it is a bug, but maybe not the change's.
TWICE  := --reruns 1
# What the first machine runs, named: to read all others takes an emulated processor a minute.
IN_VM  := tests/vm tests/conformance/test_isolation.py $(shell grep -rlE --include='*.py' 'mark\.(vm|cgroups)\b' tests/root)

# Whatever the caller's environment says: many processes import the same modules here.
export PYTHONDONTWRITEBYTECODE :=

# What the tests call beside Python; packages of Debian.
NEEDED := apparmor bash-completion bind9-dnsutils busybox-static checkpolicy criu dbus docker-registry fish git iproute2 keyutils mmdebstrap nfs-kernel-server nftables openssh-client openssh-server openssl python3-seccomp qemu-user-static runc samba skopeo systemd uidmap umoci xfsprogs zsh
# Engines that seacan-runtime is tested under, and readers of our archives; without one, its tests are skipped.
PEERS := docker.io podman

.DEFAULT_GOAL := help
.PHONY: help setup demo fmt check compiled test test-unit test-root test-vm test-all conformance golden reference bench
.PHONY: descriptions clean packages peers

help:  ## list the tasks
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## make .venv with seacan and its tools in it

$(VENV)/.ready: pyproject.toml hatch_build.py src/seacan/runtime/second_stage.py $(wildcard src/seacan/elf/*.py)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "seacan needs Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@$(PY) -m compileall -q src tests bench
	@touch $@

demo: setup  ## install, then run the first container
	$(VENV)/bin/seacan run hello-world

fmt: setup  ## format the code
	$(PY) -m ruff format $(CODE)
	$(PY) -m ruff check --fix $(CODE)

check: setup  ## lint, types, import contracts
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m ruff check $(CODE)
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

# The machines, emulated, have something to do whenever the other tests wait. What a line prints is shown when it has ended.
test: setup  ## everything: as root with real containers, clients and the virtual machine
	@if [ "$$(id -u)" = 0 ]; then $(TOGETHER) check compiled && $(TOGETHER) test-vm test-all; \
	else echo "not root: the unit tests alone" >&2; $(MAKE) --no-print-directory check test-unit; fi

# The tests as pytest rewrites them: the machines and the workers below would each do that themselves. They tell what fails.
compiled: setup
	@$(PYTEST) --quiet --collect-only tests >/dev/null || true

test-unit: setup  ## tests without root, in seconds
	$(PYTEST)

test-root: setup packages  ## real namespaces, mounts, cgroups, and the API of a daemon
	$(PYTEST) -m 'root and not vm and not conformance' tests

test-vm: setup packages  ## cgroup v2, systemd and SELinux, in virtual machines
	$(VM) $(PYTEST) $(TWICE) -m 'vm or cgroups or conformance' $(IN_VM)
	$(VM) --systemd v2 $(PYTEST) $(TWICE) -m vm_systemd tests/root/test_cgroups_systemd.py tests/root/test_cgroup_driver.py tests/root/test_systemd_service.py
	$(VM) --systemd v1 $(PYTEST) $(TWICE) -m vm_systemd -k 'version_1 or update or devices or test_a_container' tests/root/test_cgroups_systemd.py
	$(VM) --kernel security=selinux $(PYTEST) $(TWICE) -m vm tests/vm/test_selinux.py

conformance: setup packages  ## others' clients against seacan
	$(PYTEST) -m conformance tests/conformance

# Two runs side by side do not meet, and most of a test is waiting: one for each processor, up to four.
test-all: setup packages
	$(PYTEST) $(TWICE) -n auto --maxprocesses 4 --dist loadfile -m 'not vm and not vm_systemd' tests

descriptions: setup  ## derive tests/descriptions anew: make descriptions FROM='v1.41.yaml …' of moby's docs/api
	$(PY) -m tests.descriptions.derive $(FROM)

golden: setup  ## rewrite the expected outputs; read the diff
	SEACAN_GOLDEN=1 $(PYTEST)

reference: setup  ## write docs/cli.md and docs/seacan.1 anew, from the tables of commands
	$(PY) -m seacan.cli.reference markdown >docs/cli.md
	$(PY) -m seacan.cli.reference man >docs/seacan.1

bench: setup packages  ## measure: make bench HOSTS='docker=unix:///run/docker.sock'
	$(PY) -m bench.run --own $(foreach host,$(HOSTS),--host $(host))

clean:  ## remove what make made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

peers:  ## install dockerd, podman, skopeo and umoci, to test with them
	@$(MAKE) --no-print-directory packages NEEDED="$(NEEDED) $(PEERS)"

# The services that some of them have are not started.
packages:
	@for package in $(NEEDED); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then echo "apt-get install$$missing" >&2; apt-get update -qq && \
	RUNLEVEL=1 SYSTEMD_OFFLINE=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

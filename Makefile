# SPDX-License-Identifier: GPL-3.0-or-later
# `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(MAKEFILE_LIST))
SHELL := /bin/bash
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Install what a fresh Debian machine lacks (once; later a moment)
	@tools/setup

lab: setup ## Start the lab (the first time it builds the machines' image: 2 to 3 minutes)
	@lab up

site: lab ## Build the whole site in the lab and look at it from outside
	@ansible-playbook -i inventories/lab playbooks/site.yml
	@echo 'Look at it:   .venv/bin/lab exec client curl https://www.hasite.test/'
	@echo '              .venv/bin/lab browse https://www.hasite.test/    (a picture: build/browse.png)'
	@echo '              .venv/bin/lab exec demo-web-a                    (a shell on a machine)'
	@echo '              .venv/bin/lab status'
	@echo 'Take it down: make teardown DATA=true, then make lab-down'

drill: ## Stop the site's machines, measure what visitors get, have them running again (STAGES=one_stopped,all_stopped,…)
	@tools/drill -i inventories/lab $(if $(STAGES),-e drill_stages=$(STAGES))

doctor: ## Say what is wrong with the site, and what to do about it
	@ANSIBLE_CALLBACK_RESULT_FORMAT=yaml ansible-playbook -i inventories/lab playbooks/doctor.yml

audit: ## Compare the site with what security catalogues ask for
	@ANSIBLE_CALLBACK_RESULT_FORMAT=yaml ansible-playbook -i inventories/lab playbooks/audit.yml

exams: setup ## Run prowler, Cloud Custodian and ScoutSuite against the site of the lab (ONLY=prowler chooses)
	@python -m exams --lab $(or $(LAB_NAME),default) $(if $(ONLY),--only $(ONLY))

teardown: ## Take the site down again (with its data: make teardown DATA=true)
	@ansible-playbook -i inventories/lab playbooks/teardown.yml $(if $(DATA),-e site_delete_data=$(DATA))

status: ## Show the lab's world as a table
	@lab status

lab-down: ## End the lab and remove everything that bears its name
	@lab down

lint: setup ## Check style and types
	@ruff check . && ruff format --check . && mypy && PYTHONPATH=. lint-imports --no-cache --no-logo && tools/role-tables --check && tools/control-table --check && tools/playbook-policies --check && tools/moto-table --check && tools/operations-table --check && antsibull-changelog lint && \
		ANSIBLE_HOME=build/ansible ansible-lint --offline -q

quick: setup ## Run the tests that need no lab, three at once (about 3 and a half minutes)
	@python -m pytest -q -m 'not lab and not slow and not acceptance' -n 3 --dist loadfile

sanity: setup ## Run Ansible's own checks of collections (ansible-test sanity; WORDS='--test pylint' chooses)
	@tools/sanity $(WORDS)

coverage: setup ## Run the tests that need no lab, and say how much of the code they execute, in percent
	@COVERAGE_CORE=sysmon python -m pytest -q -m 'not lab and not slow and not acceptance' -n 3 --dist loadfile \
		--cov=lab --cov=plugins --cov-report=term:skip-covered

molecule: setup ## Run the molecule scenarios over a lab of their own
	@molecule test --all

test: quick ## Run all tests but the rare ones
	@python -m pytest -m '(lab or slow) and not acceptance' -n 3 --dist loadfile --durations 15

acceptance: setup ## Run the rare tests: whole sites of strangers, every way to them
	@python -m pytest -m acceptance

bench: setup ## Measure speed against what it is compared with (up to 20 minutes; ROWS=ping,setup chooses)
	@python -m bench $(if $(ROWS),--rows $(ROWS)) $(if $(MINUTES),--minutes $(MINUTES))

lock: ## Write requirements.lock and exams/locks anew: what is installed, with hashes
	@tools/lock

sbom: setup ## Write build/sbom.json (CycloneDX): what the lab and the collection are made of, with licences
	@tools/sbom

clean: lab-down ## Remove the virtual environment and what was built
	@rm -rf .venv build

# ResNet Explorer. `make run` opens the program, `make test` checks and tests it; both install what they need first.

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
STAMP := $(VENV)/.installed

.PHONY: help run test check format screenshots clean
.DEFAULT_GOAL := help

help:  ## list what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(STAMP)  ## install what is needed and open the window
	@$(BIN)/python -m explorer.cli.libraries --screen
	$(BIN)/python main.py

test: $(STAMP) check  ## install what is needed, check the code and run all tests
	@$(BIN)/python -m explorer.cli.libraries
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 --dist loadfile

check: $(STAMP)  ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## lay the code out and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(STAMP)  ## make the README's pictures again
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py --theme light --size 1440x900 --delete layer2.1,layer3.2 --screenshot resources/screenshots/light.png
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py --theme dark --size 1440x900 --delete layer2.0 --screenshot resources/screenshots/dark.png
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py --network densenet40_12 --delete layer1.2,layer2.5 --theme dark --size 1440x900 --screenshot resources/screenshots/densenet.png
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py compare vgg19 plain34 resnet34 --no-latency -o resources/screenshots/compare.png
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py --theme light --size 1600x1000 --study fig3 --screenshot resources/screenshots/study.png
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py --network preresnet110 --theme light --size 1440x900 --view paths --screenshot resources/screenshots/paths.png
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py --theme dark --size 1280x720 --lesson 3-deleting:2 --screenshot resources/screenshots/lesson.png

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "python3-venv is missing; install it with: sudo apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

clean:  ## remove what was installed and cached
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

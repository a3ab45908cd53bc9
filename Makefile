# The two that matter are lab and test. ARGS go to the command: make lab ARGS=--no-browser
IN := .venv/bin/
.PHONY: help lab test check course bench links videos lock

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

lab:  ## set up .venv and open the course in JupyterLab
	@tools/setup lab && $(IN)ecrlab lab $(ARGS)

test:  ## set up what tests need, make check, then every test
	@tools/setup tests && $(IN)python tools/check.py && $(IN)python -m pytest -n 2 --dist loadfile $(ARGS)

check:  ## lint, types, architecture, authoring rules; under a minute
	@tools/setup tools && $(IN)python tools/check.py $(ARGS)

course:  ## run every notebook and lab, in all builds
	@tools/setup tools && $(IN)ecrlab run $(ARGS)

bench:  ## measure what the kit costs against named peers
	@tools/setup tools && $(IN)python tools/bench.py $(ARGS)

links:  ## check every address of the course: form and known moves, and online where there is a network
	@tools/setup tools && $(IN)python tools/links.py $(ARGS)

videos:  ## film every lab whose film is missing or old; needs chromium and ffmpeg
	@tools/setup tests && $(IN)python tools/videos.py $(ARGS)

lock:  ## write requirements.txt from pyproject.toml; ARGS=--upgrade for the newest
	@tools/setup tools && $(IN)python tools/lock.py $(ARGS)

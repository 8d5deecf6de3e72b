"""Benchmark of free text in MIDI-B's manner, on generated studies (`make bench-midib`).

Held out: the names come from the locale providers of Faker (a development extra that nobody used
while rules or vocabulary were written), the sentences under ``phrases`` were written by somebody
who had not read ``casepack/deidentify/descriptors``. A failure is told to the authors of the rules
by kind; the sentences are not to be copied into the rules' sources.

Actions, pass rules and categories follow the public description of the scorer of the NCI challenge
(CBIIT/MIDI_validation_script) as held in the notes on MIDI-B; no code of it is used.
"""

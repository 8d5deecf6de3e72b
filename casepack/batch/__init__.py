"""Many cases: a manifest in, a folder of results out, over any `concurrent.futures.Executor`.

A case is one picklable `Task`; `run_case` never raises and says what became of it in a
`CaseResult`. Workers build in a work folder; only the process that holds the lock of OUT, the
coordinator, lets a result appear under its name and notes it in the journal. So a worker may die,
or one that was believed dead may come back, and no case is lost, doubled or half there.
"""

"""Why shortcuts work, measured on the network at hand: what blocks add, gradients, paths, where the network looks.

Each view is one module whose `run(session, request)` is a job, and a module of records without torch beside it
(`blocks.py` and `blocks_records.py`), from which the window builds requests and shows results.
"""

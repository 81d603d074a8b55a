"""A simulation: from one seed a story of manifests, live groups, other people's hands, faults and kills; then
a judge who looks at the API's own record alone.

The real reading, planning, applying, messaging and state code runs in one process, on a virtual clock and the
API in memory, with a scheduler in place of threads: a seed always tells the same story.

    python -m tests.simulation --seeds 0:1000 --jobs 2    judge a range
    python -m tests.simulation 4711                        tell one story
    python -m tests.simulation --shrink 4711               leave out what the verdict does not need
    python -m tests.simulation --planted                   how soon faults are found that are planted

Its terms: lags stay below the windows for which effects and lists are waited for; where the state was lost or
set back, or a clock was put forward, while a create or a revoke was open, one repetition is allowed, and
counted by itself; what ends 0 is judged as of the last reading of each group; the state is kept in memory, by
a store that passes the tests of the real ones.
"""

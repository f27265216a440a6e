"""The numbers that the engine's limiter and timeouts are tuned with, and why each is what it is.

Rates are a second, times are seconds, shares are of 1.
"""

RAMP_START = 32
"""Requests at once at the very start: enough that the ramp costs less than 0.1 s, few enough not to shock a server."""

RAMP_STEP = 0.02
"""Seconds after which the ramp doubles. By time and not by answers: a big model answers after many seconds."""

CUT_SHARE = 0.10
"""Share of outcomes that must be 429s, or must be 5xx and timeouts, for a cut: a few percent fail on any server."""

CUT_LEAST = 20
"""Fewest 429s, or 5xx and timeouts, for a cut: `CUT_SHARE` of a window, which 5 % at random hardly ever reach."""

WINDOW = 3.0
"""Seconds after which a request fades from the window: soon enough to see in a second or two that a limit dropped."""

WINDOW_LEAST = 200
"""Requests that never fade, however old: at one a second the last three seconds would tell nothing."""

ANSWERS_UNDONE = 3
"""How many answers' growth since the last cut a failure undoes. Without, many would fail until the next cut; with more,
a server that fails at random would not be given its due.
"""

COOLDOWN = 1.0
"""Seconds in which there is no second cut: it takes so long to see what the first has done. After 429s nothing is sent
for as long, if the server does not ask for more: then one that counts by the second has forgotten the burst.
"""

LONGEST_PAUSE = 60.0
"""Seconds; no `Retry-After` and no header holds everything back for longer: limits are a minute's, and headers err."""

GOODPUT_WINDOW = 1.0
"""Seconds over which goodput is measured, and what it is divided by at the very start as well: what a server lets in at
once then is its allowance for a second.
"""

GOODPUT_SPAN = 0.05
"""Width in seconds of the spans that goodput is counted in: a twentieth of the window, so its edges err little."""

PACE_AFTER_CUT = 0.97
"""Part of the goodput that becomes the pace: just below, so that the server can work off its backlog."""

PACE_LEAST_PART = 0.25
"""Part of what was sent that a cut leaves at least: a server that refuses everything for a moment says no rate."""

PACE_LEAST = 0.5
"""Slowest learned pace, a second: slower ones need too long to grow again, and each 429 delays its request anyway."""

PACE_TICK = 0.1
"""Seconds between changes of the pace; more often would cost time and change nothing."""

PACE_FAST = 0.15
"""Growth a second of a pace away from where trouble was seen: doubles in 5 s."""

PACE_SLOW = 0.01
"""Growth a second near where trouble was last seen: half a request a second at 50, which the window sees in time."""

PACE_NEAR = 0.20
"""How near to the pace at which trouble was last seen is near, as a part of it. A server may have saved up a second's
allowance, which hides for some 15 s that a pace is too high.
"""

PACE_HOLD = 0.015
"""Share of 429s above which a pace does not grow: the limit is found, at the price of one 429 in 67."""

PACE_SHRINK = 0.03
"""Share of 429s above which a pace shrinks."""

PACE_SHRINKAGE = 0.25
"""How much a pace shrinks a second, as a part of the share of 429s: more where there are more. Much faster, and a pace
that is far too high would never come to a cut, which measures the right one.
"""

PACE_SHRINK_MOST = 0.13
"""Part of the pace at which trouble began that shrinks away at most: a pace is some 15 % too high when a saved-up
allowance has hidden it, and 429s that come at random must not drive a pace down without end.
"""

RATE_MARGIN = 0.025
"""How far the user's limits a minute are kept below: the clocks and the network of two machines never agree."""

LATENESS = 0.015
"""Seconds a timer may be late without loss: so much of the rate may be caught up at once. Less than `RATE_MARGIN` of a
second, so that a server that counts by the second never counts too many.
"""

TOKENS_AHEAD = 1.0
"""Seconds of the rate of tokens that may be taken at once; less than `RATE_MARGIN` of the minute they count by."""

TOKENS_LEARNED = 0.05
"""Weight of an answer in the learned ratio of tokens used to tokens reserved: an average over some 20 answers."""

HEADERS_LEAST_USED = 3
"""Requests (or tokens) that must be used up for a header's times to say a rate: two tell nothing, times are rounded."""

HEADERS_LONGEST_RESET = 86_400.0
"""Seconds; a header with a longer time until its limit is full is no duration but a date, or nonsense."""

HEADERS_EVIDENCE = 2.0
"""Seconds by which the time of a full bucket must have moved to tell a bucket from a fixed window: more than noise."""

FIRST_TIMEOUT = 600.0
"""Seconds a request may take before anything is known, and the most ever: long answers of big models take minutes."""

TIMEOUT_FLOOR = 5.0
"""Seconds no learned timeout is shorter than."""

TIMEOUT_OBSERVATIONS = 20
"""Answers needed before a timeout is learned: with fewer, their spread is not known."""

TIMEOUT_MEMORY = 500
"""Answers over which latency is averaged, so that it follows a server that becomes slower or faster."""

TIMEOUT_DEVIATIONS = 5.0
"""Standard deviations of the logarithm of latency above its mean: of lognormal latencies one in millions is longer."""

TIMEOUT_SLOWEST = 3.0
"""A timeout is at least so many times the slowest answer of late: short and long answers mixed are not lognormal."""

TRIES = 9
"""Most tries of one request that fail. With the waits below a server may be away for a minute, whatever the jitter."""

TRIES_UNSEEN = 3
"""Most tries while the server has never answered: a wrong address should be told at once."""

REFUSALS = 60
"""Most 429s for one request, half an hour of them: they say nothing against the request and cost nothing."""

REWORDINGS = 20
"""Most times one request is put in other words; more than there are parameters a server may not know."""

FIRST_WAIT = 0.5
"""Seconds before the second try; each later wait is twice as long."""

LONGEST_WAIT = 30.0
"""Seconds no wait exceeds, unless the server asks for more."""

-- The journal of one output folder. Text of models and prompts is stored as it was sent and received.

CREATE TABLE meta (          -- facts about the run: fingerprint, epoch, seeds, how it ended
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE scenarios (     -- which are asked for, in their order
    position INTEGER PRIMARY KEY,
    scenario TEXT NOT NULL   -- JSON: factor → value
);

CREATE TABLE totals (        -- one row: sums over all answers, and what was charged
    answers INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    unpriced INTEGER NOT NULL,  -- answers whose cost is unknown
    charged_requests INTEGER NOT NULL, -- these three with the worst case of what is in flight or was lost
    charged_tokens INTEGER NOT NULL,
    charged_usd REAL NOT NULL
);

-- Rows lie in the order in which they were written: their keys are hashes, and rows sorted by those would be written all
-- over the file.

CREATE TABLE requests (      -- what was asked, once for all slots and attempts that ask the same
    key TEXT NOT NULL UNIQUE,
    prompt TEXT NOT NULL,    -- without feedback
    json_schema TEXT,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    sampling TEXT NOT NULL   -- JSON: temperature, top_p, max_tokens
);

CREATE TABLE answers (       -- one row an attempt; the text sent is requests.prompt || feedback
    id INTEGER PRIMARY KEY,
    slot TEXT NOT NULL,
    purpose TEXT NOT NULL,   -- '' for generation, else the validator that asked
    request TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    seed INTEGER,
    feedback TEXT NOT NULL,
    text TEXT,               -- NULL where the provider refused; then error and message say why
    finish_reason TEXT,
    model TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cost_usd REAL,
    error TEXT,
    message TEXT,
    tries INTEGER NOT NULL,
    started REAL NOT NULL,   -- Unix time when the try that was answered was sent
    waited REAL NOT NULL,    -- seconds before that, since the attempt began: for a permit, and for earlier tries
    seconds REAL NOT NULL    -- until it was answered
);
CREATE INDEX answers_of_slot ON answers (slot);

CREATE TABLE faults (        -- tries that brought no answer and were tried again or given up
    slot TEXT NOT NULL,
    purpose TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    try INTEGER NOT NULL,
    error TEXT NOT NULL,
    message TEXT NOT NULL,
    started REAL NOT NULL,   -- Unix time
    seconds REAL NOT NULL
);

CREATE TABLE verdicts (
    answer INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    validator TEXT NOT NULL, -- 'answer' where the text held no conversation
    decision TEXT NOT NULL,  -- accept, reject, revise
    reason TEXT NOT NULL,
    feedback TEXT,
    scores TEXT,             -- JSON: name → number; NULL where there are none
    PRIMARY KEY (answer, epoch, position)
) WITHOUT ROWID;

CREATE TABLE slots (         -- how slots ended; those that have not ended have no row of the current epoch
    key TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    round INTEGER NOT NULL,
    place BLOB NOT NULL,     -- (round, place) sorts in plan order
    stage TEXT NOT NULL,
    type TEXT NOT NULL,
    direction TEXT NOT NULL,
    scenario TEXT NOT NULL,  -- JSON
    parent TEXT,
    seed TEXT NOT NULL,
    prefix_length INTEGER NOT NULL,
    inherited INTEGER NOT NULL, -- turns taken over from the parent
    replicate INTEGER NOT NULL,
    state TEXT NOT NULL,     -- accepted, rejected, failed
    judge TEXT,              -- which validator or error
    reason TEXT,
    attempts INTEGER NOT NULL,
    provider TEXT,
    model TEXT,
    attempt INTEGER,         -- the one that was accepted
    turns TEXT,              -- JSON of the accepted turns
    scores TEXT,             -- JSON: validator.name → number; NULL where there are none
    confirmed TEXT,          -- JSON: the factors whose value was found in the text; NULL where nobody looked
    children INTEGER NOT NULL -- slots that derive from it
);
CREATE INDEX slots_in_plan_order ON slots (epoch, round, place, state, children);

CREATE TABLE exclusions (    -- accepted records that a dataset validator keeps out of the dataset
    slot TEXT PRIMARY KEY,
    validator TEXT NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;

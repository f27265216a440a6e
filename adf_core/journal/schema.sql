-- The journal of one output folder. Text of models and prompts is stored as it was sent and received.

CREATE TABLE meta (          -- facts about the run: fingerprint, epoch, seeds, how it ended
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE scenarios (     -- which are asked for, in their order
    position INTEGER PRIMARY KEY,
    scenario TEXT NOT NULL   -- JSON: factor → value
);

CREATE TABLE requests (      -- what was asked, once for all slots and attempts that ask the same
    key TEXT PRIMARY KEY,
    prompt TEXT NOT NULL,    -- without feedback
    json_schema TEXT,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    sampling TEXT NOT NULL   -- JSON: temperature, top_p, max_tokens
) WITHOUT ROWID;

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
    started REAL NOT NULL,   -- Unix time
    seconds REAL NOT NULL    -- of the try that was answered
);
CREATE INDEX answers_of_slot ON answers (slot, purpose, request, attempt);

CREATE TABLE faults (        -- tries that brought no answer and were tried again or given up
    slot TEXT NOT NULL,
    purpose TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    try INTEGER NOT NULL,
    error TEXT NOT NULL,
    message TEXT NOT NULL,
    at REAL NOT NULL
);

CREATE TABLE charges (       -- what was spent, or may have been: worst case until the outcome is known
    id INTEGER PRIMARY KEY,
    requests INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    usd REAL NOT NULL
);

CREATE TABLE verdicts (
    answer INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    validator TEXT NOT NULL, -- 'answer' where the text held no conversation
    decision TEXT NOT NULL,  -- accept, reject, revise
    reason TEXT NOT NULL,
    feedback TEXT,
    PRIMARY KEY (answer, epoch, position)
) WITHOUT ROWID;

CREATE TABLE slots (         -- how slots ended; those that have not ended have no row of the current epoch
    key TEXT PRIMARY KEY,
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
    children INTEGER NOT NULL -- slots that derive from it
) WITHOUT ROWID;
CREATE INDEX slots_in_plan_order ON slots (epoch, round, place);

CREATE TABLE exclusions (    -- accepted records that a dataset validator keeps out of the dataset
    slot TEXT PRIMARY KEY,
    validator TEXT NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;

-- The append-only log can be read by everybody: what is chained is a hash that nobody can guess the contents of.

-- None of both where an earlier release received the submission.
alter table submission_log
    add column nonce bytea, -- random; for the submission's team alone
    add column leaf bytea, -- SHA-256 of nonce, file hash, time and team; the entry's hash is that of the previous one and this
    add constraint submission_log_leaf check (length(nonce) = 32 and length(leaf) = 32) not valid,
    add constraint submission_log_leaf_has_nonce check ((nonce is null) = (leaf is null)) not valid;

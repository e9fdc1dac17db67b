-- The launch audit: what its host wants to be predicted, and why a launch goes on over a FAIL.

alter table scoring_versions
    -- holdout_contract::audit::Declared; null: not said
    add column declared text constraint scoring_versions_declared check (
        declared in ('mean', 'median', 'probabilities', 'order', 'labels')
        or declared ~ '^quantile 0\.[0-9]{1,20}$'
    ),
    -- Everybody who takes part reads it beside the rules.
    add column audit_reason text constraint scoring_versions_audit_reason check (
        length(audit_reason) between 1 and 1000 and audit_reason = btrim(audit_reason)
    ),
    add column audit_overall text generated always as (report #>> '{audit,overall}') stored
        constraint scoring_versions_audit_overall check (
            audit_overall in ('PASS', 'WARN', 'FAIL', 'REFUSED', 'NOT_JUDGED')
        ),
    add constraint scoring_versions_fail_has_reason check (
        activated_at is null or audit_overall is distinct from 'FAIL' or audit_reason is not null
    ),
    add constraint scoring_versions_refused_never_counts check (
        activated_at is null or audit_overall is distinct from 'REFUSED'
    );
